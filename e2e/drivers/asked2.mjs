// A client on the TypeScript SDK, second series, in revision 2026-07-28, that makes one call. Its person
// answers aip's questions the same way, and fills in a form of the server's.
//
// usage: asked2.mjs ANSWER FILE TOOL ARGUMENTS COMMAND ARGS...
//
// ANSWER: `decline`, `cancel`, or what is chosen, once there is a file FILE (`-`: at once). Prints a JSON
// object: what the call came to, and what the person was asked.

import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

import { FORM, load } from "./transcript.mjs";

const [answer, file, name, given, command, ...args] = process.argv.slice(2);
const sdk = (part) => load("node", `@modelcontextprotocol/client${part}`);
const { Client } = await sdk("");
const { StdioClientTransport } = await sdk("/stdio");

// The SDK writes what it has to say by this, which goes to standard output.
console.debug = console.error;

const client = new Client(
  { name: "asked2", version: "1" },
  { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: "auto" } },
);
const asked = [];
client.setRequestHandler("elicitation/create", async ({ params }) => {
  asked.push(params);
  if (!params.requestedSchema.properties.answer) return FORM;
  while (file !== "-" && !existsSync(file)) await setTimeout(20);
  if (answer === "decline" || answer === "cancel") return { action: answer };
  return { action: "accept", content: { answer } };
});
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
const outcome = await client
  .callTool({ name, arguments: JSON.parse(given) })
  .then((result) => ({ result }), (error) => ({ error: { code: error.code, message: error.message } }));
console.log(JSON.stringify({ ...outcome, asked }));
await client.close();
