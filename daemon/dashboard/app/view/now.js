// The first screen: what waits for you, what needs attention, what is happening; in that order.

import { html } from "../ui.js";
import { post } from "../api.js";
import { live } from "../live.js";
import { link } from "../lib/route.js";
import { number, totals } from "../lib/series.js";
import { baseName } from "../lib/shown.js";
import { ago, span } from "../lib/when.js";
import { unwrapped } from "../lib/words.js";
import { Ask } from "./ask.js";
import { Chart } from "./charts.js";
import { Feed } from "./feed.js";
import { useLive } from "./hooks.js";
import { Act, Shown, Told, Trouble } from "./parts.js";

export function Now() {
  const { asks, status, stale } = useLive();
  return html`<div class="now">
    <h1 class="sr">Now</h1>
    <${Waiting} asks=${[...asks.values()]} />
    ${stale ? html`<${Trouble} text=${`How aipd is can't be asked just now, so this may be from before: ${stale}`} />` : null}
    <${Attention} status=${status} />
    <div class="columns">
      <${Feed} />
      <aside class="side" aria-label="The last 24 hours">
        <${Day} />
        <${Sessions} status=${status} />
      </aside>
    </div>
  </div>`;
}

function Waiting({ asks }) {
  const waiting = asks.filter((it) => !it.over).length;
  if (!asks.length) return html`<p class="calm"><span aria-hidden="true">✓</span> Nothing waits for you.</p>`;
  return html`<section aria-labelledby="waiting-title">
    <div class="section-head">
      <h2 id="waiting-title">${waiting === 0 ? "Answered" : waiting === 1 ? "1 call waits for you" : `${waiting} calls wait for you`}</h2>
    </div>
    ${asks.map((ask) => html`<${Ask} key=${ask.id} ask=${ask} />`)}
  </section>`;
}

/** Where a line's command belongs, there is a button too. */
const PLACES = [
  [/aipctl policy trust/, "Look at the policies", ["policies"]],
  [/aipctl tools/, "Look at the tools", ["servers"]],
  [/put aip in front with:/, "Look at the servers", ["servers"]],
  [/command(s)? (was|were) refused/, "Look at what was refused", ["activity"], { event: "COMMAND_REFUSED", kinds: "event" }],
];

function Attention({ status }) {
  const lines = [...(status?.attention ?? []), ...(status?.unwrapped ?? []).map(unwrapped)];
  if (!lines.length) return null;
  return html`<section aria-labelledby="attention-title" class="attention">
    <div class="section-head"><h2 id="attention-title">Needs attention</h2></div>
    <ul>
      ${lines.map((line) => {
        const place = PLACES.find(([pattern]) => pattern.test(line));
        return html`<li>
          <span class="attention-text"><${Told} text=${line} /></span>
          ${place ? html`<a class="button small" href=${link(place[2], place[3])}>${place[1]}</a>` : null}
        </li>`;
      })}
    </ul>
  </section>`;
}

/** The override that is in force, across the page, with the way back. */
export function OverrideBand() {
  const { status } = useLive();
  const mode = status?.override ?? "none";
  if (mode === "none") return null;
  const until = status.override_until ? ` until ${new Date(status.override_until).toLocaleTimeString()}` : "";
  const text =
    mode === "deny_all"
      ? `Stopped${until}: every call is refused.`
      : `Paused${until}: what policies refuse is recorded and let through.`;
  const resume = async () => {
    await post("/override", { mode: "none" });
    await live.refresh();
  };
  return html`<div class=${`band ${mode}`} role="status"><b>${text}</b> <${Act} label="Resume" run=${resume} /></div>`;
}

function Day() {
  const { stats } = useLive();
  if (!stats) return null;
  const sum = totals(stats);
  return html`<section aria-labelledby="day-title">
    <h2 id="day-title" class="minor">Last 24 hours</h2>
    <dl class="sums">
      <div><dt>calls</dt><dd>${number(sum.calls)}</dd></div>
      <div><dt>refused</dt><dd>${number(sum.refused)}</dd></div>
      <div><dt>median to decide</dt><dd>${sum.p50 === null ? "–" : span(sum.p50)}</dd></div>
    </dl>
    ${sum.calls ? html`<${Chart} stats=${stats} step=${3600} what="calls" height=${90} />` : null}
    ${sum.refused ? html`<${Chart} stats=${stats} step=${3600} what="refused" height=${60} />` : null}
    ${sum.p50 === null ? null : html`<${Chart} stats=${stats} step=${3600} what="latency" height=${80} />`}
    ${stats.complete ? null : html`<p class="soft">Still counting: up to record ${number(stats.indexed_to)}.</p>`}
  </section>`;
}

const HOW_MANY = ["No session runs", "1 session runs"];

function Sessions({ status }) {
  const sessions = status?.sessions ?? [];
  return html`<section aria-labelledby="sessions-title">
    <h2 id="sessions-title" class="minor">${HOW_MANY[sessions.length] ?? `${sessions.length} sessions run`}</h2>
    <ul class="sessions">
      ${sessions.map(
        (it) => html`<li>
          <a href=${link(["activity"], { session: it.id })}><b><${Shown} text=${it.server} most=${40} /></b></a>
          <span class="soft"> for <${Shown} text=${baseName(it.client)} most=${40} />, ${ago(it.started, Date.now())}</span>
          <div class="soft">${number(it.calls)} calls, ${number(it.refused)} refused${it.mode === "monitor" ? ", monitor mode" : ""}</div>
        </li>`,
      )}
    </ul>
  </section>`;
}
