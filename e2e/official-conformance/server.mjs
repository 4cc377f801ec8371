// A stdio server with what the MCP conformance suite asks of one, on the official TypeScript SDK.

import { load } from "../drivers/transcript.mjs";
import { PROMPTS } from "./prompts.mjs";
import { RESOURCES, TEMPLATES, read } from "./resources.mjs";
import { TOOLS } from "./tools.mjs";

const sdk = (name) => load("conformance", `@modelcontextprotocol/sdk/${name}`);
const { Server } = await sdk("server/index.js");
const { StdioServerTransport } = await sdk("server/stdio.js");
const types = await sdk("types.js");

const server = new Server(
  { name: "aip-official-conformance", version: "1" },
  {
    capabilities: {
      completions: {},
      logging: {},
      prompts: {},
      resources: { subscribe: true },
      tools: {},
    },
  },
);

const on = (request, answer) => server.setRequestHandler(types[`${request}RequestSchema`], answer);
const unknown = (what, name) =>
  new types.McpError(types.ErrorCode.InvalidParams, `unknown ${what}: ${name}`);

const tools = Object.entries(TOOLS);
on("ListTools", () => ({
  tools: tools.map(([name, { description, inputSchema = { type: "object" } }]) => {
    return { name, description, inputSchema };
  }),
}));
on("CallTool", async ({ params: { name, arguments: args = {}, _meta } }, extra) => {
  if (!Object.hasOwn(TOOLS, name)) throw unknown("tool", name);
  try {
    return { content: await TOOLS[name].run(args, { server, extra, token: _meta?.progressToken }) };
  } catch (error) {
    return { isError: true, content: [{ type: "text", text: error.message }] };
  }
});

const prompts = Object.entries(PROMPTS);
on("ListPrompts", () => ({
  prompts: prompts.map(([name, prompt]) => ({
    name,
    description: prompt.description,
    arguments: prompt.arguments,
  })),
}));
on("GetPrompt", ({ params: { name, arguments: args = {} } }) => {
  if (!Object.hasOwn(PROMPTS, name)) throw unknown("prompt", name);
  const missing = (PROMPTS[name].arguments ?? []).find((it) => !(it.name in args));
  if (missing) throw unknown("value of argument", missing.name);
  return { messages: PROMPTS[name].contents(args).map((content) => ({ role: "user", content })) };
});
on("Complete", ({ params: { ref, argument } }) => {
  const values = PROMPTS[ref.name]?.completions?.[argument.name] ?? [];
  return { completion: { values: values.filter((it) => it.startsWith(argument.value)) } };
});

on("ListResources", () => ({ resources: RESOURCES }));
on("ListResourceTemplates", () => ({ resourceTemplates: TEMPLATES }));
on("ReadResource", ({ params: { uri } }) => {
  const content = read(uri);
  if (content === undefined) throw unknown("resource", uri);
  return { contents: [{ uri, ...content }] };
});

const watched = new Set();
on("Subscribe", ({ params: { uri } }) => {
  if (read(uri) === undefined) throw unknown("resource", uri);
  watched.add(uri);
  return {};
});
on("Unsubscribe", ({ params: { uri } }) => {
  if (!watched.delete(uri)) throw unknown("subscription", uri);
  return {};
});

await server.connect(new StdioServerTransport());
