// Drives an MCP server with the command line of the MCP Inspector, which starts the server anew
// for every step.
//
// usage: inspector.mjs SERIES STEPS COMMAND        (steps: transcript.py)
//
// SERIES is `inspector` or `inspector2`, as installed. The transcript is a JSON object whose
// `steps` tell of each what the Inspector printed and how it exited.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [series, steps, command] = process.argv.slice(2);
const installed = join(dirname(fileURLToPath(import.meta.url)), "../.deps", series);
const modules = join(installed, "node_modules");
const program = {
  inspector: "@modelcontextprotocol/inspector-cli/build/index.js",
  inspector2: "@modelcontextprotocol/inspector/clients/launcher/build/index.js",
}[series];
// The second series brings the Node it needs.
const brought = join(modules, `node-linux-${process.arch}/bin/node`);
const node = existsSync(brought) ? brought : process.execPath;

const pairs = (flag, args = {}) =>
  Object.entries(args).flatMap(([name, value]) => [
    flag,
    `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  ]);

function flags(step) {
  if (step.tools) return ["tools/list"];
  if (step.resources) return ["resources/list"];
  if (step.templates) return ["resources/templates/list"];
  if (step.prompts) return ["prompts/list"];
  if (step.read) return ["resources/read", "--uri", step.read];
  if (step.prompt)
    return ["prompts/get", "--prompt-name", step.prompt, ...pairs("--prompt-args", step.args)];
  if (step.call)
    return ["tools/call", "--tool-name", step.call, ...pairs("--tool-arg", step.args)];
  throw new Error(`the Inspector can't take ${JSON.stringify(step)}`);
}

const cli = series === "inspector" ? [] : ["--cli"];
const outcomes = JSON.parse(steps).map((step) => {
  const args = [join(modules, program), ...cli, command, "--method", ...flags(step)];
  const { status, signal, stdout, stderr } = spawnSync(node, args, { encoding: "utf8" });
  return { step, status, signal, stdout, stderr: stderr.split("\n").sort() };
});
console.log(JSON.stringify({ steps: outcomes }));
