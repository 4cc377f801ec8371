// What runs behind aip: each server, its sessions, its tools and how they stand; and what was
// allowed for longer.

import { html } from "../ui.js";
import * as api from "../api.js";
import { live } from "../live.js";
import { link } from "../lib/route.js";
import { number } from "../lib/series.js";
import { baseName } from "../lib/shown.js";
import { ago, whole } from "../lib/when.js";
import { which } from "../lib/grant.js";
import { CONFIGURED, finding, state } from "../lib/words.js";
import { Act, Command, Empty, Mark, Pending, Shown, useAsked } from "./parts.js";
import { useLive } from "./hooks.js";

export function Servers() {
  const { servers, status } = useLive();
  return html`<div>
    <h1>Servers and tools</h1>
    ${
      servers.length
        ? [...servers].sort(heldFirst).map((it) => html`<${Server} key=${it.id} server=${it} sessions=${sessionsOf(it, status)} />`)
        : html`<${Empty} title="No server has run through aip yet.">
            <p>Put <code>aip</code> in front of one:</p>
            <${Command} text="aip --policy agent.yaml -- npx -y @modelcontextprotocol/server-everything" />
          </${Empty}>`
    }
    <${Configured} />
    <${Grants} />
  </div>`;
}

/** What clients' configurations name, behind aip or not. */
function Configured() {
  const asked = useAsked(() => api.list("/clients"), "clients");
  return html`<section aria-labelledby="configured-title" class="part">
    <h2 id="configured-title">In clients' configurations</h2>
    ${asked.value ? html`<${ConfiguredList} servers=${asked.value} />` : html`<${Pending} asked=${asked} />`}
  </section>`;
}

const ranks = { unwrapped: 0, broken: 1, remote: 2, own: 3, wrapped: 4, disabled: 5 };

function ConfiguredList({ servers }) {
  if (!servers.length) return html`<p class="soft">No client's configuration with servers was found on this machine.</p>`;
  const sorted = [...servers].sort((a, b) => (ranks[a.state] ?? 9) - (ranks[b.state] ?? 9) || a.file.localeCompare(b.file));
  return html`<ul class="grants">${sorted.map((it) => {
    const { word, tone } = CONFIGURED[it.state] ?? { word: String(it.state), tone: "warn" };
    return html`<li>
      <div><b><${Shown} text=${it.server || "the file"} most=${80} /></b> of <${Shown} text=${it.client_name} most=${60} />
        <div class="soft"><${Shown} text=${it.file} />${it.why ? html`: <${Shown} text=${it.why} most=${300} />` : null}</div>
      </div>
      <${Mark} tone=${tone} word=${it.lost ? "lost aip" : word} />
    </li>`;
  })}</ul>`;
}

/** Tools that are not as they were approved. */
export const held = (server) => server.tools.filter((it) => it.state !== "approved");
const needs = (server) => held(server).length + (server.instead_of ? 1 : 0);
const heldFirst = (a, b) => needs(b) - needs(a) || a.server.localeCompare(b.server);

function sessionsOf(server, status) {
  return (status?.sessions ?? []).filter((it) =>
    it.identity ? it.identity === server.identity && it.client === server.client : it.server === server.server && it.client === server.client,
  );
}

function Server({ server, sessions }) {
  return html`<section class="panel server" aria-label=${`Server ${server.server}`}>
    <div class="section-head">
      <h2><${Shown} text=${server.server} most=${80} /></h2>
      <span class="soft">run by <b title=${server.client}><${Shown} text=${baseName(server.client) || "a client that is not known"} most=${60} /></b></span>
      <code class="push-right soft">${server.id}</code>
    </div>
    <p class="soft">
      <${Shown} text=${server.program} />, first seen ${ago(server.first_seen, Date.now())}${server.last_listed ? `, tools last listed ${ago(server.last_listed, Date.now())}` : ", its tools were never listed"}.
    </p>
    <${Running} sessions=${sessions} />
    <${Swapped} server=${server} />
    <${Findings} findings=${server.findings} of="Its instructions" />
    <${Tools} server=${server} />
  </section>`;
}

function Running({ sessions }) {
  if (!sessions.length) return html`<p class="soft">No session runs.</p>`;
  return html`<ul class="plain">${sessions.map(
    (it) => html`<li>Runs since ${whole(it.started)} in <${Shown} text=${it.cwd} />: <a href=${link(["activity"], { session: it.id })}>${number(it.calls)} calls</a>, ${number(it.refused)} refused, policy <${Shown} text=${it.policy_name ?? "none: every call is refused"} />${it.mode === "monitor" ? " (monitor mode)" : ""}</li>`,
  )}</ul>`;
}

/** Another command runs under a name that was known. */
function Swapped({ server }) {
  if (!server.instead_of) return null;
  const { program, at } = server.instead_of;
  return html`<div class="note warn">
    <p><b>Another command than before.</b> Until ${whole(at)} this name stood for <code><${Shown} text=${program} /></code>, now for <code><${Shown} text=${server.program} /></code>.</p>
    <${Act} key=${`${server.instead_of.identity} ${shownAs(held(server))}`} label="Approve the command and its tools" confirm="Only if you changed it yourself." run=${() => approve(server, held(server), true)} />
  </div>`;
}

/** A question that was asked of other definitions is asked anew. */
const shownAs = (tools) => tools.map((it) => `${it.tool} ${it.hash}`).join("\n");

/** Approves definitions as they were shown: the daemon refuses where they are others by now. */
export async function approve(server, tools, all) {
  await api.post(`/servers/${encodeURIComponent(server.id)}/approve`, {
    tools: tools.map((it) => ({ tool: it.tool, hash: it.hash ?? null })),
    all,
  });
  await live.refresh();
}

export function Findings({ findings, of }) {
  if (!findings?.length) return null;
  return html`<ul class="findings" aria-label="Findings">${findings.map(
    (it) => html`<li><${Mark} tone="warn" word=${of} />: ${finding(it.finding)} <span class="soft">(at <code><${Shown} text=${it.place} /></code>)</span></li>`,
  )}</ul>`;
}

const order = { changed: 0, new: 1, removed: 2, approved: 3 };

function Tools({ server }) {
  const waits = held(server);
  const tools = [...server.tools].sort((a, b) => order[a.state] - order[b.state] || a.tool.localeCompare(b.tool));
  if (!tools.length) return html`<p class="soft">It has listed no tools.</p>`;
  return html`<div>
    ${
      waits.length > 1
        ? html`<p>${waits.length} tools are not as approved. <${Act} key=${shownAs(waits)} kind="small" label="Approve all" confirm="All of them, as they were last listed?" run=${() => approve(server, waits, false)} /></p>`
        : null
    }
    <ul class="tools">
      ${tools.map((it) => {
        const { word, tone } = state(it.state);
        return html`<li><a href=${link(["servers", server.id, it.tool])} class="tool">
          <span class="tool-name"><${Shown} text=${it.tool} most=${80} /></span>
          ${it.state === "approved" ? html`<span class="soft">approved</span>` : html`<${Mark} tone=${tone} word=${word} />`}
          ${it.findings?.length ? html`<${Mark} tone="warn" word=${it.findings.length === 1 ? "1 finding" : `${it.findings.length} findings`} />` : null}
        </a></li>`;
      })}
    </ul>
  </div>`;
}

function Grants() {
  const asked = useAsked(() => api.list("/grants"), "grants");
  return html`<section aria-labelledby="grants-title" class="part">
    <h2 id="grants-title">Allowed for longer</h2>
    ${asked.value ? html`<${GrantList} grants=${asked.value} again=${asked.again} />` : html`<${Pending} asked=${asked} />`}
  </section>`;
}

function GrantList({ grants, again }) {
  if (!grants.length) {
    return html`<p class="soft">Nothing. A call that waits can be allowed for longer with <b>Allow…</b>, or by <code>aipctl approve ID --for session</code>.</p>`;
  }
  const revoke = async (id) => {
    await api.remove(`/grants/${encodeURIComponent(id)}`);
    again();
  };
  return html`<ul class="grants">${grants.map(
    (it) => html`<li>
      <div><b><${Shown} text=${`${it.server}: ${it.tool}`} most=${120} /></b>, <${Shown} text=${which(it)} most=${300} />
        <div class="soft">${ends(it)}; used ${it.uses === 1 ? "once" : `${number(it.uses)} times`}${it.used ? `, last ${ago(it.used, Date.now())}` : ""}; for <${Shown} text=${baseName(it.client)} />; <code>${it.id}</code></div>
      </div>
      <${Act} kind="small" label="Revoke" run=${() => revoke(it.id)} />
    </li>`,
  )}</ul>`;
}

function ends(grant) {
  if (grant.until) return `until ${whole(grant.until)}`;
  return grant.lasts === "session" ? "until its session ends" : "until you revoke it";
}
