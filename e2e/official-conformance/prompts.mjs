// The prompts the conformance suite gets.

import { DOT } from "./media.mjs";

const text = (it) => ({ type: "text", text: it });
const needed = (name, description) => ({ name, description, required: true });

export const PROMPTS = {
  test_simple_prompt: {
    description: "One message.",
    contents: () => [text("This is a simple prompt for testing.")],
  },
  test_prompt_with_arguments: {
    description: "One message with two arguments in it.",
    arguments: [needed("arg1", "First test argument"), needed("arg2", "Second test argument")],
    completions: { arg1: ["test one", "test two", "toast"] },
    contents: ({ arg1, arg2 }) => [
      text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
    ],
  },
  test_prompt_with_embedded_resource: {
    description: "A resource, and what to do with it.",
    arguments: [needed("resourceUri", "URI of the resource to embed")],
    contents: ({ resourceUri }) => [
      {
        type: "resource",
        resource: {
          uri: resourceUri,
          mimeType: "text/plain",
          text: "Embedded resource content for testing.",
        },
      },
      text("Please process the embedded resource above."),
    ],
  },
  test_prompt_with_image: {
    description: "A picture, and what to do with it.",
    contents: () => [
      { type: "image", data: DOT, mimeType: "image/png" },
      text("Please analyze the image above."),
    ],
  },
};
