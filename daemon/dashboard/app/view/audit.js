// The record itself: whether it is whole, how long it is kept, what it says in figures, and a copy
// of it.

import { html, useState } from "../ui.js";
import * as api from "../api.js";
import { link } from "../lib/route.js";
import { RANGES, bytes, number, totals } from "../lib/series.js";
import { baseName } from "../lib/shown.js";
import { ago, whole } from "../lib/when.js";
import { Export } from "./activity.js";
import { Chart, Figures } from "./charts.js";
import { Act, Copy, Mark, Pending, Shown, Trouble, useAsked } from "./parts.js";

export function Audit({ query }) {
  const asked = useAsked(() => api.get("/audit"), "audit");
  return html`<div>
    <h1>Audit</h1>
    ${asked.value ? html`<${Chain} audit=${asked.value} again=${asked.again} /><${Kept} audit=${asked.value} />` : html`<${Pending} asked=${asked} />`}
    <${Figured} query=${query} />
  </div>`;
}

function Chain({ audit, again }) {
  const verify = async () => {
    await api.post("/audit/verify");
    again();
  };
  return html`<section class="panel" aria-labelledby="chain-title">
    <div class="section-head"><h2 id="chain-title">The chain</h2><span class="push-right"><${Act} label="Verify now" run=${verify} /></span></div>
    <${Verified} verified=${audit.verified} />
    <p>${number(audit.records)} records${audit.first ? `, the oldest of ${whole(audit.first)}` : ""}, ${bytes(audit.store_bytes)}.</p>
    <p class="soft">Its head, to be kept somewhere else: with it <code>aipctl audit verify --checkpoint</code> finds records that were cut off.</p>
    <p class="row"><code class="break">${audit.head}</code><${Copy} text=${audit.head} label="Copy the head" /></p>
  </section>`;
}

function Verified({ verified }) {
  if (!verified) return html`<p><${Mark} tone="plain" word="Not verified since aipd started." /></p>`;
  const at = `${whole(verified.at)} (${ago(verified.at, Date.now())})`;
  if (verified.intact) return html`<p><${Mark} tone="good" word="Intact" />: all ${number(verified.records)} records fit, at ${at}, up to <code class="break">${verified.head}</code></p>`;
  return html`<div><p><${Mark} tone="bad" word="Not intact" />, at ${at}.</p>
    <ul>${(verified.problems ?? []).map((it) => html`<li><${Trouble} text=${it} /></li>`)}</ul></div>`;
}

function Kept({ audit }) {
  return html`<section class="panel" aria-labelledby="kept-title">
    <div class="section-head"><h2 id="kept-title">What is kept</h2><${Export} query=${{ kinds: "decision,event,outcome" }} /></div>
    <p>${retention(audit.retention ?? {})}</p>
    ${
      audit.removed?.length
        ? html`<p>Removed so far, with the chain going on over the gap:</p><ul>${audit.removed.map((it) => html`<li>records ${number(it.first_seq)} to ${number(it.last_seq)}, removed ${whole(it.removed)}</li>`)}</ul>`
        : html`<p class="soft">Nothing has been removed so far.</p>`
    }
  </section>`;
}

/** The rules for keeping records, in words. */
export function retention({ days, megabytes, body_days }) {
  const parts = [];
  parts.push(days ? `Records are kept for ${number(days)} days` : "Records are kept for ever");
  if (megabytes) parts.push(`the oldest go first where they take more than ${number(megabytes)} MB`);
  parts.push(body_days ? `their arguments are kept for ${number(body_days)} days` : "with their arguments");
  return `${parts.join("; ")}.`;
}

function Figured({ query }) {
  const hours = Number(query.hours) || 24;
  const range = RANGES.find((it) => it.hours === hours) ?? RANGES[0];
  const asked = useAsked(() => api.get(`/stats?hours=${range.hours}`), `stats ${range.hours}`);
  return html`<section class="part" aria-labelledby="figures-title">
    <div class="section-head"><h2 id="figures-title">In figures</h2>
      <nav class="chooser push-right" aria-label="Time">${RANGES.map((it) => html`<a href=${link(["audit"], { hours: it.hours })} aria-current=${it === range ? "true" : undefined}>${it.label}</a>`)}</nav></div>
    ${asked.value ? html`<${Figured.Whole} stats=${asked.value} range=${range} />` : html`<${Pending} asked=${asked} />`}
  </section>`;
}

Figured.Whole = function Whole({ stats, range }) {
  const sum = totals(stats);
  return html`<div>
    ${stats.complete ? null : html`<p class="note">Still counting: up to record ${number(stats.indexed_to)}. The figures may be too low.</p>`}
    <p>${number(sum.calls)} ${sum.calls === 1 ? "call" : "calls"}, ${number(sum.refused)} refused, ${number(sum.asked)} put to you, ${number(sum.findings)} ${sum.findings === 1 ? "finding" : "findings"} of DLP.</p>
    <div class="charts">${["calls", "refused", "asked", "latency"].map((it) => html`<${Chart} stats=${stats} step=${range.step} what=${it} height=${130} />`)}</div>
    <${Figures} stats=${stats} step=${range.step} />
    <${Top} title="Tools" rows=${stats.tools} about=${(it) => ({ tool: it.tool, server: it.server })} name=${(it) => it.tool && `${it.server}: ${it.tool}`} hours=${range.hours} />
    <${Top} title="Servers" rows=${stats.servers} about=${(it) => ({ server: it.server })} name=${(it) => it.server} hours=${range.hours} />
    <${Top} title="Clients" rows=${stats.clients} about=${(it) => ({ client: it.client })} name=${(it) => baseName(it.client)} hours=${range.hours} />
  </div>`;
};

/** Rows shown before the rest is asked for. */
const FEW = 10;

function Top({ title, rows, about, name, hours }) {
  // Where there were too many to tell apart, the rest is one without a name.
  const label = (it) => name(it) || "others";
  const [all, setAll] = useState(false);
  if (!rows?.length) return null;
  const since = hours > 24 ? `${hours / 24}d` : `${hours}h`;
  return html`<div class="top"><table>
    <thead><tr><th scope="col">${title}</th><th scope="col" class="num">calls</th><th scope="col" class="num">refused</th><th scope="col" class="last">last</th></tr></thead>
    <tbody>${rows.slice(0, all ? undefined : FEW).map(
      (it) => html`<tr><th scope="row"><a href=${link(["activity"], { ...about(it), since })}><${Shown} text=${label(it)} most=${60} /></a></th>
        <td class="num">${number(it.calls)}</td><td class="num">${it.refused ? html`<b>${number(it.refused)}</b>` : "0"}</td><td class="last soft">${it.last ? ago(it.last, Date.now()) : ""}</td></tr>`,
    )}</tbody></table>
    ${rows.length > FEW ? html`<button class="small quiet" onClick=${() => setAll(!all)}>${all ? "Fewer" : `All ${rows.length}`}</button>` : null}</div>`;
}
