// Drives an MCP server over stdio with the official TypeScript SDK and prints a transcript.
//
// usage: call.mjs STEPS COMMAND [ARGS...]
//
// Steps and transcript are as in call.py.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const installed = createRequire(join(here, "../.deps/node/package.json"));
const load = (name) => import(pathToFileURL(installed.resolve(`@modelcontextprotocol/sdk/${name}`)));
const { Client } = await load("client/index.js");
const { StdioClientTransport } = await load("client/stdio.js");
const { McpError } = await load("types.js");

const [steps, command, ...args] = process.argv.slice(2);

async function step(client, wanted) {
  try {
    const result = wanted.list
      ? await client.listTools()
      : await client.callTool({ name: wanted.call, arguments: wanted.args ?? {} });
    return { result };
  } catch (error) {
    if (!(error instanceof McpError)) throw error;
    const message = error.message.replace(/^MCP error -?\d+: /, "");
    return { error: { code: error.code, message, data: error.data ?? null } };
  }
}

const client = new Client({ name: "call.mjs", version: "1" });
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
const transcript = [{ opened: { serverInfo: client.getServerVersion() } }];
for (const wanted of JSON.parse(steps)) transcript.push(await step(client, wanted));
await client.close();
console.log(JSON.stringify(transcript));
