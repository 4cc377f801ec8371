// Serves any stdio MCP server over streamable HTTP, on this machine only.
//
// usage: bridge.mjs COMMAND ARGS...
//
// Prints its address as the first line and ends with its standard input. Every session has a
// child of its own, begun by `initialize` and ended by DELETE, by the child's own end, or when
// nobody has listened or waited for an answer for a while. Lines pass as they are, both ways.
// Streams can't be resumed.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

import { Session } from "./session.mjs";

const PATH = "/mcp";
const LONGEST_BODY = 4 * 1024 * 1024;
const MOST_SESSIONS = 64;
const LOCAL = new Set(["127.0.0.1", "localhost", "[::1]"]);

const command = process.argv.slice(2);
const sessions = new Map();

/** What is answered instead of what was asked for. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function checkLocal({ headers: { host, origin } }) {
  const local = (url) => URL.canParse(url) && LOCAL.has(new URL(url).hostname);
  if (!local(`http://${host}`)) throw new Refusal(403, "the host is not this machine");
  if (origin !== undefined && !local(origin))
    throw new Refusal(403, "the origin is not this machine");
}

/** The session a request names. */
function named(request) {
  const id = request.headers["mcp-session-id"];
  if (id === undefined) throw new Refusal(400, "no Mcp-Session-Id");
  const session = sessions.get(id);
  if (session === undefined || session.ending) throw new Refusal(404, "no such session");
  return session;
}

function begin() {
  if (sessions.size >= MOST_SESSIONS) throw new Refusal(503, "too many sessions");
  const id = randomUUID();
  const session = new Session(id, command, () => sessions.delete(id));
  sessions.set(id, session);
  return session;
}

async function body(request) {
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > LONGEST_BODY) throw new Refusal(413, "the message is too long");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function parsed(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    throw new Refusal(400, "the message is not JSON");
  }
  if (message === null || typeof message !== "object" || Array.isArray(message))
    throw new Refusal(400, "the message is not an object");
  return message;
}

async function post(request, response) {
  const text = await body(request);
  const message = parsed(text);
  const fresh = message.method === "initialize" && !("mcp-session-id" in request.headers);
  const session = fresh ? begin() : named(request);
  // Outside of strings, where there can be none, a line break is as good as a space.
  const line = text.replace(/[\r\n]+/g, " ");
  if (!("method" in message) || !("id" in message)) {
    session.tell(line);
    response.writeHead(202).end();
  } else if (!session.ask(line, message, request, response)) {
    throw new Refusal(400, "this id is waiting for its answer already");
  }
}

async function serve(request, response) {
  checkLocal(request);
  if (new URL(request.url, "http://localhost").pathname !== PATH)
    throw new Refusal(404, "no such page");
  if (request.method === "POST") {
    await post(request, response);
  } else if (request.method === "GET") {
    if (!named(request).listen(response)) throw new Refusal(409, "somebody listens already");
  } else if (request.method === "DELETE") {
    named(request).end();
    response.writeHead(200).end();
  } else {
    throw new Refusal(405, "POST, GET or DELETE");
  }
}

const server = createServer((request, response) => {
  serve(request, response).catch(({ status = 500, message }) => {
    if (response.headersSent) return response.destroy();
    const error = { code: -32000, message };
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error }));
  });
});

server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}${PATH}`);
});

process.stdin.resume().on("close", async () => {
  server.close();
  await Promise.all([...sessions.values()].map((session) => session.end()));
  process.exit(0);
});
