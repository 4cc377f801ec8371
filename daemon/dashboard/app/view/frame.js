// What stands around every screen: where one is, whether the page is live, and the way to stop
// everything.

import { html, useEffect, useRef } from "../ui.js";
import { post } from "../api.js";
import { live } from "../live.js";
import { link } from "../lib/route.js";
import { useLive, useNow } from "./hooks.js";
import { Act, Command, Shown, Trouble } from "./parts.js";

const SCREENS = [
  ["now", "Now"],
  ["activity", "Activity"],
  ["servers", "Servers"],
  ["policies", "Policies"],
  ["audit", "Audit"],
];

export function Header({ at, help }) {
  const waiting = useLive().waiting().length;
  return html`<header>
    <div class="bar">
      <a class="logo" href="#/now" aria-label="aip, to the first screen">aip</a>
      <nav aria-label="Screens">${SCREENS.map(
        ([name, label]) => html`<a href=${link([name])} aria-current=${at === name ? "page" : undefined}>${label}${
          name === "now" && waiting ? html`<span class="count" aria-label=${`${waiting} waiting`}>${waiting}</span>` : null
        }</a>`,
      )}</nav>
      <div class="controls">
        <${Connection} />
        <button class="quiet small" aria-label="Keyboard shortcuts" onClick=${help}>?</button>
        <${Stop} />
      </div>
    </div>
  </header>`;
}

function Connection() {
  const { link: state } = useLive();
  const words = { live: "live", connecting: "connecting", lost: "not live", "no-token": "closed" };
  return html`<span class=${`connection ${state}`}><span class="dot" aria-hidden="true"></span>${words[state]}</span>`;
}

/** The connection is gone: says so, and when it is tried again. */
export function LostBand() {
  const { link: state, trouble, retryAt } = useLive();
  const now = useNow(500);
  if (state !== "lost") return null;
  const seconds = Math.max(0, Math.ceil((retryAt - now) / 1000));
  return html`<div class="band lost" role="status">
    <span><b>Not live:</b> <${Shown} text=${trouble} />. What you see is from before. Next try in ${seconds} s.</span>
    <button onClick=${() => live.connect()}>Try now</button>
    <span class="soft">If it does not come back: <code>aipctl dashboard</code></span>
  </div>`;
}

function Stop() {
  const { status } = useLive();
  const dialog = useRef(null);
  const stopped = status?.override === "deny_all";
  return html`<span>
    <button class="danger small" disabled=${stopped} onClick=${() => dialog.current.showModal()}>${stopped ? "Stopped" : "Stop everything"}</button>
    <dialog ref=${dialog} aria-labelledby="stop-title">
      <h2 id="stop-title">Stop everything?</h2>
      <p>Every call of every session is refused, from the next one on, until you resume. What runs already is not undone.</p>
      <div class="row">
        <button autofocus onClick=${() => dialog.current.close()}>Cancel</button>
        <${Act} kind="danger" label="Stop everything" run=${() => override(dialog, { mode: "deny_all" })} />
      </div>
      <hr />
      <p>Or the other way: for a while, what policies would refuse is recorded and let through.</p>
      <div class="row">
        <${Act} label="Pause for 15 minutes" run=${() => override(dialog, { mode: "monitor", until: inMinutes(15) })} />
        <${Act} label="Pause for 1 hour" run=${() => override(dialog, { mode: "monitor", until: inMinutes(60) })} />
      </div>
    </dialog>
  </span>`;
}

const inMinutes = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();

async function override(dialog, body) {
  await post("/override", body);
  dialog.current?.close();
  await live.refresh();
}

/** There is no token, or it counts no more. */
export function Closed({ trouble }) {
  return html`<main class="closed">
    <h1>This page has no key</h1>
    ${trouble ? html`<${Trouble} text=${trouble} />` : null}
    <p>${"A key is good for one tab and for a week, unless it is taken back. Open the page anew, from a terminal of your own:"}</p>
    <${Command} text="aipctl dashboard" />
    <p class="soft">It opens the page in your browser. Where there is none, <code>aipctl dashboard --print</code> prints the address.</p>
  </main>`;
}

const KEYS = [
  ["g n", "Now"],
  ["g a", "Activity"],
  ["g s", "Servers and tools"],
  ["g p", "Policies"],
  ["g u", "Audit"],
  ["/", "Search in activity"],
  ["w", "To the oldest call that waits: its Deny has the focus, Tab goes on to Allow"],
  ["?", "This list"],
];

export function Help({ open, close }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (open) dialog.current.showModal();
    else dialog.current.close();
  }, [open]);
  return html`<dialog ref=${dialog} onClose=${close} aria-labelledby="help-title">
    <h2 id="help-title">Keyboard</h2>
    <dl class="keys">${KEYS.map(([key, does]) => html`<div><dt>${key.split(" ").map((it) => html`<kbd>${it}</kbd>`)}</dt><dd>${does}</dd></div>`)}</dl>
    <p class="soft">No key answers a call by itself.</p>
    <button autofocus onClick=${close}>Close</button>
  </dialog>`;
}

/** Reads the keys of the list above, unless something is being typed. */
export function useKeys(help) {
  useEffect(() => {
    let lead = 0;
    const press = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      const led = Date.now() - lead < 1000;
      lead = event.key === "g" ? Date.now() : 0;
      const screen = led && { n: "now", a: "activity", s: "servers", p: "policies", u: "audit" }[event.key];
      if (screen) location.hash = link([screen]);
      else if (event.key === "?") help();
      else if (event.key === "w") toOldest();
      else if (event.key === "/") toSearch(event);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

const typing = (target) => target.closest?.("input, textarea, select, dialog") !== null;

function toOldest() {
  location.hash = link(["now"]);
  setTimeout(() => document.querySelector(".ask:not(.over) button")?.focus(), 50);
}

function toSearch(event) {
  event.preventDefault();
  if (!location.hash.startsWith("#/activity")) location.hash = link(["activity"]);
  setTimeout(() => document.getElementById("search")?.focus(), 50);
}
