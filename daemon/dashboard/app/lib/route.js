// The address after the `#`: which screen, and what it is about. Filters live there too, so that a
// screen can be kept, shared with oneself and gone back to.

/**
 * @typedef {{path: string[], query: Record<string, string>}} Route
 * @param {string} hash
 * @returns {Route}
 */
export function parse(hash) {
  const text = hash.replace(/^#?\/?/, "");
  const [place, search = ""] = cutAt(text, "?");
  return {
    path: place.split("/").filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

function cutAt(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a screen. Empty values are left out. */
export function link(path, query = {}) {
  const place = path.map(encodeURIComponent).join("/");
  const search = params(query);
  return `#/${place}${search ? `?${search}` : ""}`;
}

/** A query string of what has a value. */
export function params(query) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") found.set(name, String(value));
  }
  return found.toString();
}
