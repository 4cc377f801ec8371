// Text from traffic, made safe to read: what can't be seen or reorders what can is written out.
// The list of characters is the one `aipctl` writes out too. Nothing here makes markup: the pieces
// become text nodes.

const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}\ud800-\udfff]/gu;

const SHORT = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const NAMES = [
  [0x0a, 0x0a, "line end"],
  [0x0d, 0x0d, "carriage return"],
  [0x09, 0x09, "tab"],
  [0x1b, 0x1b, "escape"],
  [0x00, 0x1f, "control character"],
  [0x7f, 0x9f, "control character"],
  [0xad, 0xad, "soft hyphen"],
  [0x200b, 0x200d, "character of no width"],
  [0x200e, 0x200f, "direction mark"],
  [0x2028, 0x2029, "line separator"],
  [0x202a, 0x202e, "change of direction"],
  [0x2060, 0x2064, "character of no width"],
  [0x2066, 0x2069, "change of direction"],
  [0xfe00, 0xfe0f, "variation selector"],
  [0xfeff, 0xfeff, "character of no width"],
  [0xd800, 0xdfff, "half a character"],
  [0xe0000, 0xe007f, "tag character"],
];

/**
 * One character that is written out.
 * @typedef {{mark: string, title: string}} Mark
 */

/** @returns {Mark} */
function markOf(character) {
  const code = character.codePointAt(0);
  const known = NAMES.find(([from, to]) => code >= from && code <= to);
  const number = code.toString(16).toUpperCase().padStart(4, "0");
  return {
    mark: SHORT[character] ?? `\\u{${code.toString(16)}}`,
    title: `${known ? known[2] : "character that is not seen"}, U+${number}`,
  };
}

/**
 * A text as plain pieces and marks.
 * @param {unknown} text
 * @param {{lines?: boolean}} [how] with `lines`, line ends stay as they are
 * @returns {(string | Mark)[]}
 */
export function pieces(text, { lines = false } = {}) {
  const whole = String(text ?? "");
  const found = [];
  let from = 0;
  for (const match of whole.matchAll(HIDDEN)) {
    if (lines && match[0] === "\n") continue;
    if (match.index > from) found.push(whole.slice(from, match.index));
    found.push(markOf(match[0]));
    from = match.index + match[0].length;
  }
  if (from < whole.length) found.push(whole.slice(from));
  return found;
}

/** The same as one string, for titles, labels and what is copied as a name. */
export function visible(text) {
  return pieces(text)
    .map((it) => (typeof it === "string" ? it : it.mark))
    .join("");
}

/** Whether something in it would not be seen. */
export function hides(text) {
  return pieces(text, { lines: true }).some((it) => typeof it !== "string");
}

/** At most so many characters; what was cut is marked. */
export function shortened(text, most) {
  const whole = String(text ?? "");
  if (whole.length <= most) return whole;
  // Twice as many units as characters at most, so that a huge text is not taken apart.
  const characters = Array.from(whole.slice(0, most * 2));
  return characters.length <= most && whole.length <= most * 2
    ? whole
    : `${characters.slice(0, most - 1).join("")}…`;
}

/** Longer texts are shown by their edges first: characters. */
export const WHOLE = 4096;
const HEAD = 1500;
const TAIL = 500;

/**
 * Beginning and end of a long text; `null` where it is short enough to be shown whole.
 * @returns {{head: string, tail: string, left: number} | null}
 */
export function edges(text, whole = WHOLE) {
  if (text.length <= whole) return null;
  // Not between the two halves of a character.
  const head = text.slice(0, HEAD).replace(/[\ud800-\udbff]$/, "");
  const tail = text.slice(-TAIL).replace(/^[\udc00-\udfff]/, "");
  return { head, tail, left: text.length - head.length - tail.length };
}

/** The last part of a path: a program's or a folder's own name. */
export function baseName(path) {
  const trimmed = String(path ?? "").replace(/[/\\]+$/, "");
  return trimmed.split(/[/\\]/).pop() || String(path ?? "");
}
