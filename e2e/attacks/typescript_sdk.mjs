// A recording server on the official TypeScript SDK.
//
// AIP_ATTACK_RECORD names a file that gets a JSON line for everything read, and for every tool
// that ran. The argument is the SDK's folder. The tools are those of lenient.py.

import { appendFileSync } from "node:fs";

const sdk = process.argv[2];
const { Server } = await import(`${sdk}/dist/esm/server/index.js`);
const { StdioServerTransport } = await import(`${sdk}/dist/esm/server/stdio.js`);
const { CallToolRequestSchema, ListToolsRequestSchema } = await import(`${sdk}/dist/esm/types.js`);

let pages = [];
const held = new Map();

function note(fact) {
  appendFileSync(process.env.AIP_ATTACK_RECORD, JSON.stringify(fact) + "\n");
}

function hold(key) {
  if (!held.has(key)) {
    let open;
    const done = new Promise((resolve) => (open = resolve));
    held.set(key, { open, done });
  }
  return held.get(key);
}

async function run(name, args) {
  if (name === "hold") await hold(args.key).done;
  else if (name === "release") hold(args.key).open();
  else if (name === "emit") {
    for (const line of args.lines ?? []) process.stdout.write(Buffer.from(line, "base64"));
    if (args.garbage) process.stdout.write("g".repeat(args.garbage) + "\n");
    return "said";
  } else if (name === "define") {
    pages = args.pages;
    await server.sendToolListChanged();
  } else if (name === "roots") {
    const listed = await server.listRoots();
    return JSON.stringify(listed.roots.map((root) => root.uri));
  }
  return JSON.stringify(args);
}

const server = new Server(
  { name: "attacked", version: "1" },
  {
    capabilities: { tools: { listChanged: true } },
    instructions: process.env.AIP_ATTACK_INSTRUCTIONS,
  },
);
server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
  const args = params.arguments ?? {};
  note({ ran: params.name, arguments: args });
  return { content: [{ type: "text", text: await run(params.name, args) }] };
});
server.setRequestHandler(ListToolsRequestSchema, async ({ params }) => {
  const at = Number(params?.cursor ?? 0);
  const more = at + 1 < pages.length ? { nextCursor: String(at + 1) } : {};
  return { tools: pages[at] ?? [], ...more };
});
process.stdin.on("data", (piece) => note({ read: piece.toString("base64") }));
await server.connect(new StdioServerTransport());
