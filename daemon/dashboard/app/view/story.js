// One record and all that belongs to it: how it was decided, step by step, with what, by whom,
// what became of it, and a rule one could make of it.

import { html } from "../ui.js";
import * as api from "../api.js";
import { rawAt, rawItems } from "../lib/json.js";
import { link } from "../lib/route.js";
import { span, whole } from "../lib/when.js";
import { answered, verdict, what, why } from "../lib/words.js";
import { Row } from "./feed.js";
import { Copy, Json, Mark, Pending, Shown, Told, Trouble, useAsked } from "./parts.js";

export function Story({ seq }) {
  const asked = useAsked(() => api.text("GET", `/records/${encodeURIComponent(seq)}`).then(readStory), seq);
  return html`<div>
    <p><a href=${link(["activity"])} onClick=${goBack}>← Activity</a></p>
    ${asked.value ? html`<${Whole} story=${asked.value} />` : html`<h1>Record ${seq}</h1><${Pending} asked=${asked} />`}
  </div>`;
}

/** Back to the list as it was, where one came from there. */
function goBack(event) {
  if (history.length > 1 && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    history.back();
  }
}

function readStory(said) {
  const story = JSON.parse(said);
  const args = rawItems(said, ["related"]).map((raw) => rawAt(raw, ["args"]));
  return {
    ...story,
    args: story.args ?? undefined,
    related: (story.related ?? []).map((record, at) => ({ record, args: args[at] })),
  };
}

/** Fields that have a place of their own. */
const PLACED = new Set(["args", "decision", "event", "outcome", "tool", "server", "reason", "approval", "timestamp", "kind"]);

function Whole({ story }) {
  const { record, args, outcome, trace, rules, related } = story;
  const { word, tone } = verdict(record);
  return html`<article>
    <h1 class="story-title"><${Mark} tone=${tone} word=${word} /> ${record.server ? html`<${Shown} text=${record.server} />: ` : null}<${Shown} text=${what(record) || `record ${record.seq}`} /></h1>
    <p class="soft">${whole(record.timestamp)}, record ${record.seq}${record.policy_name ? html`, policy <a href=${link(["policies"], { path: record.policy_path ?? "" })}><${Shown} text=${record.policy_name} /></a>` : null}</p>
    ${why(record) ? html`<p class="story-why"><${Shown} text=${why(record)} /></p>` : null}
    <${Part} title="Arguments" show=${args !== undefined}><${Json} text=${args ?? ""} label="Arguments" /></${Part}>
    <${Part} title="How it was decided" show=${Boolean(trace?.lines?.length || (trace?.why_not && record.decision))}><${Trace} trace=${trace} /></${Part}>
    <${Part} title="Your answer" show=${Boolean(record.approval)}><p>${record.approval ? capital(answered(record.approval)) : ""}.</p></${Part}>
    <${Part} title="What became of it" show=${Boolean(outcome)}><${Outcome} outcome=${outcome} /></${Part}>
    <${Part} title="Make a rule from this" show=${Boolean(rules?.length)}>${(rules ?? []).map((it) => html`<${Idea} idea=${it} />`)}</${Part}>
    <${Part} title="Belongs to it" show=${related.length > 0}><ol class="rows">${related.map((it) => html`<${Row} key=${it.record.seq} row=${it} day=${Date.now()} />`)}</ol></${Part}>
    <${Part} title="All that was recorded" show=${true}><${Fields} record=${record} /></${Part}>
  </article>`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function Part({ title, show, children }) {
  return show ? html`<section class="part"><h2 class="minor">${title}</h2>${children}</section>` : null;
}

/** The decision, step by step. */
export function Trace({ trace }) {
  const lines = trace?.lines ?? [];
  return html`<div>
    ${lines.length ? html`<ol class="trace">${lines.map((it) => html`<li><code><${Shown} text=${it.replace(/^\[[A-Z]+\] ?/, "")} /></code></li>`)}</ol>` : null}
    ${trace?.source === "record" ? html`<p class="soft">Told from the record${trace.why_not ? html`, not judged anew: <${Told} text=${trace.why_not} />` : null}.</p>` : null}
  </div>`;
}

function Outcome({ outcome }) {
  if (!outcome) return null;
  const { word } = verdict({ outcome: outcome.outcome });
  const took = outcome.latency_ms === undefined ? "" : ` after ${span(outcome.latency_ms * 1000)}`;
  const size = outcome.answer_bytes === undefined ? "" : `, ${outcome.answer_bytes} bytes`;
  return html`<div><p>${word}${took}${size}.</p>
    ${outcome.reason ? html`<${Trouble} text=${String(outcome.reason)} />` : null}
    ${outcome.answer_sha256 ? html`<p class="soft">SHA-256 of the answer <code class="break">${outcome.answer_sha256}</code></p>` : null}</div>`;
}

function Idea({ idea }) {
  return html`<div class="idea">
    <div class="section-head"><h3><${Shown} text=${idea.title} /></h3><span class="push-right"><${Copy} text=${idea.yaml} label="Copy the YAML" /></span></div>
    <pre class="yaml"><${Shown} text=${idea.yaml} lines /></pre>
    ${idea.note ? html`<p class="soft"><${Shown} text=${idea.note} /></p>` : null}
  </div>`;
}

function Fields({ record }) {
  const rest = Object.entries(record).filter(([name, value]) => !PLACED.has(name) && value !== null && value !== "");
  return html`<dl class="fields">${rest.map(
    ([name, value]) => html`<div><dt><${Shown} text=${name} /></dt><dd>${valueOf(name, value)}</dd></div>`,
  )}</dl>`;
}

function valueOf(name, value) {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const shown = html`<${Shown} text=${text} />`;
  if (name === "session_id") return html`<a href=${link(["activity"], { session: text })}>${shown}</a>`;
  return shown;
}
