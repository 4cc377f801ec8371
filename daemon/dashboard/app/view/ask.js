// One call that waits for a person: a sentence, the facts, the choice. Deny comes first, whatever
// is not shown whole can only be denied, and what has just slid under the finger is not answered.

import { html, useRef, useState } from "../ui.js";
import { post } from "../api.js";
import { live } from "../live.js";
import { baseName, edges } from "../lib/shown.js";
import { number } from "../lib/series.js";
import { clock, countdown } from "../lib/when.js";
import { before, channel, ended, granted } from "../lib/words.js";
import { GrantForm } from "./grantform.js";
import { useNow } from "./hooks.js";
import { Act, Json, Mark, Shown } from "./parts.js";

/** How long a card must have been where it is before it can be allowed, in ms. */
const SETTLE = 500;

export function Ask({ ask }) {
  const [wide, setWide] = useState(false);
  const [whole, setWhole] = useState(!edges(ask.args));
  const over = Boolean(ask.over);
  return html`<article class=${`ask ${over ? "over" : ""}`} aria-label=${sentence(ask)} data-ask=${ask.id}>
    <h3 class="ask-sentence">
      <b><${Shown} text=${baseName(ask.client)} most=${60} /></b>
      ${ask.project ? html` <span class="soft">(project <i><${Shown} text=${baseName(ask.project)} most=${60} /></i>)</span>` : null}
      ${" wants "}<b><${Shown} text=${ask.server} />: <${Shown} text=${ask.tool} /></b>
    </h3>
    <p class="ask-why">Asked because: <${Shown} text=${ask.because} />. ${before(ask)}</p>
    <div class="ask-args">
      <${Json} text=${ask.args} whole=${whole} onWhole=${() => setWhole(true)} label="Arguments" />
    </div>
    ${over ? html`<${Over} ask=${ask} />` : html`<${Choice} ask=${ask} whole=${whole} setWhole=${setWhole} wide=${wide} setWide=${setWide} />`}
    ${wide && !over ? html`<${GrantForm} ask=${ask} done=${() => setWide(false)} />` : null}
    <p class="ask-facts soft">
      <${Shown} text=${ask.client} /> in <${Shown} text=${ask.project || "no folder that is known"} />,
      asked at ${clock(ask.asked, Date.now())} under the id <code>${ask.id}</code>
    </p>
  </article>`;
}

/** The sentence as one text, for those who hear it. */
export function sentence(ask) {
  const project = ask.project ? ` (project ${baseName(ask.project)})` : "";
  return `${baseName(ask.client)}${project} wants ${ask.server}: ${ask.tool}`;
}

/** Whether the page has lain still for long enough for a click to be meant. */
const settled = () => Date.now() - live.movedAt > SETTLE;

function Choice({ ask, whole, setWhole, wide, setWide }) {
  const pressed = useRef(0);
  const answer = (allow) => async () => {
    if (allow && !settled()) throw new Error("This call has only just appeared here: look at it, then press again.");
    pressed.current = Date.now();
    await post(`/approvals/${ask.id}/answer`, { allow });
  };
  const away = ask.state === "away";
  return html`<div class="ask-choice" role="group" aria-label="Your answer">
    <${Act} kind="primary deny" label="Deny" run=${answer(false)} />
    ${whole ? null : html`<button onClick=${() => setWhole(true)}>Show all ${number(ask.args.length)} characters</button>`}
    <${Act} label="Allow once" disabled=${!whole || away} run=${answer(true)} />
    <button disabled=${!whole || away} aria-expanded=${wide} onClick=${() => setWide(!wide)}>Allow…</button>
    <${Left} ask=${ask} />
    ${whole ? null : html`<p class="soft">Not all of it is shown, so it can only be denied until you have looked.</p>`}
    ${live.status?.needs_password ? html`<p class="soft">Allowing asks for your system's password, in a window of its own.</p>` : null}
    ${away ? html`<p class="soft">${ended("away")}.</p>` : null}
  </div>`;
}

/** How long is left, and more of it, once. */
function Left({ ask }) {
  const now = useNow(250);
  const left = new Date(ask.deadline).getTime() - now;
  const asked = new Date(ask.asked).getTime();
  const all = Math.max(1, new Date(ask.deadline).getTime() - asked);
  return html`<span class="ask-left">
    <span class=${left < 15_000 ? "soon" : ""}>Denies itself in <span class="figures">${countdown(left)}</span></span>
    <progress max="1" value=${Math.max(0, left / all)} aria-hidden="true"></progress>
    ${
      ask.extended
        ? html`<span class="soft">extended</span>`
        : html`<${Act} kind="quiet" label="More time" run=${() => post(`/approvals/${ask.id}/extend`)} />`
    }
  </span>`;
}

/** How it ended, and by which way, also where that was elsewhere. */
function Over({ ask }) {
  const tone = ask.state === "allowed" ? "good" : ask.state === "denied" || ask.state === "expired" ? "bad" : "plain";
  const by = channel(live.channelOf(ask.id));
  const grant = live.grantOf(ask.id);
  const more = grant ? `, and from now on: ${granted(grant)}` : "";
  return html`<p class="ask-over" role="status"><${Mark} tone=${tone} word=${`${ended(ask.state)}${by && ` ${by}`}`} /><${Shown} text=${more} /></p>`;
}
