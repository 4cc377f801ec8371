// What happens, as it happens: newest on top, still while it is being read.

import { html, useEffect, useRef, useState } from "../ui.js";
import { live } from "../live.js";
import { link } from "../lib/route.js";
import { number } from "../lib/series.js";
import { baseName, shortened } from "../lib/shown.js";
import { clock, span } from "../lib/when.js";
import { verdict, what, why } from "../lib/words.js";
import { Command, Empty, Mark, Shown } from "./parts.js";
import { useLive } from "./hooks.js";

/** The longest line of arguments in a row, in characters. */
const LINE = 200;

export function Feed() {
  const { rows, came } = useLive();
  const [button, setButton] = useState(false);
  const [over, setOver] = useState(false);
  const [below, setBelow] = useState(false);
  const held = useRef(null);
  const list = useRef(null);
  useEffect(() => watchScroll(list, setBelow), []);
  const paused = button || over || below;
  if (!paused) held.current = null;
  else held.current ??= { rows, came };
  const shown = held.current?.rows ?? rows;
  const fresh = held.current ? came - held.current.came : 0;
  const onward = () => {
    setButton(false);
    setOver(false);
    held.current = null;
    list.current?.scrollIntoView({ block: "nearest" });
    scrollTo({ top: 0 });
  };
  return html`<section aria-labelledby="feed-title" class="feed">
    <div class="section-head">
      <h2 id="feed-title">What is happening</h2>
      ${fresh > 0 ? html`<button class="small" onClick=${onward}>${number(fresh)} new</button>` : null}
      <button class="small quiet push-right" aria-pressed=${button} onClick=${() => setButton(!button)}>${button ? "Go on" : "Pause"}</button>
    </div>
    ${shown.some((row) => row.record?.decision) ? null : html`<${FirstRun} />`}
    ${
      shown.length
        ? html`<ol class="rows" ref=${list} aria-live="off"
            onPointerEnter=${(it) => it.pointerType === "mouse" && setOver(true)} onPointerLeave=${() => setOver(false)}
            onFocusIn=${() => setOver(true)} onFocusOut=${() => setOver(false)}>
            ${shown.map((row) => html`<${Row} key=${keyOf(row)} row=${row} />`)}
          </ol>`
        : null
    }
  </section>`;
}

/** Once the top of the feed is out of sight, it stands still. */
function watchScroll(list, setBelow) {
  const look = () => {
    const top = list.current?.getBoundingClientRect().top ?? 0;
    setBelow(top < -40);
  };
  addEventListener("scroll", look, { passive: true });
  return () => removeEventListener("scroll", look);
}

const keyOf = (row) => row.record?.seq ?? `gap-${row.gap.from}`;

export function Row({ row, day }) {
  if (row.gap) return html`<${Gap} gap=${row.gap} />`;
  const { record, args, outcome } = row;
  const { word, tone } = verdict(record);
  const because = why(record);
  const name = what(record);
  return html`<li class=${`row-item ${tone} ${record.decision ? "" : "event"}`}>
    <a href=${link(["activity", String(record.seq)])}>
      <span class="row-time figures">${day ? clock(record.timestamp, day) : clock(record.timestamp, Date.now())}</span>
      <${Mark} tone=${tone} word=${word} />
      <span class="row-what">
        ${record.server ? html`<span class="soft"><${Shown} text=${record.server} most=${40} />${name ? ": " : ""}</span>` : null}
        <b><${Shown} text=${name} most=${80} /></b>
        ${args && args !== "{}" ? html` <code class="row-args"><${Shown} text=${args} most=${LINE} /></code>` : null}
        ${because ? html`<span class="row-why"><${Shown} text=${shortened(because, 300)} /></span>` : null}
      </span>
      <span class="row-end soft figures">${ending(record, outcome)}</span>
    </a>
  </li>`;
}

function ending(record, outcome) {
  if (outcome?.latency_ms !== undefined) return span(outcome.latency_ms * 1000);
  return outcome?.outcome === "not_forwarded" ? "not sent" : "";
}

function Gap({ gap }) {
  const count = gap.to - gap.from + 1;
  return html`<li class="row-item event"><a href=${link(["activity"])}>
    <span class="row-what soft">${number(count)} records came too fast to be shown here; they are all under Activity.</span>
  </a></li>`;
}

/** For one who has just installed it. */
function FirstRun() {
  const sessions = live.status?.sessions ?? [];
  const first = sessions[0];
  return html`<${Empty} title=${first ? `${baseName(first.server)} runs; no call has come yet.` : "No call has come yet."}>
    <p>Put <code>aip</code> in front of a server, in a client's configuration or by hand:</p>
    <${Command} text="aip --policy agent.yaml -- npx -y @modelcontextprotocol/server-everything" />
    <p>What runs already, and what needs attention:</p>
    <${Command} text="aipctl status" />
  </${Empty}>`;
}
