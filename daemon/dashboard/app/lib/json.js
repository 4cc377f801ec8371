// Reads JSON as it is written: numbers keep their digits, members their order and duplicates stay,
// so that what a person is shown is what was sent. `JSON.parse` would change all three.

const DEEPEST = 200;

/**
 * A value and where it stands in the text.
 * @typedef {object} Node
 * @property {"object"|"array"|"string"|"number"|"word"} kind
 * @property {number} start
 * @property {number} end
 * @property {[Node, Node][]} [members] of an object: name and value
 * @property {Node[]} [items] of an array
 */

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  space() {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at += 1;
  }

  /** @returns {Node} */
  value(depth) {
    if (depth > DEEPEST) throw new SyntaxError("too deep");
    this.space();
    const start = this.at;
    const first = this.text[start];
    if (first === "{") return this.object(start, depth);
    if (first === "[") return this.array(start, depth);
    if (first === '"') return this.string();
    return this.take(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y, "number") ?? this.word();
  }

  take(pattern, kind) {
    const start = this.at;
    pattern.lastIndex = start;
    const found = pattern.exec(this.text);
    if (!found) return null;
    this.at = start + found[0].length;
    return { kind, start, end: this.at };
  }

  word() {
    const found = this.take(/true|false|null/y, "word");
    if (!found) throw new SyntaxError(`no value at ${this.at}`);
    return found;
  }

  string() {
    const start = this.at;
    let at = start + 1;
    for (;;) {
      const unit = this.text[at];
      if (unit === undefined) throw new SyntaxError("a string does not end");
      if (unit === '"') break;
      at += unit === "\\" ? 2 : 1;
    }
    this.at = at + 1;
    return { kind: "string", start, end: this.at };
  }

  expect(mark) {
    this.space();
    if (this.text[this.at] !== mark) throw new SyntaxError(`no ${mark} at ${this.at}`);
    this.at += 1;
  }

  /** Whether the list ends here; else steps over the comma before its next item. */
  closes(mark, first) {
    this.space();
    if (this.text[this.at] === mark) {
      this.at += 1;
      return true;
    }
    if (!first) this.expect(",");
    this.space();
    return false;
  }

  array(start, depth) {
    this.at += 1;
    const items = [];
    while (!this.closes("]", items.length === 0)) items.push(this.value(depth + 1));
    return { kind: "array", start, end: this.at, items };
  }

  object(start, depth) {
    this.at += 1;
    const members = [];
    while (!this.closes("}", members.length === 0)) {
      if (this.text[this.at] !== '"') throw new SyntaxError(`no name at ${this.at}`);
      const name = this.string();
      this.expect(":");
      members.push([name, this.value(depth + 1)]);
    }
    return { kind: "object", start, end: this.at, members };
  }
}

/** @returns {Node | null} `null` where it is not JSON */
export function read(text) {
  try {
    const reader = new Reader(text);
    const node = reader.value(0);
    reader.space();
    return reader.at === text.length ? node : null;
  } catch {
    return null;
  }
}

/** What a string's text stands for; the text itself where it stands for nothing. */
export function meant(raw) {
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}

/** Top-level members of an object's text, as written. @returns {{name: string, raw: string}[]} */
export function members(text) {
  const node = read(text);
  return (node?.members ?? []).map(([name, value]) => ({
    name: String(meant(text.slice(name.start, name.end))),
    raw: text.slice(value.start, value.end),
  }));
}

/** The text of the value at this path of names, `undefined` where there is none. */
export function rawAt(text, path) {
  let node = read(text);
  for (const step of path) {
    const found = node?.members?.filter(
      ([name]) => meant(text.slice(name.start, name.end)) === step,
    );
    if (!found?.length) return undefined;
    node = found[found.length - 1][1];
  }
  return node ? text.slice(node.start, node.end) : undefined;
}

/** The texts of an array's items at this path. */
export function rawItems(text, path) {
  const raw = rawAt(text, path);
  const items = raw === undefined ? undefined : read(raw)?.items;
  return (items ?? []).map((it) => raw.slice(it.start, it.end));
}

/**
 * A JSON text laid out on lines.
 * @param {string} text
 * @param {{sorted?: boolean}} [how] with `sorted`, members by name, so that two texts compare
 * @returns {[kind: string, text: string][] | null} kinds: name, string, number, word, mark
 */
export function layout(text, { sorted = false } = {}) {
  const root = read(text);
  if (!root) return null;
  const out = [];
  const mark = (it) => out.push(["mark", it]);
  const line = (depth) => mark(`\n${"  ".repeat(depth)}`);
  const list = (items, open, close, depth, each) => {
    if (!items.length) return mark(open + close);
    mark(open);
    items.forEach((item, index) => {
      if (index) mark(",");
      line(depth + 1);
      each(item);
    });
    line(depth);
    mark(close);
  };
  const write = (node, depth) => {
    if (node.kind === "array") {
      return list(node.items, "[", "]", depth, (it) => write(it, depth + 1));
    }
    if (node.kind === "object") {
      const named = node.members.map(([name, value]) => [text.slice(name.start, name.end), value]);
      if (sorted) named.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      return list(named, "{", "}", depth, ([name, value]) => {
        out.push(["name", name]);
        mark(": ");
        write(value, depth + 1);
      });
    }
    out.push([node.kind, text.slice(node.start, node.end)]);
  };
  write(root, 0);
  return out;
}

/** The same as one text; the text as it is where it is not JSON. */
export function laidOut(text, how) {
  return layout(text, how)?.map(([, it]) => it).join("") ?? text;
}
