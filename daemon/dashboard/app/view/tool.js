// One tool's definition: as it was approved, as it is listed now, and what differs.

import { html, useState } from "../ui.js";
import * as api from "../api.js";
import { around, difference } from "../lib/diff.js";
import { laidOut } from "../lib/json.js";
import { link, params } from "../lib/route.js";
import { whole } from "../lib/when.js";
import { state } from "../lib/words.js";
import { useLive } from "./hooks.js";
import { Act, Copy, Diff, Json, Mark, Pending, Shown, useAsked } from "./parts.js";
import { Findings, approve } from "./servers.js";

export function Tool({ id, name }) {
  const { servers, status } = useLive();
  const server = servers.find((it) => it.id === id);
  const tool = server?.tools.find((it) => it.tool === name);
  if (!status) return html`<p class="soft">Loading…</p>`;
  if (!tool) return html`<p>There is no such tool any more. <a href=${link(["servers"])}>All servers</a></p>`;
  const { tone, means } = state(tool.state);
  return html`<div>
    <p><a href=${link(["servers"])}>← Servers and tools</a></p>
    <h1 class="story-title"><${Shown} text=${server.server} />: <${Shown} text=${tool.tool} /></h1>
    <p><${Mark} tone=${tone} word=${means} /><span class="soft">; first seen ${whole(tool.first_seen)}, last ${whole(tool.last_seen)}</span>
      ${" "}<a href=${link(["activity"], { tool: tool.tool, server: server.server })}>Its calls</a></p>
    <${Findings} findings=${tool.findings} of="Definition" />
    <${Definition} key=${tool.hash} server=${server} tool=${tool} />
  </div>`;
}

function Definition({ server, tool }) {
  const path = `/servers/${encodeURIComponent(server.id)}/definitions?${params({ tool: tool.tool })}`;
  const asked = useAsked(() => api.list(path), `${path} ${tool.hash} ${tool.approved_hash}`);
  const definition = asked.value?.[0];
  if (!definition) return html`<${Pending} asked=${asked} />`;
  return html`<div>
    ${tool.state === "approved" ? null : html`<${Changed} server=${server} tool=${tool} definition=${definition} />`}
    <section class="part">
      <h2 class="minor">${tool.state === "removed" ? "As it was approved" : "As it is listed now"}</h2>
      <${Json} text=${(tool.state === "removed" ? definition.approved : definition.listed) || '"too long to be kept"'} label="Definition" />
    </section>
    <${Hashes} hashes=${definition.schema_hashes} />
  </div>`;
}

function Changed({ server, tool, definition }) {
  const [all, setAll] = useState(false);
  const lines = definition.approved && definition.listed ? difference(laid(definition.approved), laid(definition.listed)) : null;
  // What is approved is what stands here, by the hash that came with it.
  const asShown = (definition.hash ?? null) === (tool.hash ?? null);
  const differs = lines?.some((it) => it.kind !== "same");
  return html`<section class="part">
    <h2 class="minor">What changed</h2>
    ${lines && differs ? html`<${Diff} lines=${all ? lines : around(lines)} label="Before and after" />
      <button class="small quiet" onClick=${() => setAll(!all)}>${all ? "Only what changed" : "The whole definition"}</button>` : null}
    ${lines && !differs ? html`<p class="note">What differs was redacted, so it can't be shown.</p>` : null}
    ${lines ? null : html`<p class="note">${missing(tool, definition)}</p>`}
    <p class="row">
      <${Act} key=${definition.hash} kind="primary" label=${tool.state === "removed" ? "Approve that it is gone" : "Approve this definition"}
        confirm="It counts as you see it here." disabled=${!asShown} run=${() => approve(server, [{ tool: tool.tool, hash: definition.hash ?? null }], false)} />
      <span class="soft">Under <code>pinning: block</code> it is hidden and refused until then.</span>
    </p>
  </section>`;
}

/** Two definitions compare by their members, whatever their order. */
const laid = (text) => laidOut(text, { sorted: true });

function missing(tool, definition) {
  if (tool.state === "new") return "It came after the server's tools were pinned; there is nothing to compare it with.";
  if (tool.state === "removed") return "The server lists it no more.";
  return definition.approved ? "The definition listed now was too long to be kept." : "The one approved was too long to be kept.";
}

function Hashes({ hashes }) {
  if (!hashes?.length) return null;
  return html`<section class="part"><h2 class="minor">For a policy's <code>schema_hash</code></h2>
    <ul class="plain">${hashes.map((it) => html`<li class="row"><code class="break">${it}</code><${Copy} text=${it} /></li>`)}</ul>
  </section>`;
}
