import assert from "node:assert/strict";
import { test } from "node:test";

import { around, difference } from "../../daemon/dashboard/app/lib/diff.js";
import { asked, count, exported, kinds } from "../../daemon/dashboard/app/lib/filters.js";
import { link, parse } from "../../daemon/dashboard/app/lib/route.js";
import { bytes, number, series, totals } from "../../daemon/dashboard/app/lib/series.js";
import { Events, backoff } from "../../daemon/dashboard/app/lib/sse.js";
import { ago, countdown, endOfToday, sinceTime, span } from "../../daemon/dashboard/app/lib/when.js";

const signs = { same: " ", removed: "-", added: "+", gap: "~" };
const drawn = (lines) => lines.map((it) => `${signs[it.kind]}${it.text}`).join("|");

test("a difference is told line by line", () => {
  const cases = [
    ["a\nb\nc", "a\nb\nc", " a| b| c"],
    ["a\nb\nc", "a\nx\nc", " a|-b|+x| c"],
    ["a\nc", "a\nb\nc", " a|+b| c"],
    ["a\nb", "b", "-a| b"],
    ["", "a", "-|+a"],
    ["a\nb\nc\nd", "x\nb\ny\nd", "-a|+x| b|-c|+y| d"],
    ["a\na", "a", " a|-a"],
  ];
  for (const [before, after, expected] of cases) assert.equal(drawn(difference(before, after)), expected);
});

test("a huge difference is still told", () => {
  const many = (word) => Array.from({ length: 3000 }, (_, at) => `${word}${at}`).join("\n");
  assert.equal(difference(many("a"), many("b")).length, 6000);
});

test("what stays the same far from a change is one line", () => {
  const text = (middle) => `1\n2\n3\n4\n${middle}\n6\n7\n8\n9`;
  assert.equal(drawn(around(difference(text("x"), text("y")), 1)), "~3 lines the same| 4|-x|+y| 6|~3 lines the same");
});

test("an address says screen and filters, and is what it was made of", () => {
  const cases = [
    [["activity"], { tool: "a b&c", q: "ü#?" }],
    [["servers", "1", "tool/with ? and %"], {}],
  ];
  for (const [path, query] of cases) assert.deepEqual(parse(link(path, query)), { path, query });
  assert.deepEqual(parse(""), { path: [], query: {} });
  assert.deepEqual(parse("#/a/%zz"), { path: ["a", "%zz"], query: {} });
  assert.equal(link(["activity"], { tool: "", q: undefined }), "#/activity");
});

const NOW = Date.parse("2026-11-27T12:00:00Z");

test("filters become a question for the daemon, and nothing else of the address does", () => {
  const query = { tool: " echo ", since: "24h", until: "2026-11-27T11:00:00Z", q: "a b", limit: "9999", kinds: "outcome,x" };
  assert.deepEqual(asked(query, NOW), {
    tool: "echo",
    q: "a b",
    since: "2026-11-26T12:00:00.000Z",
    until: "2026-11-27T11:00:00.000Z",
    kinds: "outcome",
  });
  assert.equal("q" in exported(query, NOW), false);
  assert.equal(count(query), 4);
  assert.deepEqual(kinds({}), ["decision", "event"]);
  assert.deepEqual(asked({ since: "soon" }, NOW), { kinds: "decision,event" });
});

test("times are told in few words", () => {
  assert.equal(countdown(48_900), "0:48");
  assert.equal(countdown(725_000), "12:05");
  assert.equal(countdown(-1), "0:00");
  assert.equal(ago("2026-11-27T11:59:30Z", NOW), "just now");
  assert.equal(ago("2026-11-27T11:59:00Z", NOW), "1 minute ago");
  assert.equal(ago("2026-11-24T11:00:00Z", NOW), "3 days ago");
  assert.equal(ago("x", NOW), "x");
  assert.deepEqual([340, 9_900, 12_000, 3_400_000, 120_000_000].map(span), ["340 µs", "9.9 ms", "12 ms", "3.4 s", "2 min"]);
  assert.equal(sinceTime("15m", NOW), "2026-11-27T11:45:00.000Z");
  assert.equal(sinceTime("x", NOW), null);
  const end = Date.parse(endOfToday(NOW));
  assert.ok(end > NOW && end - NOW <= 25 * 3_600_000);
  assert.equal(new Date(end).getHours(), 0);
});

const hour = (at, calls, refused, latency = null) => ({
  hour: `2026-11-27T${at}:00:00Z`,
  allow: calls - refused,
  block: refused,
  rate_limited: 0,
  monitor: 0,
  asked: 0,
  findings: 0,
  latency_us: latency,
});

test("hours without records are filled in, and several make one point", () => {
  const stats = {
    from: "2026-11-27T06:00:00Z",
    to: "2026-11-27T11:30:00Z",
    hours: [hour("07", 3, 1, { count: 1, p50: 100, p95: 200 }), hour("10", 5, 0, { count: 3, p50: 300, p95: 400 })],
  };
  const fine = series(stats, 3600);
  assert.deepEqual(fine.calls, [0, 3, 0, 0, 5, 0]);
  assert.deepEqual(fine.refused, [0, 1, 0, 0, 0, 0]);
  assert.deepEqual(fine.p50, [null, 100, null, null, 300, null]);
  const coarse = series(stats, 6 * 3600);
  assert.deepEqual(coarse.calls, [8]);
  assert.deepEqual([coarse.p50, coarse.p95], [[250], [400]]);
  assert.deepEqual(totals(stats), { calls: 8, refused: 1, asked: 0, findings: 0, p50: 250 });
  assert.equal(totals({ hours: [] }).p50, null);
});

test("figures are readable", () => {
  assert.equal(number(1204), "1,204");
  assert.deepEqual([999, 1000, 4_210_688, 2e9].map(bytes), ["999 bytes", "1.0 kB", "4.2 MB", "2.0 GB"]);
});

test("an event stream is taken apart however it is cut", () => {
  const stream = ': hello\n\nevent: record\nid: 7\ndata: {"a":1}\n\nevent: approval\ndata: x\ndata: y\n\nid: 9\n\n';
  const expected = [
    { name: "record", data: '{"a":1}', id: "7" },
    { name: "approval", data: "x\ny", id: null },
    { name: "message", data: "", id: "9" },
  ];
  for (let size = 1; size <= stream.length; size += 1) {
    const events = new Events();
    const got = [];
    for (let at = 0; at < stream.length; at += size) got.push(...events.push(stream.slice(at, at + size)));
    assert.deepEqual(got, expected, `in pieces of ${size}`);
  }
  assert.deepEqual(new Events().push("data: a\r\n\r\ndata: b\r\n\r\n").map((it) => it.data), ["a", "b"]);
  assert.throws(() => new Events(1000).push("x".repeat(1001)));
  // A call of 10 MiB of quotes, twice escaped, is still one.
  assert.equal(new Events().push(`data: ${"\\\\".repeat(10 * 1024 * 1024)}\n\n`).length, 1);
});

test("one tries again ever later, and never later than half a minute", () => {
  assert.deepEqual([1, 2, 3, 9].map(backoff), [1000, 2000, 4000, 30_000]);
});
