import assert from "node:assert/strict";
import { test } from "node:test";

import { laidOut, layout, members, rawAt, rawItems, read } from "../../daemon/dashboard/app/lib/json.js";

test("numbers, order and duplicates stay as they are written", () => {
  const text = '{"b":12345678901234567890.10,"a":1e400,"b":-0}';
  assert.equal(laidOut(text), '{\n  "b": 12345678901234567890.10,\n  "a": 1e400,\n  "b": -0\n}');
});

test("sorted, two texts of the same members are the same", () => {
  assert.equal(laidOut('{"b":{"d":1,"c":[]},"a":{}}', { sorted: true }), laidOut('{"a":{},"b":{"c":[],"d":1}}', { sorted: true }));
});

test("what is not JSON is shown as it is", () => {
  for (const text of ["", "{", '{"a":1,}', "[1 2]", '"x', "nul", "{'a':1}", "1 1", '{"a" 1}', "[".repeat(300)]) {
    assert.equal(read(text), null, text);
    assert.equal(layout(text), null);
    assert.equal(laidOut(text), text);
  }
});

test("what is JSON is read whole, whatever is in its strings", () => {
  for (const text of ['"a\\"}b"', '{"\\\\":"\\\\\\""}', " [ 1 , true , null ] ", "-1.5e+3", '{"a":{"a":[{}]}}']) {
    assert.notEqual(read(text), null, text);
    assert.deepEqual(JSON.parse(laidOut(text)), JSON.parse(text));
  }
});

test("every piece has its kind", () => {
  assert.deepEqual(layout('{"a":"b"}'), [
    ["mark", "{"],
    ["mark", "\n  "],
    ["name", '"a"'],
    ["mark", ": "],
    ["string", '"b"'],
    ["mark", "\n"],
    ["mark", "}"],
  ]);
});

test("a value is found as it is written", () => {
  const text = '{"record":{"args":{"n":1.50}},"related":[{"args":1.0},{}]}';
  assert.equal(rawAt(text, ["record", "args"]), '{"n":1.50}');
  assert.equal(rawAt(text, ["record", "no"]), undefined);
  assert.deepEqual(rawItems(text, ["related"]), ['{"args":1.0}', "{}"]);
  assert.deepEqual(rawItems(text, ["no"]), []);
  assert.deepEqual(members('{"a\\u0062":1.0,"c":"d"}'), [
    { name: "ab", raw: "1.0" },
    { name: "c", raw: '"d"' },
  ]);
});
