// Trying things out without anything happening: a call against a policy, and a change of it.

import { html, useEffect, useRef, useState } from "../ui.js";
import * as api from "../api.js";
import { around, difference } from "../lib/diff.js";
import { read } from "../lib/json.js";
import { verdict } from "../lib/words.js";
import { live } from "../live.js";
import { Diff, Mark, Shown, Told, Trouble } from "./parts.js";
import { Trace } from "./story.js";

/** How long typing rests before it is checked, in ms. */
const REST = 400;

/** What a policy would decide. Nothing is called and nothing is recorded. */
export function TryCall({ policy, text }) {
  const title = text === undefined ? "Try a call" : "Try a call on your change";
  const list = text === undefined ? "known-tools" : "known-tools-too";
  const [tool, setTool] = useState("");
  const [args, setArgs] = useState("{}");
  const [said, setSaid] = useState(null);
  const go = async (event) => {
    event.preventDefault();
    if (read(args)?.kind !== "object") {
      setSaid({ error: new Error('The arguments have to be a JSON object, such as {"path": "/tmp/a"}.') });
      return;
    }
    const body = { ...(text === undefined ? { path: policy.path } : { text }), method: "tools/call", tool, arguments: JSON.parse(args) };
    setSaid(await api.post("/policies/explain", body).catch((error) => ({ error })));
  };
  const known = [...new Set(live.servers.flatMap((it) => it.tools.map((one) => one.tool)))];
  return html`<section class="part" aria-label=${title}>
    <h2>${title}</h2>
    <form class="try" onSubmit=${go}>
      <label class="field"><span>Tool</span>
        <input type="text" required list=${list} value=${tool} spellcheck=${false} onInput=${(it) => setTool(it.target.value)} />
        <datalist id=${list}>${known.map((it) => html`<option value=${it}></option>`)}</datalist></label>
      <label class="field grow"><span>Arguments, as JSON</span>
        <textarea rows="3" spellcheck=${false} value=${args} onInput=${(it) => setArgs(it.target.value)}></textarea></label>
      <button>What would be decided?</button>
    </form>
    ${said ? html`<${Decided} said=${said} />` : null}
  </section>`;
}

function Decided({ said }) {
  if (said.error) return html`<${Trouble} text=${said.error.message} />`;
  if (!said.decision) return html`<${Trouble} text="The policy can't be used as it is: see what is wrong with it above." />`;
  const { word, tone } = said.decision === "ASK" ? { word: "You would be asked", tone: "warn" } : verdict({ decision: said.decision });
  return html`<div class="decided" role="status">
    <p><${Mark} tone=${tone} word=${word} /> ${said.reason ? html`<${Shown} text=${said.reason} />` : null}${said.error_code ? html` <code>${said.error_code}</code>` : null}
      ${said.line && !said.layer ? html` <a href=${`#line-${said.line}`} onClick=${(it) => toLine(it, said.line)}>line ${said.line}</a>` : null}
      ${said.line && said.layer ? html` <span>line ${said.line} of <${Shown} text=${said.layer} /></span>` : null}</p>
    ${said.detail && said.detail !== said.reason ? html`<p><${Shown} text=${said.detail} /></p>` : null}
    <${Trace} trace=${{ lines: said.trace ?? [] }} />
    ${(said.notes ?? []).map((it) => html`<p class="soft"><${Told} text=${it} /></p>`)}
  </div>`;
}

function toLine(event, line) {
  event.preventDefault();
  document.getElementById(`line-${line}`)?.scrollIntoView({ block: "center" });
}

/** An editor that changes nothing: what the text would mean, checked as it is typed. */
export function TryChange({ policy }) {
  const [text, setText] = useState(policy.text);
  const [said, setSaid] = useState(null);
  const area = useRef(null);
  useEffect(() => {
    let here = true;
    const timer = setTimeout(async () => {
      const got = await api.post("/policies/validate", { text, path: policy.path }).catch((error) => ({ error }));
      if (here) setSaid(got);
    }, REST);
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [text, policy.path]);
  const changed = text !== policy.text;
  return html`<section class="part" aria-labelledby="try-change">
    <h2 id="try-change">Try a change</h2>
    <p class="soft">Nothing here is saved: your file stays as it is. Once it is right, put it into the file.</p>
    <${Editor} text=${text} setText=${setText} area=${area} marks=${marksOf(said)} />
    <${Checked} said=${said} area=${area} text=${text} />
    ${changed ? html`<${Diff} lines=${around(difference(policy.text, text))} label="Your change" />
      <p class="row"><button onClick=${() => setText(policy.text)}>Back to what is in force</button></p>
      <${TryCall} policy=${policy} text=${text} />` : null}
  </section>`;
}

/** The worst of each line. */
function marksOf(said) {
  const marks = new Map();
  for (const it of said?.diagnostics ?? []) {
    if (it.line && marks.get(it.line) !== "error") marks.set(it.line, it.severity);
  }
  return marks;
}

function Editor({ text, setText, area, marks }) {
  const lines = text.split("\n");
  const gutter = useRef(null);
  const follow = (event) => (gutter.current.scrollTop = event.target.scrollTop);
  return html`<div class="editor">
    <div class="gutter" ref=${gutter} aria-hidden="true">${lines.map((_, at) => html`<div class=${marks.get(at + 1) ?? ""}>${at + 1}</div>`)}</div>
    <textarea ref=${area} aria-label="The policy's text" aria-describedby="checked" wrap="off" spellcheck=${false} autocapitalize="off"
      rows=${Math.min(30, Math.max(8, lines.length + 1))} value=${text} onInput=${(it) => setText(it.target.value)} onScroll=${follow}></textarea>
  </div>`;
}

function Checked({ said, area, text }) {
  const list = said?.diagnostics ?? [];
  const go = (it) => () => jump(area.current, text, it.line, it.column);
  return html`<div id="checked" class="checked" role="status">
    ${said?.error ? html`<${Trouble} text=${said.error.message} />` : null}
    ${said && !said.error ? html`<p>${said.valid ? html`<${Mark} tone="good" word="Valid" />` : html`<${Mark} tone="bad" word="Not valid" />`}</p>` : null}
    <ul class="plain">${list.map(
      (it) => html`<li class="diagnostic">
        <${Mark} tone=${it.severity === "error" ? "bad" : "warn"} word=${it.severity === "error" ? "Error" : "Warning"} />
        ${it.line ? html` <button class="small quiet" onClick=${go(it)}>line ${it.line}${it.column ? `, column ${it.column}` : ""}</button>` : null}
        ${" "}<${Told} text=${it.message} />${it.help ? html`<div class="soft"><${Told} text=${it.help} /></div>` : null}
      </li>`,
    )}</ul>
  </div>`;
}

/** Puts the cursor where a diagnostic is. */
function jump(area, text, line, column) {
  const before = text.split("\n").slice(0, line - 1);
  const at = before.reduce((all, it) => all + it.length + 1, 0) + Math.max(0, (column ?? 1) - 1);
  area.focus();
  area.setSelectionRange(at, at);
}
