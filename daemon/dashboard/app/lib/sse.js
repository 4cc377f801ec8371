// Takes an event stream apart. `EventSource` can't send the token's header, so the stream is read
// with `fetch`; this is the format's half of it.

/** The longest event that is kept, in characters: a frame of 10 MiB, twice escaped, is shorter. */
const LONGEST = 64 * 1024 * 1024;

export class Events {
  #rest = "";
  #event = { name: "", data: [], id: null };
  #longest;

  constructor(longest = LONGEST) {
    this.#longest = longest;
  }

  /**
   * @param {string} text as it came
   * @returns {{name: string, data: string, id: string | null}[]} the events that are whole
   */
  push(text) {
    const done = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    if (this.#rest.length > this.#longest) throw new Error("an event has no end");
    for (const line of lines) this.#line(line, done);
    return done;
  }

  #line(line, done) {
    if (line === "") {
      const { name, data, id } = this.#event;
      this.#event = { name: "", data: [], id: null };
      if (data.length || id !== null) done.push({ name: name || "message", data: data.join("\n"), id });
      return;
    }
    if (line.startsWith(":")) return;
    const at = line.indexOf(":");
    const field = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (field === "event") this.#event.name = value;
    else if (field === "data") this.#event.data.push(value);
    else if (field === "id") this.#event.id = value;
  }
}

/** How long to wait before the next try, in ms: one second, then ever more, half a minute at most. */
export function backoff(tries) {
  return Math.min(30_000, 1000 * 2 ** Math.max(0, tries - 1));
}
