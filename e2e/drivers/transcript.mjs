// What the Node drivers share: the steps, and the transcript they make. Both are described in
// transcript.py.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const ROOT = { uri: "file:///srv/project", name: "project" };
export const SAMPLE = {
  role: "assistant",
  content: { type: "text", text: "a sampled answer" },
  model: "fixed",
};
export const FORM = { action: "accept", content: { name: "Ada", check: true } };

const deps = join(dirname(fileURLToPath(import.meta.url)), "../.deps");

// Loads a module of the packages installed as NAME, as an importer.
export async function load(name, module) {
  const installed = createRequire(join(deps, name, "package.json"));
  return import(pathToFileURL(installed.resolve(module)));
}

export class Transcript {
  opened = {};
  steps = [];
  asked = [];
  heard = [];

  // Takes every step; `told` turns an error a server may answer into what is kept of it, and
  // gives nothing for any other.
  async run(steps, session, told) {
    for (const step of steps) {
      const kind = Object.keys(step).find((key) => session[key] instanceof Function);
      let outcome;
      try {
        outcome = { result: await session[kind](step) };
      } catch (error) {
        outcome = { error: told(error) };
        if (outcome.error === undefined) throw error;
      }
      this.steps.push({ [kind]: step[kind], ...outcome });
    }
  }

  show() {
    const sorted = (list) =>
      list.map((item) => JSON.stringify(item)).sort().map((text) => JSON.parse(text));
    const { opened, steps } = this;
    const whole = { opened, steps, asked: sorted(this.asked), heard: sorted(this.heard) };
    process.stdout.write(JSON.stringify(whole));
  }
}

// The steps as the clients of both TypeScript SDKs take them.
export class Steps {
  constructor(client, call) {
    this.client = client;
    this.callTool = call;
  }

  tools = () => this.client.listTools();
  resources = () => this.client.listResources();
  templates = () => this.client.listResourceTemplates();
  prompts = () => this.client.listPrompts();
  read = (step) => this.client.readResource({ uri: step.read });
  prompt = (step) => this.client.getPrompt({ name: step.prompt, arguments: step.args });
  ping = () => this.client.ping();
  level = (step) => this.client.setLoggingLevel(step.level);
  subscribe = (step) => this.client.subscribeResource({ uri: step.subscribe });

  async call(step) {
    const progress = [];
    // The SDKs drop the last one when the result comes in the same read.
    const keep = (it) => it.progress < it.total && progress.push(it);
    const options = step.progress ? { onprogress: keep } : {};
    const result = await this.callTool({ name: step.call, arguments: step.args ?? {} }, options);
    return [result, progress];
  }

  rootsChanged = () => this.client.sendRootsListChanged();

  // Cancels a call once it is under way.
  async cancel(step) {
    const controller = new AbortController();
    const options = { signal: controller.signal, onprogress: () => controller.abort("enough") };
    try {
      return await this.callTool({ name: step.cancel, arguments: {} }, options);
    } catch (error) {
      if (!controller.signal.aborted) throw error;
      return "cancelled";
    }
  }

  async listen(step) {
    const stream = await this.client.listen({ toolsListChanged: true });
    const changed = new Promise((resolve) => this.changed(resolve));
    await this.callTool({ name: step.listen, arguments: {} }, {});
    await changed;
    await stream.close();
    return [stream.honoredFilter, await stream.closed];
  }

  complete(step) {
    const ref = { type: "ref/prompt", name: step.complete };
    return this.client.complete({ ref, argument: { name: step.argument, value: step.value } });
  }
}
