// What decides: each policy as it is in force, what its rules did lately, and the version that
// waits for you.

import { html } from "../ui.js";
import * as api from "../api.js";
import { live } from "../live.js";
import { around, difference } from "../lib/diff.js";
import { link, params } from "../lib/route.js";
import { number } from "../lib/series.js";
import { baseName } from "../lib/shown.js";
import { ago, whole } from "../lib/when.js";
import { useLive } from "./hooks.js";
import { Act, Command, Diff, Empty, Hash, Shown, Told, useAsked } from "./parts.js";
import { TryCall, TryChange } from "./trying.js";

export function Policies({ query }) {
  const { policies, status } = useLive();
  const shown = policies.find((it) => it.path === query.path) ?? policies.find((it) => it.pending) ?? policies[0];
  return html`<div>
    <h1>Policies</h1>
    ${
      shown
        ? html`<${Chooser} policies=${policies} shown=${shown} /><${Policy} key=${shown.path} policy=${shown} status=${status} />`
        : html`<${Empty} title="No policy is in use.">
            <p>A policy is a YAML file of yours. Check one, and wrap a server with it:</p>
            <${Command} text="aip --policy agent.yaml --validate" />
            <${Command} text="aip --policy agent.yaml -- npx -y @modelcontextprotocol/server-everything" />
          </${Empty}>`
    }
  </div>`;
}

function Chooser({ policies, shown }) {
  if (policies.length < 2) return null;
  return html`<nav aria-label="Policies" class="chooser">${policies.map(
    (it) => html`<a href=${link(["policies"], { path: it.path })} aria-current=${it.path === shown.path ? "page" : undefined} title=${it.path}>
      <${Shown} text=${it.name || baseName(it.path)} most=${40} />${it.pending ? html`<span class="dot" title="has a version that waits">!</span>` : null}</a>`,
  )}</nav>`;
}

function Policy({ policy, status }) {
  const users = (status?.sessions ?? []).filter((it) => it.policy === policy.path).length;
  return html`<div>
    <section class="panel">
      <div class="section-head"><h2><${Shown} text=${policy.name} most=${80} /></h2><span class="push-right soft"><${Hash} text=${policy.hash} /></span></div>
      <p class="soft"><code class="break"><${Shown} text=${policy.path} /></code></p>
      <p>In force since ${whole(policy.since)} (${ago(policy.since, Date.now())}), for ${users === 1 ? "1 session that runs" : `${users} sessions that run`}.
        ${" "}<${Act} kind="small quiet" label="Look at the file again" run=${reload} /></p>
    </section>
    <${Pending} policy=${policy} />
    <${Source} policy=${policy} />
    <${TryCall} policy=${policy} />
    <${TryChange} policy=${policy} />
  </div>`;
}

async function reload() {
  await api.post("/policies/reload");
  await live.refresh();
}

/** A newer version that counts only once a person says so. */
function Pending({ policy }) {
  if (!policy.pending) return null;
  const { hash, text, why } = policy.pending;
  const trust = async () => {
    await api.post("/policies/trust", { path: policy.path, hash });
    await live.refresh();
  };
  return html`<section class="panel note warn" aria-labelledby="pending-title">
    <h2 id="pending-title">A version waits for you</h2>
    <p><${Told} text=${why} /></p>
    <${Diff} lines=${around(difference(policy.text, text))} label="What would change" />
    ${
      hash
        ? html`<p class="row"><${Act} key=${hash} kind="primary" label="Trust this version" confirm="It is in force from then on." run=${trust} /> <span class="soft">or <code>aipctl policy trust</code></span></p>`
        : html`<p>It can't be put in force as it is: correct the file.</p>`
    }
  </section>`;
}

/** The text, with what each rule did lately beside its line. */
function Source({ policy }) {
  const path = `/policies/rules?${params({ path: policy.path, hours: 168 })}`;
  const asked = useAsked(() => api.get(path), `${path} ${policy.hash}`);
  const byLine = new Map();
  for (const rule of asked.value?.items ?? []) byLine.set(rule.line, [...(byLine.get(rule.line) ?? []), rule]);
  const lines = policy.text.replace(/\n$/, "").split("\n");
  return html`<section class="part" aria-labelledby="source-title">
    <div class="section-head"><h2 id="source-title">What it says</h2><span class="soft">beside it: calls under this version in the last 7 days${asked.value?.more ? `, of the newest ${number(asked.value.looked_at)} decisions` : ""}</span></div>
    ${asked.error ? html`<p class="soft">What its rules did can't be told: ${asked.error.message}</p>` : null}
    <ol class="source">${lines.map(
      (text, at) => html`<li id=${`line-${at + 1}`}><code><${Shown} text=${text || " "} /></code>${(byLine.get(at + 1) ?? []).map((it) => html`<${Did} rule=${it} />`)}</li>`,
    )}</ol>
  </section>`;
}

/** Whether an entry names one tool, so that its calls can be looked for. */
const oneTool = (rule) => /^(tool_rules|allowed_tools|denied_tools)$/.test(rule.list) && !rule.written.includes("*");

function Did({ rule }) {
  if (!rule.calls && !rule.refused && !rule.asked) return html`<span class="did soft">no calls</span>`;
  const parts = [`${number(rule.calls)} ${rule.calls === 1 ? "call" : "calls"}`];
  if (rule.refused) parts.push(`${number(rule.refused)} refused`);
  if (rule.asked) parts.push(`${number(rule.asked)} asked`);
  const text = parts.join(", ");
  const last = rule.last ? `last ${ago(rule.last, Date.now())}` : "";
  if (!oneTool(rule)) return html`<span class="did" title=${last}>${text}</span>`;
  return html`<a class="did" title=${last} href=${link(["activity"], { tool: rule.written, since: "7d" })}>${text}</a>`;
}
