// Everything that was recorded: look for it, narrow it down, open one record.

import { html, useEffect, useRef, useState } from "../ui.js";
import * as api from "../api.js";
import { live, rows as rowsOf } from "../live.js";
import { DECISIONS, KINDS, asked, count, exported, kinds } from "../lib/filters.js";
import { link, params } from "../lib/route.js";
import { number } from "../lib/series.js";
import { visible } from "../lib/shown.js";
import { localInput, sinceTime } from "../lib/when.js";
import { EVENT_NAMES, verdict } from "../lib/words.js";
import { Row } from "./feed.js";
import { Act, Command, Empty, Trouble } from "./parts.js";

const PAGE = 50;
/** Rows after which one does not look on by itself, and how often one does. */
const ENOUGH = 25;
const TRIES = 20;
/** How long typing rests before it is looked for, in ms. */
const REST = 350;

export function Activity({ query }) {
  const [found, setFound] = useState({ items: [], next: null, search: null, loading: true });
  const key = params(query);
  const turn = useRef(0);
  const load = async (before) => {
    turn.current += 1;
    const mine = turn.current;
    setFound((it) => ({ ...it, loading: true, error: null }));
    try {
      const page = await enough(query, before, () => mine === turn.current);
      if (mine !== turn.current) return;
      setFound((it) => ({ ...page, items: before ? [...it.items, ...page.items] : page.items, loading: false }));
    } catch (error) {
      if (mine === turn.current) setFound((it) => ({ ...it, loading: false, error }));
    }
  };
  useEffect(() => void load(), [key]);
  return html`<div>
    <h1>Activity</h1>
    <${Filters} query=${query} />
    <div class="row tools-row">
      <p class="soft" role="status">${found.loading ? "Looking…" : told(found)}</p>
      <button class="small quiet" onClick=${() => load()}>Look again</button>
      <${Export} query=${query} />
    </div>
    <${Partial} search=${found.search} />
    ${found.error ? html`<${Trouble} text=${found.error.message} />` : null}
    <ol class="rows">${found.items.map((row) => html`<${Row} key=${row.record.seq} row=${row} day=${Date.now()} />`)}</ol>
    ${!found.loading && !found.items.length && !found.next && !found.error ? html`<${Nothing} query=${query} />` : null}
    ${found.next ? html`<button class="wide" disabled=${found.loading} onClick=${() => load(found.next)}>${found.items.length ? "Older" : "Look further back"}</button>` : null}
  </div>`;
}

/** The daemon looks at so many records in one go: a page may be short, or empty, and have a next. */
async function enough(query, before, wanted) {
  const filters = asked(query, Date.now());
  const page = { items: [], next: before, search: null };
  for (let go = 0; go < TRIES; go += 1) {
    const said = await api.text("GET", `/records?${params({ ...filters, limit: PAGE, before: page.next })}`);
    const { next, search } = JSON.parse(said);
    page.items.push(...rowsOf(said));
    Object.assign(page, { next, search });
    if (next === null || page.items.length >= ENOUGH || !wanted()) break;
  }
  return page;
}

function told(found) {
  if (!found.items.length) return found.next ? "Nothing so far, in the newest records." : "";
  const shown = found.items.length === 1 ? "1 record" : `${number(found.items.length)} records`;
  return found.next ? `The newest ${shown}; there are older ones.` : `${shown}, all there are.`;
}

/** An index that is not whole yet says so. */
function Partial({ search }) {
  if (!search || search.complete) return null;
  return html`<p class="note" role="status">The index for searching is still being built: it has the records up to ${number(search.indexed_to)} of ${number(search.last)}. Until it is whole, searching takes longer.</p>`;
}

function Nothing({ query }) {
  if (count(query)) {
    return html`<${Empty} title="Nothing fits."><p><a class="button" href=${link(["activity"])}>Take all filters away</a></p></${Empty}>`;
  }
  return html`<${Empty} title="Nothing has been recorded yet."><p>Wrap a server, and its calls appear here:</p>
    <${Command} text="aip --policy agent.yaml -- npx -y @modelcontextprotocol/server-everything" /></${Empty}>`;
}

/** Filters live in the address: going back goes back. */
function turnTo(query, change) {
  const next = { ...query, ...change };
  location.hash = link(["activity"], next);
}

function Filters({ query }) {
  const set = (name) => (event) => turnTo(query, { [name]: event.target.value });
  const [more, setMore] = useState(count(query) > (query.q ? 1 : 0));
  return html`<form class="filters" role="search" onSubmit=${(it) => it.preventDefault()}>
    <div class="row">
      <${Search} query=${query} />
      <button type="button" aria-expanded=${more} onClick=${() => setMore(!more)}>Filters${count(query) ? ` (${count(query)})` : ""}</button>
      ${count(query) || query.kinds ? html`<a class="button quiet" href=${link(["activity"])}>Clear</a>` : null}
    </div>
    ${more ? html`<div class="filter-grid">
      <${Pick} label="Decision" value=${query.decision} set=${set("decision")} options=${DECISIONS.map((it) => [it, verdict({ decision: it }).word])} />
      <${Pick} label="Event" value=${query.event} set=${set("event")} options=${EVENT_NAMES.map((it) => [it, verdict({ event: it }).word])} />
      <${Field} label="Server" value=${query.server} set=${set("server")} known=${names("servers", "server")} />
      <${Field} label="Tool" value=${query.tool} set=${set("tool")} known=${names("tools", "tool")} />
      <${Field} label="Client" value=${query.client} set=${set("client")} known=${names("clients", "client")} />
      <${Field} label="Session" value=${query.session} set=${set("session")} known=${[]} />
      <${Since} query=${query} />
      <${Kinds} query=${query} />
    </div>` : null}
  </form>`;
}

const names = (list, key) => [...new Set((live.stats?.[list] ?? []).map((it) => it[key]))];

function Search({ query }) {
  const [text, setText] = useState(query.q ?? "");
  const timer = useRef(0);
  useEffect(() => setText(query.q ?? ""), [query.q]);
  const type = (event) => {
    const q = event.target.value;
    setText(q);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => turnTo(query, { q }), REST);
  };
  return html`<input type="search" class="grow" id="search" aria-label="Search in records" placeholder="Search: words of a tool, argument, reason, …" value=${text} onInput=${type} />`;
}

function Pick({ label, value, set, options }) {
  return html`<label class="field"><span>${label}</span>
    <select value=${value ?? ""} onChange=${set}>
      <option value="">any</option>
      ${options.map(([word, shown]) => html`<option value=${word}>${shown}</option>`)}
    </select></label>`;
}

function Field({ label, value, set, known }) {
  const id = `known-${label}`;
  return html`<label class="field"><span>${label}</span>
    <input type="text" list=${id} value=${value ?? ""} spellcheck=${false} onChange=${set} />
    <datalist id=${id}>${known.map((it) => html`<option value=${it}>${visible(it)}</option>`)}</datalist></label>`;
}

const SPANS = [["1h", "the last hour"], ["24h", "the last 24 hours"], ["7d", "the last 7 days"], ["30d", "the last 30 days"]];

function Since({ query }) {
  const named = SPANS.some(([word]) => word === query.since);
  const exact = Boolean(query.until) || (Boolean(query.since) && !named);
  const [open, setOpen] = useState(exact);
  const value = open || exact ? "between" : (query.since ?? "");
  const pick = (event) => {
    const word = event.target.value;
    setOpen(word === "between");
    if (word !== "between") turnTo(query, { since: word, until: "" });
  };
  const time = (name) => (event) => turnTo(query, { [name]: event.target.value ? new Date(event.target.value).toISOString() : "" });
  const held = (name) => localInput(query[name] ? (sinceTime(query[name], Date.now()) ?? "") : "");
  return html`<label class="field"><span>Time</span>
      <select value=${value} onChange=${pick}>
        <option value="">any</option>
        ${SPANS.map(([word, shown]) => html`<option value=${word}>${shown}</option>`)}
        <option value="between">between…</option>
      </select></label>
    ${value === "between" ? html`
      <label class="field"><span>From</span><input type="datetime-local" value=${held("since")} onChange=${time("since")} /></label>
      <label class="field"><span>To</span><input type="datetime-local" value=${held("until")} onChange=${time("until")} /></label>` : null}`;
}

const KIND_WORDS = { decision: "Decisions", event: "Events", outcome: "Outcomes" };

function Kinds({ query }) {
  const on = kinds(query);
  const turn = (kind) => () => {
    const next = on.includes(kind) ? on.filter((it) => it !== kind) : [...on, kind];
    turnTo(query, { kinds: KINDS.filter((it) => next.includes(it)).join(",") });
  };
  return html`<fieldset class="field kinds"><legend>Kinds</legend>
    ${KINDS.map((kind) => html`<label class="option"><input type="checkbox" checked=${on.includes(kind)} onChange=${turn(kind)} /><span>${KIND_WORDS[kind]}</span></label>`)}
  </fieldset>`;
}

/** The records these filters find, as a file. */
export function Export({ query }) {
  const take = (format) => async () => {
    const { url } = await api.post("/exports", { ...exported(query, Date.now()), format });
    if (!url.startsWith("/api/v1/exports/")) throw new Error("the daemon named no file");
    location.assign(url);
  };
  return html`<span class="push-right row">
    <${Act} kind="small quiet" label="Export JSON Lines" run=${take("jsonl")} />
    <${Act} kind="small quiet" label="Export CSV" run=${take("csv")} />
    ${query.q ? html`<span class="soft">without the search text</span>` : null}
  </span>`;
}
