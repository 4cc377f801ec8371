// The tools the conformance suite calls: what each is listed with, and the content it answers with.

import { setTimeout as wait } from "node:timers/promises";

import { DOT, SILENCE } from "./media.mjs";

const PAUSE_MS = 50;

const text = (it) => ({ type: "text", text: it });
const embedded = (uri, mimeType, it) => ({ type: "resource", resource: { uri, mimeType, text: it } });
const picture = { type: "image", data: DOT, mimeType: "image/png" };

const taking = (name, description) => ({
  type: "object",
  properties: { [name]: { type: "string", description } },
  required: [name],
});

/** Asks the client's user, and tells what came of it. */
async function elicit(server, message, properties, required = []) {
  const requestedSchema = { type: "object", properties, required };
  const { action, content } = await server.elicitInput({ message, requestedSchema });
  return `action=${action}, content=${JSON.stringify(content ?? {})}`;
}

const titled = (...titles) =>
  titles.map((title, nth) => ({ const: `value${nth + 1}`, title }));

const DEFAULTS = {
  name: { type: "string", default: "John Doe" },
  age: { type: "integer", default: 30 },
  score: { type: "number", default: 95.5 },
  status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
  verified: { type: "boolean", default: true },
};

const OPTIONS = ["option1", "option2", "option3"];
const ENUMS = {
  untitledSingle: { type: "string", enum: OPTIONS },
  titledSingle: { type: "string", oneOf: titled("First Option", "Second Option", "Third Option") },
  legacyEnum: {
    type: "string",
    enum: ["opt1", "opt2", "opt3"],
    enumNames: ["Option One", "Option Two", "Option Three"],
  },
  untitledMulti: { type: "array", items: { type: "string", enum: OPTIONS } },
  titledMulti: {
    type: "array",
    items: { anyOf: titled("First Choice", "Second Choice", "Third Choice") },
  },
};

const string = { type: "string" };

export const TOOLS = {
  test_simple_text: {
    description: "Answers with text.",
    run: () => [text("This is a simple text response for testing.")],
  },
  test_image_content: {
    description: "Answers with a picture.",
    run: () => [picture],
  },
  test_audio_content: {
    description: "Answers with a sound.",
    run: () => [{ type: "audio", data: SILENCE, mimeType: "audio/wav" }],
  },
  test_embedded_resource: {
    description: "Answers with a resource.",
    run: () => [
      embedded("test://embedded-resource", "text/plain", "This is an embedded resource content."),
    ],
  },
  test_multiple_content_types: {
    description: "Answers with text, a picture and a resource.",
    run: () => [
      text("Multiple content types test:"),
      picture,
      embedded(
        "test://mixed-content-resource",
        "application/json",
        JSON.stringify({ test: "data", value: 123 }),
      ),
    ],
  },
  test_tool_with_logging: {
    description: "Logs three times while it works.",
    async run(_, { server }) {
      const log = (data) => server.sendLoggingMessage({ level: "info", data });
      await log("Tool execution started");
      await wait(PAUSE_MS);
      await log("Tool processing data");
      await wait(PAUSE_MS);
      await log("Tool execution completed");
      return [text("Logged three times.")];
    },
  },
  test_error_handling: {
    description: "Always fails.",
    run() {
      throw new Error("This tool intentionally returns an error for testing");
    },
  },
  test_tool_with_progress: {
    description: "Tells how far it is, where asked to.",
    async run(_, { extra, token }) {
      for (const progress of [0, 50, 100]) {
        if (progress > 0) await wait(PAUSE_MS);
        if (token === undefined) continue;
        await extra.sendNotification({
          method: "notifications/progress",
          params: { progressToken: token, progress, total: 100 },
        });
      }
      return [text("Progress is complete.")];
    },
  },
  test_sampling: {
    description: "Asks the client's model.",
    inputSchema: taking("prompt", "what the model is asked"),
    async run({ prompt }, { server }) {
      const messages = [{ role: "user", content: text(prompt) }];
      const { content } = await server.createMessage({ messages, maxTokens: 100 });
      return [text(`LLM response: ${content.text}`)];
    },
  },
  test_elicitation: {
    description: "Asks the client's user.",
    inputSchema: taking("message", "what the user is shown"),
    async run({ message }, { server }) {
      const fields = {
        username: { ...string, description: "User's response" },
        email: { ...string, description: "User's email address" },
      };
      const outcome = await elicit(server, message, fields, Object.keys(fields));
      return [text(`User response: ${outcome}`)];
    },
  },
  test_elicitation_sep1034_defaults: {
    description: "Asks the client's user, with a default for every kind of field.",
    async run(_, { server }) {
      const outcome = await elicit(server, "Are the defaults right?", DEFAULTS);
      return [text(`Elicitation completed: ${outcome}`)];
    },
  },
  test_elicitation_sep1330_enums: {
    description: "Asks the client's user, with every kind of choice.",
    async run(_, { server }) {
      const outcome = await elicit(server, "Which of these?", ENUMS);
      return [text(`Elicitation completed: ${outcome}`)];
    },
  },
  json_schema_2020_12_tool: {
    description: "Is listed with what JSON Schema 2020-12 brought.",
    inputSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      $defs: { address: { type: "object", properties: { street: string, city: string } } },
      properties: { name: string, address: { $ref: "#/$defs/address" } },
      additionalProperties: false,
    },
    run: (args) => [text(JSON.stringify(args))],
  },
};
