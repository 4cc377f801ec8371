// The small parts every screen is made of.

import { html, useEffect, useRef, useState } from "../ui.js";
import { layout } from "../lib/json.js";
import { edges, pieces, shortened, visible } from "../lib/shown.js";
import { number } from "../lib/series.js";
import { whole } from "../lib/when.js";

/** Text from traffic. What is not seen is marked, and its direction stays its own. */
export function Shown({ text, most, lines }) {
  const cut = most ? shortened(text, most) : text;
  return html`<bdi>${marked(cut, lines)}</bdi>`;
}

function marked(text, lines) {
  return pieces(text, { lines }).map((it) =>
    typeof it === "string"
      ? it
      : html`<span class="hidden-mark" title=${it.title}>${it.mark}</span>`,
  );
}

/**
 * JSON as it was sent, laid out. A long one is shown by its edges until it is asked for whole;
 * `onWhole` is told, for those who may not decide before.
 */
export function Json({ text, whole: open, onWhole, label }) {
  const [opened, setOpened] = useState(false);
  const cut = open || opened ? null : edges(text);
  const show = () => {
    setOpened(true);
    onWhole?.();
  };
  if (cut) {
    const left = `… ${number(cut.left)} characters are not shown here …`;
    return html`<div>
      <pre class="json" aria-label=${label}>${marked(cut.head, true)}${"\n"}<span class="cut">${left}</span>${"\n"}${marked(cut.tail, true)}</pre>
      ${onWhole ? null : html`<button class="small" onClick=${show}>Show all ${number(text.length)} characters</button>`}
    </div>`;
  }
  const parts = layout(text);
  return html`<pre class="json" aria-label=${label}>${parts ? parts.map(jsonPart) : marked(text, true)}</pre>`;
}

function jsonPart([kind, text]) {
  if (kind === "mark") return text;
  if (kind !== "string") return html`<span class=${`j-${kind}`}>${marked(text)}</span>`;
  // A line end inside a string is written out, and the line is broken there to be read.
  const lines = text.split(/(?<=(?<!\\)(?:\\\\)*\\n)/);
  return html`<span class="j-string">${lines.map((line, at) => [marked(line), at < lines.length - 1 ? "\n" : null])}</span>`;
}

/** A decision or an event: its word behind a sign, so that colour is not all there is. */
export function Mark({ tone, word }) {
  return html`<span class=${`mark ${tone}`}><span class="sign" aria-hidden="true">${SIGNS[tone]}</span>${word}</span>`;
}

const SIGNS = { good: "✓", bad: "✕", warn: "!", plain: "·" };

/** A time as it is told, with the whole of it at hand. */
export function Time({ at, text }) {
  return html`<time dateTime=${at} title=${whole(at)}>${text ?? whole(at)}</time>`;
}

/**
 * A button that does something of the daemon's: busy while it does, and a refusal is shown whole
 * beside it.
 */
export function Act({ run, children, kind = "", disabled, label, confirm }) {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [sure, setSure] = useState(false);
  const here = useRef(true);
  useEffect(() => () => void (here.current = false), []);
  const go = async () => {
    setBusy(true);
    setTrouble("");
    setSure(false);
    try {
      await run();
    } catch (error) {
      if (here.current) setTrouble(error.message);
    }
    if (here.current) setBusy(false);
  };
  const press = () => (confirm && !sure ? setSure(true) : go());
  return html`<span class="act">
    ${
      sure
        ? html`<span class="sure" role="group" aria-label="Are you sure?">
            <span>${confirm}</span>
            <button ref=${focusOnce} onClick=${() => setSure(false)}>Cancel</button>
            <button class=${kind} onClick=${go}>Yes, ${String(label ?? "do it").toLowerCase()}</button>
          </span>`
        : html`<button class=${kind} disabled=${busy || disabled} aria-busy=${busy} onClick=${press}>${children ?? label}</button>`
    }
    ${trouble ? html`<${Trouble} text=${trouble} />` : null}
  </span>`;
}

function focusOnce(element) {
  if (element && !element.dataset.met) {
    element.dataset.met = "yes";
    element.focus();
  }
}

/** What went wrong, in the daemon's words. */
export function Trouble({ text }) {
  return html`<p class="trouble" role="alert"><${Told} text=${text} /></p>`;
}

/** Copies a text, and says so. */
export function Copy({ text, label = "Copy" }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("Can't copy: select it");
    }
    setTimeout(() => setSaid(""), 2000);
  };
  return html`<button class="small quiet" onClick=${copy} aria-label=${`${label}: ${visible(shortened(text, 60))}`}>${said || label}</button>`;
}

/** A command to type, with a button that copies it. */
export function Command({ text }) {
  return html`<span class="command"><code><${Shown} text=${text} /></code><${Copy} text=${text} /></span>`;
}

/** A sentence of the daemon's: what stands between backticks is code, and a command may end it. */
export function Told({ text }) {
  const said = String(text ?? "");
  const found = /^(.*?with:) (aip(?:ctl)? .+)$/s.exec(said);
  if (!found) return coded(said);
  return html`${coded(found[1])} <${Command} text=${found[2]} />`;
}

function coded(text) {
  const parts = text.split("`");
  // An odd one is a backtick of the text itself.
  if (parts.length % 2 === 0) return html`<${Shown} text=${text} lines />`;
  return parts.map((it, at) => (at % 2 ? html`<code><${Shown} text=${it} /></code>` : html`<${Shown} text=${it} lines />`));
}

/** Nothing here yet, and what to do about it. */
export function Empty({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${children}</div>`;
}

/** A short hash with the whole of it at hand. */
export function Hash({ text }) {
  return text ? html`<code title=${text}>${text.slice(0, 12)}</code>` : html`<span class="soft">none</span>`;
}

/** Lines with what was added and removed. */
export function Diff({ lines, label }) {
  const sign = { same: " ", removed: "−", added: "+", gap: "⋯" };
  const said = { removed: "removed: ", added: "added: ", same: "", gap: "" };
  return html`<div class="diff" role="group" aria-label=${label}>
    ${lines.map(
      (it) => html`<div class=${`line ${it.kind}`}><span class="sign" aria-hidden="true">${sign[it.kind]}</span><span class="sr">${said[it.kind]}</span><code><${Shown} text=${it.text} /></code></div>`,
    )}
  </div>`;
}

/** Asks the daemon for something, anew whenever `key` changes. */
export function useAsked(ask, key) {
  const [state, setState] = useState({ loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let here = true;
    setState((before) => ({ ...before, loading: true }));
    ask().then(
      (value) => here && setState({ value, loading: false }),
      (error) => here && setState({ error, loading: false }),
    );
    return () => void (here = false);
  }, [key, turn]);
  return { ...state, again: () => setTurn((it) => it + 1) };
}

/** What there is to show while something is asked for, or when it was refused. */
export function Pending({ asked }) {
  if (asked.error) return html`<${Trouble} text=${asked.error.message} />`;
  return asked.value ? null : html`<p class="soft" aria-busy="true">Loading…</p>`;
}
