// One session of the bridge: the child, and who waits for which of its lines.

import { spawn } from "node:child_process";

/** How long a session stays that nobody listens to or waits for. */
const IDLE_MS = 5000;
/** How long a child may take to end before it is told to, and before it is made to. */
const PATIENCE_MS = 2000;
/** How many messages are kept while nobody listens. */
const MOST_KEPT = 1000;

const STREAM = { "content-type": "text/event-stream", "cache-control": "no-cache" };
const JSON_BODY = { "content-type": "application/json" };

const event = (line) => `event: message\ndata: ${line}\n\n`;
// 1 and "1" are two ids.
const key = (id) => JSON.stringify(id);

/** A POST that waits for the answer to its request. */
class Asker {
  constructor(message, response, session, streams) {
    this.progressToken = message.params?._meta?.progressToken;
    this.response = response;
    this.streams = streams;
    response.setHeader("mcp-session-id", session);
    if (streams) response.writeHead(200, STREAM).flushHeaders();
  }

  answer(line) {
    if (this.streams) this.response.end(event(line));
    else this.response.writeHead(200, JSON_BODY).end(line);
  }
}

export class Session {
  #id;
  #child;
  #asked = new Map();
  #listener = null;
  #kept = [];
  #idle;
  #ended;

  /** Starts the child; `over` is called when it is gone. */
  constructor(id, [program, ...args], over) {
    this.#id = id;
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdin.on("error", () => {}); // its end says it all
    // `close` comes after its last line and after a failed start as well.
    this.#ended = new Promise((done) => {
      this.#child.on("error", (error) => console.error(`bridge: ${error.message}`));
      this.#child.on("close", () => {
        over();
        this.#gone();
        done();
      });
    });
    this.#read(this.#child.stdout);
    this.#rest();
  }

  /** Passes on what has no answer. */
  tell(line) {
    this.#child.stdin.write(`${line}\n`);
    this.#rest();
  }

  /** Passes on a request and answers the POST with its answer; false if the id is in use. */
  ask(line, message, request, response) {
    const id = key(message.id);
    if (this.#asked.has(id)) return false;
    const streams = (request.headers.accept ?? "").includes("text/event-stream");
    this.#asked.set(id, new Asker(message, response, this.#id, streams));
    response.on("close", () => this.#rest());
    this.tell(line);
    if (streams) this.#deliverKept();
    return true;
  }

  /** Takes this GET for all that is not for a POST; false if there is one already. */
  listen(response) {
    if (this.#listener !== null) return false;
    this.#listener = response;
    response.writeHead(200, STREAM).flushHeaders();
    response.on("close", () => {
      this.#listener = null;
      this.#rest();
    });
    this.#deliverKept();
    return true;
  }

  /** Whether it is ending, and so takes nothing more. */
  get ending() {
    return this.#child.stdin.writableEnded;
  }

  /** Ends the child, gently at first. */
  end() {
    this.#child.stdin.end();
    const timers = ["SIGTERM", "SIGKILL"].map((signal, nth) =>
      setTimeout(() => this.#child.kill(signal), PATIENCE_MS * (nth + 1)),
    );
    return this.#ended.then(() => timers.forEach(clearTimeout));
  }

  /** Lines end at a line feed alone; `node:readline` would also split at U+2028. */
  #read(stdout) {
    let rest = "";
    stdout.setEncoding("utf8").on("data", (piece) => {
      const lines = (rest + piece).split("\n");
      rest = lines.pop();
      for (const line of lines) this.#said(line);
    });
  }

  #said(line) {
    // As white space a lone carriage return may stand in JSON, but it ends a line of a stream.
    const whole = line.replaceAll("\r", " ");
    let message;
    try {
      message = JSON.parse(whole);
    } catch {
      console.error(`bridge: not JSON: ${whole}`);
      return;
    }
    const asker = "method" in message ? undefined : this.#asked.get(key(message.id));
    if (asker !== undefined) {
      this.#asked.delete(key(message.id));
      asker.answer(whole);
      this.#rest();
    } else if (!this.#deliver(whole, message)) {
      if (this.#kept.length < MOST_KEPT) this.#kept.push([whole, message]);
      else console.error("bridge: nobody listens; a message is lost");
    }
  }

  /**
   * Streams have no common order, so what a call causes should come on the stream its answer
   * comes on. Only progress says which call that is; anything else goes to the newest one.
   */
  #deliver(line, message) {
    const open = [...this.#asked.values()].filter(
      (asker) => asker.streams && asker.response.writable,
    );
    const token = message.params?.progressToken;
    const meant = open.find((asker) => token !== undefined && asker.progressToken === token);
    const stream = (meant ?? open.at(-1))?.response ?? this.#listener;
    stream?.write(event(line));
    return stream != null;
  }

  #deliverKept() {
    for (const [line, message] of this.#kept.splice(0)) this.#deliver(line, message);
  }

  /** Counts the idle time anew. */
  #rest() {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#asked.size === 0 && this.#listener === null) this.end();
    }, IDLE_MS);
  }

  /** Nobody waits for a child that is gone. */
  #gone() {
    clearTimeout(this.#idle);
    for (const [id, asker] of this.#asked) {
      const error = { code: -32000, message: "the server has ended" };
      asker.answer(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(id), error }));
    }
    this.#asked.clear();
    this.#listener?.end();
  }
}
