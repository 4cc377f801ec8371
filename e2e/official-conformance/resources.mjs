// The resources the conformance suite reads.

import { DOT } from "./media.mjs";

const CONTENTS = {
  "test://static-text": {
    mimeType: "text/plain",
    text: "This is the content of the static text resource.",
  },
  "test://static-binary": { mimeType: "image/png", blob: DOT },
  "test://watched-resource": { mimeType: "text/plain", text: "A resource to subscribe to." },
};

const TEMPLATE = /^test:\/\/template\/([^/]+)\/data$/;

export const RESOURCES = Object.entries(CONTENTS).map(([uri, { mimeType }]) => ({
  uri,
  name: uri.slice("test://".length),
  description: `A resource of type ${mimeType}.`,
  mimeType,
}));

export const TEMPLATES = [
  {
    uriTemplate: "test://template/{id}/data",
    name: "template",
    description: "A resource for every id.",
    mimeType: "application/json",
  },
];

/** The content behind an address, or `undefined`. */
export function read(uri) {
  const id = TEMPLATE.exec(uri)?.[1];
  if (id === undefined) return Object.hasOwn(CONTENTS, uri) ? CONTENTS[uri] : undefined;
  const data = { id, templateTest: true, data: `Data for ID: ${id}` };
  return { mimeType: "application/json", text: JSON.stringify(data) };
}
