import assert from "node:assert/strict";
import { test } from "node:test";

import { baseName, edges, hides, pieces, shortened, visible } from "../../daemon/dashboard/app/lib/shown.js";

test("what can't be seen is written out as aipctl does", () => {
  const cases = [
    ["plain é 漢 👍", "plain é 漢 👍"],
    ["a\u001b[31mred", "a\\u{1b}[31mred"],
    ["two\nlines\tand\r", "two\\nlines\\tand\\r"],
    ["c1 \u009b31m", "c1 \\u{9b}31m"],
    ["bidi \u202etxt", "bidi \\u{202e}txt"],
    ["zero\u200bwidth\ufeff", "zero\\u{200b}width\\u{feff}"],
    ["tag \u{e0041}", "tag \\u{e0041}"],
    ["half \ud800", "half \\u{d800}"],
    ["", ""],
  ];
  for (const [text, shown] of cases) assert.equal(visible(text), shown);
});

test("a mark says what it is, and plain text around it stays", () => {
  assert.deepEqual(pieces("a\u202eb"), [
    "a",
    { mark: "\\u{202e}", title: "change of direction, U+202E" },
    "b",
  ]);
  assert.equal(pieces("a\nb", { lines: true }).join(""), "a\nb");
});

test("hidden characters are told from line ends", () => {
  assert.equal(hides("a\nb"), false);
  assert.equal(hides("a\u200bb"), true);
});

test("a long text is cut between characters, and says so", () => {
  assert.equal(shortened("abc", 3), "abc");
  assert.equal(shortened("abcd", 3), "ab…");
  assert.equal(shortened("👍👍👍", 3), "👍👍👍");
  assert.equal(shortened("👍👍👍👍", 3), "👍👍…");
});

test("edges leave nothing out unnoticed", () => {
  assert.equal(edges("x".repeat(4096)), null);
  const text = Array.from({ length: 6000 }, (_, at) => String(at % 10)).join("");
  const { head, tail, left } = edges(text);
  assert.equal(head.length + tail.length + left, text.length);
  assert.ok(text.startsWith(head) && text.endsWith(tail));
  const cut = edges(`x${"👍".repeat(3000)}`);
  assert.equal(hides(cut.head) || hides(cut.tail), false);
});

test("a program's own name", () => {
  assert.equal(baseName("/opt/Cursor/cursor"), "cursor");
  assert.equal(baseName("C:\\Apps\\cursor.exe"), "cursor.exe");
  assert.equal(baseName("/home/me/project/"), "project");
  assert.equal(baseName("/"), "/");
  assert.equal(baseName(undefined), "");
});
