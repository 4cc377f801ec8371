// Drives an MCP server over stdio with the official TypeScript SDK, second series.
//
// usage: typescript_sdk2.mjs [--auto] STEPS COMMAND        (steps and transcript: transcript.py)
//
// With --auto it negotiates the newest revision, for which it starts the server twice; without,
// it does the older handshake.

import { FORM, ROOT, SAMPLE, Steps, Transcript, load } from "./transcript.mjs";

const sdk = (name) => load("node", `@modelcontextprotocol/client${name}`);
const { Client, ProtocolError, SdkError } = await sdk("");
const { StdioClientTransport } = await sdk("/stdio");

// The SDK writes what it has to say by this, which goes to standard output.
console.debug = console.error;

const args = process.argv.slice(2);
const mode = args[0] === "--auto" ? "auto" : "legacy";
const [steps, command] = args.slice(-2);
const transcript = new Transcript();
const client = new Client(
  { name: "typescript_sdk2.mjs", version: "1" },
  {
    capabilities: { roots: {}, sampling: {}, elicitation: { form: {}, url: {} } },
    versionNegotiation: { mode },
  },
);

client.setRequestHandler("roots/list", () => {
  transcript.asked.push({ roots: true });
  return { roots: [ROOT] };
});
client.setRequestHandler("sampling/createMessage", ({ params }) => {
  transcript.asked.push({ sampling: params });
  return SAMPLE;
});
client.setRequestHandler("elicitation/create", ({ params }) => {
  transcript.asked.push({ elicitation: params });
  return params.mode === "url" ? { action: "accept" } : FORM;
});
client.setNotificationHandler("notifications/message", ({ params }) => {
  transcript.heard.push(params);
});

await client.connect(new StdioClientTransport({ command, env: process.env }));
transcript.opened = {
  capabilities: client.getServerCapabilities(),
  serverInfo: client.getServerVersion(),
  instructions: client.getInstructions(),
};
const call = (params, options) => client.callTool(params, options);
const session = new Steps(client, call);
session.changed = (heard) =>
  client.setNotificationHandler("notifications/tools/list_changed", () => heard());
await transcript.run(JSON.parse(steps), session, (error) =>
  error instanceof ProtocolError || error instanceof SdkError
    ? { code: error.code, message: error.message, data: error.data }
    : undefined,
);
await client.close();
transcript.show();
