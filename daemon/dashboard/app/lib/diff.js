// What changed between two texts, line by line.

/** Above this many pairs of changed lines the middle is shown as removed and added whole. */
const MOST_PAIRS = 1_000_000;

/**
 * @typedef {{kind: "same"|"removed"|"added"|"gap", text: string}} Line
 * @param {string} before
 * @param {string} after
 * @returns {Line[]}
 */
export function difference(before, after) {
  let old = before.split("\n");
  let now = after.split("\n");
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  const room = Math.min(old.length, now.length) - head;
  while (tail < room && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const same = (text) => ({ kind: "same", text });
  const begin = old.slice(0, head).map(same);
  const end = old.slice(old.length - tail).map(same);
  old = old.slice(head, old.length - tail);
  now = now.slice(head, now.length - tail);
  return [...begin, ...middle(old, now), ...end];
}

/** The longest common subsequence by the plain table; definitions and policies are short. */
function middle(old, now) {
  const removed = (text) => ({ kind: "removed", text });
  const added = (text) => ({ kind: "added", text });
  if (old.length * now.length > MOST_PAIRS) return [...old.map(removed), ...now.map(added)];
  const width = now.length + 1;
  const table = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      table[i * width + j] =
        old[i] === now[j]
          ? table[(i + 1) * width + j + 1] + 1
          : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  const lines = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ kind: "same", text: old[i] });
      i += 1;
      j += 1;
    } else if (j >= now.length || (i < old.length && table[(i + 1) * width + j] >= table[i * width + j + 1])) {
      lines.push(removed(old[i]));
      i += 1;
    } else {
      lines.push(added(now[j]));
      j += 1;
    }
  }
  return lines;
}

/** Only what changed and the lines around it; longer stretches of sameness become one gap. */
export function around(lines, near = 3) {
  const keep = new Array(lines.length).fill(false);
  lines.forEach((line, at) => {
    if (line.kind === "same") return;
    for (let i = Math.max(0, at - near); i <= Math.min(lines.length - 1, at + near); i += 1) {
      keep[i] = true;
    }
  });
  const out = [];
  let left = 0;
  const gap = () => {
    if (left) out.push({ kind: "gap", text: left === 1 ? "1 line the same" : `${left} lines the same` });
    left = 0;
  };
  lines.forEach((line, at) => {
    if (!keep[at]) {
      left += 1;
      return;
    }
    gap();
    out.push(line);
  });
  gap();
  return out;
}
