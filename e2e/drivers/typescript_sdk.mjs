// Drives an MCP server over stdio with the official TypeScript SDK, first series.
//
// usage: typescript_sdk.mjs [--revision REVISION] STEPS COMMAND
//                                                 (steps and transcript: transcript.py)
//
// It always asks for the newest revision it knows; with --revision it asks for that one.

import { FORM, ROOT, SAMPLE, Steps, Transcript, load } from "./transcript.mjs";

const sdk = (name) => load("node", `@modelcontextprotocol/sdk/${name}`);
const { Client } = await sdk("client/index.js");
const { StdioClientTransport } = await sdk("client/stdio.js");
const types = await sdk("types.js");

const args = process.argv.slice(2);
const [steps, command] = args.slice(-2);
const transcript = new Transcript();
const capabilities = { roots: {}, sampling: {}, elicitation: { form: {}, url: {} } };
const client = new Client({ name: "typescript_sdk.mjs", version: "1" }, { capabilities });

client.setRequestHandler(types.ListRootsRequestSchema, () => {
  transcript.asked.push({ roots: true });
  return { roots: [ROOT] };
});
client.setRequestHandler(types.CreateMessageRequestSchema, ({ params }) => {
  transcript.asked.push({ sampling: params });
  return SAMPLE;
});
client.setRequestHandler(types.ElicitRequestSchema, ({ params }) => {
  transcript.asked.push({ elicitation: params });
  return params.mode === "url" ? { action: "accept" } : FORM;
});
client.setNotificationHandler(types.LoggingMessageNotificationSchema, ({ params }) => {
  transcript.heard.push(params);
});

const transport = new StdioClientTransport({ command, env: process.env });
if (args[0] === "--revision") {
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    if (message.method === "initialize") message.params.protocolVersion = args[1];
    return send(message, options);
  };
}
await client.connect(transport);
transcript.opened = {
  capabilities: client.getServerCapabilities(),
  serverInfo: client.getServerVersion(),
  instructions: client.getInstructions(),
};
const call = (params, options) => client.callTool(params, undefined, options);
await transcript.run(JSON.parse(steps), new Steps(client, call), (error) =>
  error instanceof types.McpError
    ? { code: error.code, message: error.message, data: error.data }
    : undefined,
);
await client.close();
transcript.show();
