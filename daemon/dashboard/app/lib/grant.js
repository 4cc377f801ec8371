// What can be allowed beyond one call, and how it is shown before it is.

import { meant, members } from "./json.js";
import { pieces } from "./shown.js";
import { endOfToday } from "./when.js";

export const LASTS = [
  ["session", "this session"],
  ["hour", "1 hour"],
  ["today", "today"],
  ["always", "always"],
];

/** @returns the wire's word for how long */
export function lasting(word, now) {
  return word === "today" ? { kind: "until", until: endOfToday(now) } : { kind: word };
}

/**
 * The arguments a grant can be about: those at the top, and those only that are there once.
 * @param {string} args JSON text
 */
export function choices(args) {
  const all = members(args);
  const folded = (name) => name.toLowerCase();
  return all
    .filter((it) => all.filter((other) => folded(other.name) === folded(it.name)).length === 1)
    .map(({ name, raw }) => {
      const value = raw.startsWith('"') ? meant(raw) : null;
      return { name, raw, text: value, kinds: kindsOf(value) };
    });
}

function kindsOf(text) {
  if (text === null) return ["value"];
  const kinds = ["value"];
  if (folderOf(text)) kinds.push("folder");
  if (/^https?:\/\//i.test(text)) kinds.push("host");
  kinds.push("prefix");
  return kinds;
}

/** The folder an absolute path is in; empty where the text is none. */
export function folderOf(text) {
  if (!/^(\/|file:\/\/\/)/.test(text)) return "";
  const path = text.replace(/^file:\/\//, "");
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/** What a prefix could be to begin with: all up to the last divider of the text. */
export function prefixOf(text) {
  const at = Math.max(text.lastIndexOf("/"), text.lastIndexOf(":"), text.lastIndexOf("."));
  return at > 0 ? text.slice(0, at + 1) : text;
}

/** @param {{kind: string, argument?: string, text?: string}} choice */
export function wanted({ kind, argument, text }) {
  if (kind === "call" || kind === "tool") return { kind };
  if (kind === "folder") return { kind, argument, folder: text };
  if (kind === "prefix") return { kind, argument, prefix: text };
  return { kind, argument };
}

/** YAML's quoted form of a text, with what could hide in it escaped. */
export function quoted(text) {
  const escaped = (piece) => piece.replace(/[\\"]/g, (it) => `\\${it}`);
  const coded = ({ title }) => {
    const digits = title.slice(title.lastIndexOf("U+") + 2).toLowerCase();
    return digits.length > 4 ? `\\U${digits.padStart(8, "0")}` : `\\u${digits}`;
  };
  const inner = pieces(text).map((it) => (typeof it === "string" ? escaped(it) : coded(it)));
  return `"${inner.join("")}"`;
}

const NAMED = { call: "arguments", folder: "folder", host: "host", prefix: "prefix" };

/** A grant as `aipctl grants export` writes it. */
export function yaml(grant) {
  const hash = (it) => quoted(`sha256:${it}`);
  const lines = [];
  const put = (key, value) => {
    if (value !== null && value !== undefined && value !== "") lines.push(`${key}: ${value}`);
  };
  const text = (key) => put(key, grant[key] ? quoted(grant[key]) : null);
  text("id");
  text("tool");
  put("allows", quoted(grant.what));
  text("argument");
  if (grant.is !== null && grant.is !== undefined) {
    put(NAMED[grant.what] ?? "value", grant.what === "call" ? hash(grant.is) : quoted(grant.is));
  }
  for (const key of ["lasts", "session", "until", "server"]) text(key);
  put("server_identity", hash(grant.identity));
  text("client");
  put("definition", hash(grant.definition));
  text("policy");
  put("rule", hash(grant.rule));
  for (const key of ["approval", "made"]) text(key);
  if (grant.id) put("uses", String(grant.uses));
  return lines.join("\n");
}

/** Which calls a grant covers, to follow the server's and the tool's name. */
export function which(grant) {
  switch (grant.what) {
    case "call":
      return "with the very same arguments";
    case "tool":
      return "any call";
    case "folder":
      return `where ${grant.argument} and all other paths are in ${grant.is}`;
    case "host":
      return `where ${grant.argument} is at ${grant.is}`;
    case "prefix":
      return `where ${grant.argument} begins with "${grant.is}"`;
    default:
      return `where ${grant.argument} is ${grant.is}`;
  }
}
