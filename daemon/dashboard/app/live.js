// What the page knows while it is open: calls that wait, what happens, how the daemon is. Views
// look at it and are told when it changes.

import * as api from "./api.js";
import { rawAt, rawItems } from "./lib/json.js";
import { Events, backoff } from "./lib/sse.js";

/** Rows of the feed that are kept. */
export const MOST_ROWS = 200;
/** How long an ask that ended is still shown, in ms. */
const LINGER = 8000;
/** Events after which the daemon's state is another one. */
const STIRS = /^(POLICY|TOOL|TOOLS|SERVER|OVERRIDE|SESSION|COMMAND|ANSWER|DASHBOARD|GRANT|AUDIT)_/;

class Live {
  /** Newest first; each `{record, args, outcome}`, or `{gap}`. */
  rows = [];
  /** Rows that came since the page was opened. */
  came = 0;
  /** Approvals by id, oldest first; one that ended has `over`, the time it is taken away. */
  asks = new Map();
  /** The daemon's status, `null` before it is known. */
  status = null;
  policies = [];
  servers = [];
  stats = null;
  /** Why status, policies and servers are from before; empty where they are not. */
  stale = "";
  /** `connecting`, `live`, `lost`, `no-token`. */
  link = "connecting";
  /** Why it is lost, and when it is tried again. */
  trouble = "";
  retryAt = 0;
  /** When the list of asks last moved: what slides under a finger is not answered. */
  movedAt = 0;

  #watchers = new Set();
  #incoming = [];
  #frame = 0;
  #last = null;
  #tries = 0;
  #abort = null;
  #seen = new Set();
  #channels = new Map();
  #grants = new Map();
  #stir = 0;
  #retry = 0;
  #count = 0;

  watch(then) {
    this.#watchers.add(then);
    return () => this.#watchers.delete(then);
  }

  tell() {
    for (const then of this.#watchers) then();
  }

  async start() {
    api.onGone(() => this.#enter("no-token", ""));
    if (!api.hasToken()) return this.#enter("no-token", "");
    await this.#past();
    this.refresh();
    setInterval(() => document.hidden || this.link !== "live" || this.refresh(), 10_000);
    setInterval(() => document.hidden || this.link !== "live" || this.refreshStats(), 60_000);
    this.connect();
  }

  /** The newest records, so that a page just opened is not empty. */
  async #past() {
    try {
      const said = await api.text("GET", "/records?limit=60&kinds=decision,event");
      const items = rows(said);
      this.rows = items;
      this.#last = items.length ? items[0].record.seq : null;
    } catch (error) {
      this.trouble = error.message;
    }
  }

  async refresh() {
    try {
      const [status, policies, servers] = await Promise.all([
        api.get("/status"),
        api.list("/policies"),
        api.list("/servers"),
      ]);
      Object.assign(this, { status, policies, servers, stale: "" });
      if (!this.stats) await this.refreshStats();
      this.tell();
    } catch (error) {
      // The stream tells of a lost daemon; what else goes wrong is told here.
      this.stale = error.status ? error.message : "";
      this.tell();
    }
  }

  async refreshStats() {
    try {
      this.stats = await api.get("/stats?hours=24");
      this.tell();
    } catch {
      // As above.
    }
  }

  connect() {
    clearTimeout(this.#retry);
    this.#abort?.abort();
    this.#abort = new AbortController();
    this.#follow(this.#abort.signal).catch((error) => this.#lost(error));
  }

  async #follow(signal) {
    const answer = await api.events(this.#last, signal);
    const events = new Events();
    const decoder = new TextDecoder();
    const reader = answer.body.getReader();
    this.#seen = new Set();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error("the daemon ended the connection");
      for (const event of events.push(decoder.decode(value, { stream: true }))) this.#event(event);
    }
  }

  #lost(error) {
    if (this.link === "no-token" || error.name === "AbortError") return;
    if (error.status === 401) return;
    this.#tries += 1;
    const wait = backoff(this.#tries);
    this.retryAt = Date.now() + wait;
    this.#enter("lost", error.status ? error.message : "aipd can't be reached");
    this.#retry = setTimeout(() => this.connect(), wait);
  }

  #enter(link, trouble) {
    this.link = link;
    this.trouble = trouble;
    this.tell();
  }

  #event({ name, data, id }) {
    if (id) this.#last = Number(id);
    if (name === "record") this.#record(data);
    else if (name === "approval") this.#approval(JSON.parse(data));
    else if (name === "ready") this.#ready();
    else if (name === "skipped") this.#push({ gap: JSON.parse(data) });
  }

  #ready() {
    // What waited before and isn't told now has ended while nobody listened.
    for (const ask of this.asks.values()) {
      if (!this.#seen.has(ask.id) && !ask.over) this.#approval({ ...ask, state: "ended" });
    }
    const again = this.link === "lost";
    this.#tries = 0;
    this.#enter("live", "");
    if (again) this.refresh();
  }

  #approval(approval) {
    this.#seen.add(approval.id);
    const before = this.asks.get(approval.id);
    const kept = approval.args ? approval : { ...approval, args: before?.args ?? "" };
    if (approval.state === "waiting" || approval.state === "away") {
      if (!before || before.over) this.movedAt = Date.now();
      this.asks.set(approval.id, kept);
    } else if (before && !before.over) {
      this.asks.set(approval.id, { ...kept, over: Date.now() + LINGER });
      setTimeout(() => this.#takeAway(approval.id), LINGER);
    }
    this.tell();
  }

  #takeAway(id) {
    if (this.asks.get(id)?.over > Date.now() + 50) return;
    this.asks.delete(id);
    this.#channels.delete(id);
    this.#grants.delete(id);
    this.movedAt = Date.now();
    this.tell();
  }

  /** By which way an ask was answered, where a record has said so. */
  channelOf(id) {
    return this.#channels.get(id) ?? "";
  }

  /** The record of the grant that was made with an answer. */
  grantOf(id) {
    return this.#grants.get(id);
  }

  /** Calls that wait now, oldest first. */
  waiting() {
    return [...this.asks.values()].filter((it) => !it.over && it.state === "waiting");
  }

  #record(data) {
    const record = JSON.parse(data);
    if (record.event === "APPROVAL_ANSWERED" && this.asks.has(record.approval_id)) {
      this.#channels.set(record.approval_id, record.channel);
      this.tell();
    } else if (record.event === "GRANT_MADE" && this.asks.has(record.approval_id)) {
      this.#grants.set(record.approval_id, record);
      this.tell();
    }
    if (STIRS.test(record.event ?? "")) this.#stirred();
    this.#push({ record, args: rawAt(data, ["args"]) });
  }

  /** The daemon's state is asked for again, once for many events. */
  #stirred() {
    clearTimeout(this.#stir);
    this.#stir = setTimeout(() => this.refresh(), 400);
  }

  /** The figures are asked for again, some seconds after the first of many calls. */
  #counted() {
    this.#count ||= setTimeout(() => {
      this.#count = 0;
      if (!document.hidden) this.refreshStats();
    }, 3000);
  }

  /** Under a flood only what can be shown is kept, and the page is drawn some ten times a second. */
  #push(row) {
    if (row.record?.decision) this.#counted();
    if (!row.record?.outcome) this.came += 1;
    this.#incoming.push(row);
    if (this.#incoming.length > 2 * MOST_ROWS) this.#incoming.splice(0, MOST_ROWS);
    this.#frame ||= setTimeout(() => requestAnimationFrame(() => this.#draw()), 80);
  }

  #draw() {
    this.#frame = 0;
    const fresh = this.#incoming;
    this.#incoming = [];
    this.rows = merge(this.rows, fresh);
    this.tell();
  }
}

/** Outcomes go to the call they are of; all else comes on top. */
export function merge(rows, fresh) {
  const all = [...rows];
  for (const row of fresh) {
    const of = row.record?.kind === "outcome" || row.record?.outcome ? row.record.call_id : null;
    const at = of ? all.findIndex((it) => it.record?.call_id === of && it.record.decision) : -1;
    if (at >= 0) all[at] = { ...all[at], outcome: row.record };
    else if (!of) all.unshift(row);
    if (all.length > MOST_ROWS) all.length = MOST_ROWS;
  }
  return all;
}

/** Records of an answer with their arguments as written. */
export function rows(said) {
  return rawItems(said, ["items"]).map((raw) => ({
    record: JSON.parse(raw),
    args: rawAt(raw, ["args"]),
  }));
}

export const live = new Live();
