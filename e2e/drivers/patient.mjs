// A client on the TypeScript SDK that waits for one call as long as it hears of progress.
//
// usage: patient.mjs TOOL TIMEOUT_MS COMMAND ARGS...
//
// Prints a JSON object: what the call came to, and what was heard of its progress.

import { load } from "./transcript.mjs";

const [tool, timeout, command, ...args] = process.argv.slice(2);
const sdk = "@modelcontextprotocol/sdk";
const { Client } = await load("node", `${sdk}/client/index.js`);
const { StdioClientTransport } = await load("node", `${sdk}/client/stdio.js`);

const client = new Client({ name: "patient", version: "1" });
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
const heard = [];
const outcome = await client
  .callTool({ name: tool, arguments: { n: 1 } }, undefined, {
    timeout: Number(timeout),
    resetTimeoutOnProgress: true,
    onprogress: (progress) => heard.push(progress),
  })
  .then((result) => ({ result }), (error) => ({ error: { code: error.code, message: error.message } }));
console.log(JSON.stringify({ ...outcome, heard }));
await client.close();
