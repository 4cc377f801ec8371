// A client on the TypeScript SDK whose person answers forms the same way, and that makes one call.
//
// usage: asked.mjs ANSWER TOOL COMMAND ARGS...      (ANSWER: `decline`, or what is chosen)
//
// Prints a JSON object: what the call came to, and what the person was asked.

import { load } from "./transcript.mjs";

const [answer, tool, command, ...args] = process.argv.slice(2);
const sdk = "@modelcontextprotocol/sdk";
const { Client } = await load("node", `${sdk}/client/index.js`);
const { StdioClientTransport } = await load("node", `${sdk}/client/stdio.js`);
const { ElicitRequestSchema } = await load("node", `${sdk}/types.js`);

const capabilities = { elicitation: { form: {} } };
const client = new Client({ name: "asked", version: "1" }, { capabilities });
const asked = [];
client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
  asked.push(params);
  return answer === "decline" ? { action: "decline" } : { action: "accept", content: { answer } };
});
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
const outcome = await client
  .callTool({ name: tool, arguments: { n: 1 } })
  .then((result) => ({ result }), (error) => ({ error: { code: error.code, message: error.message } }));
console.log(JSON.stringify({ ...outcome, asked }));
await client.close();
