// Drives an MCP server over stdio with the official TypeScript SDK, first series.
//
// usage: typescript_sdk.mjs STEPS COMMAND        (steps and transcript: transcript.py)

import { FORM, ROOT, SAMPLE, Steps, Transcript, load } from "./transcript.mjs";

const sdk = (name) => load("node", `@modelcontextprotocol/sdk/${name}`);
const { Client } = await sdk("client/index.js");
const { StdioClientTransport } = await sdk("client/stdio.js");
const types = await sdk("types.js");

const [steps, command] = process.argv.slice(2);
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

await client.connect(new StdioClientTransport({ command, env: process.env }));
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
