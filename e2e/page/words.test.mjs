import assert from "node:assert/strict";
import { test } from "node:test";

import { choices, folderOf, lasting, prefixOf, quoted, wanted, which, yaml } from "../../daemon/dashboard/app/lib/grant.js";
import { before, channel, ended, finding, granted, state, unwrapped, verdict, what, why } from "../../daemon/dashboard/app/lib/words.js";

test("a record's verdict is a word and how much it is to be noticed", () => {
  const cases = [
    [{ decision: "ALLOW" }, "Allowed", "good"],
    [{ decision: "ALLOW", violation: true }, "Allowed", "warn"],
    [{ decision: "ALLOW_MONITOR", violation: true }, "Let through", "warn"],
    [{ decision: "BLOCK" }, "Refused", "bad"],
    [{ decision: "RATE_LIMITED" }, "Too many", "bad"],
    [{ decision: "NEWER" }, "NEWER", "warn"],
    [{ event: "DLP_TRIGGERED" }, "Secret cut out", "warn"],
    [{ event: "SOMETHING_NEW" }, "Something new", "plain"],
    [{ outcome: "answered" }, "Answered", "plain"],
    [{}, "?", "plain"],
  ];
  for (const [record, word, tone] of cases) assert.deepEqual(verdict(record), { word, tone });
});

test("what and why, of every kind of record", () => {
  assert.equal(what({ tool: "echo", method: "tools/call" }), "echo");
  assert.equal(what({ method: "resources/read", resource: "file:///a" }), "resources/read file:///a");
  assert.equal(why({ reason: "argument `path` is not allowed", failed_arg: "path" }), "argument `path` is not allowed");
  assert.equal(why({ reason: "no", failed_arg: "path" }), "no · argument path");
  assert.equal(why({ approval: { answer: "allow", channel: "dashboard", after_ms: 4057 } }), "allowed on this page after 4 s");
  assert.equal(why({ event: "DLP_TRIGGERED", dlp_rule: "AWS Key", dlp_match_count: 2 }), "AWS Key, 2 redacted");
  assert.equal(why({}), "");
});

test("answers, endings, findings and states have words, and what is newer is told as it is", () => {
  assert.equal(channel("control"), "by aipctl");
  assert.equal(channel("none"), "");
  assert.equal(channel("pigeon"), "by pigeon");
  assert.match(ended("expired"), /nobody answered/);
  assert.equal(ended("newer"), "newer");
  assert.equal(before({ before: null }), "");
  assert.match(before({ before: { times: 0 } }), /^First time/);
  assert.match(before({ before: { times: 2, last: "2026-11-22T10:00:00Z" } }), /2 times before, last on 2026-11-22/);
  for (const kind of ["hidden_characters", "instruction", "encoded_text", "long_text", "look_alike", "more"]) {
    assert.notEqual(finding(kind), kind);
  }
  assert.equal(finding("newer"), "newer");
  assert.equal(state("changed").tone, "warn");
});

test("what a grant's record says", () => {
  assert.equal(granted({ scope: "tool", lasts: "session" }), "any call of this tool, in this session");
  assert.match(granted({ scope: "folder", lasts: "time", until: "2026-11-22T10:00:00Z" }), /^calls in this folder, until 2026-11-2/);
  assert.equal(granted({ scope: "newer", lasts: "newer" }), "newer");
});

test("a grant is offered for arguments that are there once, the narrowest first", () => {
  const offered = choices('{"path":"/home/me/a.txt","url":"https://e.org/x","n":5.0,"dup":1,"DUP":2}');
  assert.deepEqual(
    offered.map((it) => [it.name, it.raw, it.kinds]),
    [
      ["path", '"/home/me/a.txt"', ["value", "folder", "prefix"]],
      ["url", '"https://e.org/x"', ["value", "host", "prefix"]],
      ["n", "5.0", ["value"]],
    ],
  );
  assert.deepEqual(choices("not json"), []);
  assert.equal(folderOf("/home/me/a.txt"), "/home/me");
  assert.equal(folderOf("file:///home/me/a.txt"), "/home/me");
  assert.equal(folderOf("/a"), "/");
  assert.equal(folderOf("a/b"), "");
  assert.equal(prefixOf("acme/billing"), "acme/");
  assert.equal(prefixOf("word"), "word");
});

test("what is asked for is what was chosen", () => {
  assert.deepEqual(wanted({ kind: "call" }), { kind: "call" });
  assert.deepEqual(wanted({ kind: "folder", argument: "path", text: "/a" }), { kind: "folder", argument: "path", folder: "/a" });
  assert.deepEqual(wanted({ kind: "prefix", argument: "r", text: "acme/" }), { kind: "prefix", argument: "r", prefix: "acme/" });
  assert.deepEqual(wanted({ kind: "host", argument: "url" }), { kind: "host", argument: "url" });
  assert.deepEqual(lasting("hour", 0), { kind: "hour" });
  assert.equal(lasting("today", Date.now()).kind, "until");
});

test("nothing in a grant's YAML acts, hides or breaks out", () => {
  assert.equal(quoted('a"\\\n  id: x\u001b[2J\u202e\u{e0041}\u0085# ü'), '"a\\"\\\\\\u000a  id: x\\u001b[2J\\u202e\\U000e0041\\u0085# ü"');
  const grant = {
    id: "3f2a9c1b4d5e",
    tool: "write_file",
    server: "files",
    identity: "1d",
    client: "/opt/cursor",
    what: "folder",
    argument: "path",
    is: "/home/me",
    lasts: "always",
    session: null,
    until: null,
    policy: "/home/me/agent.yaml",
    rule: "2e",
    definition: "3f",
    approval: "0badcafe",
    made: "2026-11-22T10:00:00.000Z",
    uses: 2,
  };
  assert.equal(
    yaml(grant),
    [
      'id: "3f2a9c1b4d5e"',
      'tool: "write_file"',
      'allows: "folder"',
      'argument: "path"',
      'folder: "/home/me"',
      'lasts: "always"',
      'server: "files"',
      'server_identity: "sha256:1d"',
      'client: "/opt/cursor"',
      'definition: "sha256:3f"',
      'policy: "/home/me/agent.yaml"',
      'rule: "sha256:2e"',
      'approval: "0badcafe"',
      'made: "2026-11-22T10:00:00.000Z"',
      "uses: 2",
    ].join("\n"),
  );
  assert.equal(which(grant), "where path and all other paths are in /home/me");
  assert.equal(which({ ...grant, what: "call" }), "with the very same arguments");
});

test("a server that runs without aip is told with a command that can be pasted", () => {
  const it = { client: "cursor", client_name: "Cursor", server: "github", project: false, lost: false };
  assert.match(unwrapped(it), /^Cursor's server github runs without aip.*with: aipctl install --client cursor --server github$/);
  const odd = { ...it, server: "it's; rm -rf", lost: true, project: true };
  assert.match(unwrapped(odd), /no longer runs through aip.*--server 'it'\\''s; rm -rf' --project$/);
  assert.match(unwrapped({ ...it, server: "-x" }), /--server '-x'$/);
});
