// Allowing more than one call. What it would be is shown before it can be confirmed, and what is
// confirmed is what was shown: the daemon refuses another one.

import { html, useEffect, useMemo, useState } from "../ui.js";
import { post } from "../api.js";
import { LASTS, choices, folderOf, lasting, prefixOf, wanted, which, yaml } from "../lib/grant.js";
import { visible } from "../lib/shown.js";
import { whole } from "../lib/when.js";
import { Act, Json, Shown, Trouble } from "./parts.js";

/** How long typing rests before the plan is asked for, in ms. */
const REST = 300;

const KINDS = {
  value: "is the same",
  folder: "is in the folder",
  host: "is at the same host",
  prefix: "begins with",
};

export function GrantForm({ ask, done }) {
  const args = useMemo(() => choices(ask.args), [ask.args]);
  const [choice, setChoice] = useState({ kind: "call" });
  const [lasts, setLasts] = useState("session");
  const [plan, setPlan] = useState(null);
  const wish = () => ({ what: wanted(choice), lasts: lasting(lasts, Date.now()) });
  useEffect(() => {
    let here = true;
    setPlan(null);
    const timer = setTimeout(async () => {
      const grant = wish();
      const got = await post(`/approvals/${ask.id}/plan`, { grant }).catch((error) => ({ error }));
      if (here) setPlan({ ...got, wish: grant });
    }, REST);
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [ask.id, JSON.stringify(choice), lasts]);
  const allow = async () => {
    const grant = { ...plan.wish, shown: plan.grant.print };
    await post(`/approvals/${ask.id}/answer`, { allow: true, grant });
    done();
  };
  const ready = plan && !plan.error;
  return html`<section class="grant-form" aria-label="Allow more than this call">
    <${Which} ask=${ask} args=${args} choice=${choice} setChoice=${setChoice} />
    <${Howlong} id=${ask.id} lasts=${lasts} setLasts=${setLasts} />
    ${plan === null ? html`<p class="soft" aria-busy="true">Looking at what it would allow…</p>` : null}
    ${plan?.error ? html`<${Trouble} text=${plan.error.message} />` : null}
    ${ready ? html`<${Plan} plan=${plan} />` : null}
    <div class="row">
      <button onClick=${done}>Cancel</button>
      <${Act} kind="primary" label="Allow these calls" disabled=${!ready} run=${allow} />
    </div>
  </section>`;
}

function Which({ ask, args, choice, setChoice }) {
  const name = `what-${ask.id}`;
  const radio = (kind, label, usable = true) => html`<label class="option">
    <input type="radio" name=${name} checked=${group(choice) === kind} disabled=${!usable}
      onChange=${() => setChoice(kind === "argument" ? first(args) : { kind })} />
    <span>${label}</span>
  </label>`;
  return html`<fieldset>
    <legend>Which calls</legend>
    ${radio("call", "This exact call: the very same arguments")}
    ${radio("tool", html`Any call of <b><${Shown} text=${ask.tool} most=${80} /></b>`)}
    ${radio("argument", "Calls in which an argument…", args.length > 0)}
    ${group(choice) === "argument" ? html`<${Argument} args=${args} choice=${choice} setChoice=${setChoice} />` : null}
  </fieldset>`;
}

const group = (choice) => (choice.kind === "call" || choice.kind === "tool" ? choice.kind : "argument");
const first = (args) => ({ kind: "value", argument: args[0].name });

/** Which argument, and what it has to be. The narrowest is offered first. */
function Argument({ args, choice, setChoice }) {
  const about = args.find((it) => it.name === choice.argument) ?? args[0];
  const turn = (kind) => {
    const text = kind === "folder" ? folderOf(about.text) : kind === "prefix" ? prefixOf(about.text) : undefined;
    setChoice({ kind, argument: about.name, text });
  };
  return html`<div class="argument">
    <select aria-label="The argument" value=${about.name} onChange=${(it) => setChoice({ kind: "value", argument: it.target.value })}>
      ${args.map((it) => html`<option value=${it.name}>${visible(it.name)}</option>`)}
    </select>
    <select aria-label="What it has to be" value=${choice.kind} onChange=${(it) => turn(it.target.value)}>
      ${about.kinds.map((it) => html`<option value=${it}>${KINDS[it]}</option>`)}
    </select>
    ${
      choice.text === undefined
        ? html`<code class="value"><${Shown} text=${about.raw} most=${200} /></code>`
        : html`<input type="text" aria-label="Folder or beginning" spellcheck=${false} value=${choice.text}
            onInput=${(it) => setChoice({ ...choice, text: it.target.value })} />`
    }
  </div>`;
}

function Howlong({ id, lasts, setLasts }) {
  return html`<fieldset class="howlong">
    <legend>For how long</legend>
    ${LASTS.map(
      ([word, label]) => html`<label class="option">
        <input type="radio" name=${`lasts-${id}`} checked=${lasts === word} onChange=${() => setLasts(word)} />
        <span>${label}</span>
      </label>`,
    )}
  </fieldset>`;
}

function Plan({ plan }) {
  const calls = (count) => (count === 1 ? "1 recorded call" : `${count} recorded calls`);
  const { grant } = plan;
  return html`<div class="plan">
    <p><b>Not asked about again</b>: <${Shown} text=${`${grant.server}: ${grant.tool}`} />, <${Shown} text=${which(grant)} />${until(grant)}.</p>
    <pre class="yaml" aria-label="The grant as YAML">${yaml(grant)}</pre>
    <p>It would have allowed ${calls(plan.would_allow)} that you or a grant decided${plan.examples?.length ? ", the newest:" : "."}</p>
    <ul class="examples">
      ${(plan.examples ?? []).map(
        (it) => html`<li><span class="soft">${whole(it.timestamp)} ${it.decision}</span><${Json} text=${it.args} label="Arguments of a past call" /></li>`,
      )}
    </ul>
    ${plan.untold ? html`<p class="soft">Of ${calls(plan.untold)} it can't be told: their arguments were redacted, erased or not kept.</p>` : null}
    ${plan.more ? html`<p class="soft">Only the newest ${plan.looked_at} records of this tool were looked at.</p>` : null}
  </div>`;
}

function until(grant) {
  if (grant.until) return `, until ${whole(grant.until)}`;
  return grant.lasts === "session" ? ", in this session" : ", until you revoke it";
}
