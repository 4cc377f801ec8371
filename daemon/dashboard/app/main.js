// The page from start to end: trade the code for a token, then show the screen of the address.

import { enter } from "./api.js";
import { visible } from "./lib/shown.js";
import { live } from "./live.js";
import { html, render, useEffect, useRef, useState } from "./ui.js";
import { Activity } from "./view/activity.js";
import { sentence } from "./view/ask.js";
import { Audit } from "./view/audit.js";
import { Closed, Header, Help, LostBand, useKeys } from "./view/frame.js";
import { useLive, useRoute } from "./view/hooks.js";
import { Now, OverrideBand } from "./view/now.js";
import { Policies } from "./view/policies.js";
import { Servers } from "./view/servers.js";
import { Story } from "./view/story.js";
import { Tool } from "./view/tool.js";

const CODE = /^#code=([A-Za-z0-9_-]+)$/;

async function run() {
  const trouble = await tradeCode();
  render(html`<${Page} trouble=${trouble} />`, document.getElementById("page"));
  await live.start();
}

/** The code is taken out of the address before anything else can see it. */
async function tradeCode() {
  const code = CODE.exec(location.hash)?.[1];
  if (!code) return "";
  history.replaceState(null, "", `${location.pathname}#/now`);
  try {
    await enter(code);
    return "";
  } catch (error) {
    return error.status ? error.message : "aipd can't be reached; start it, and open the page anew";
  }
}

function Page({ trouble }) {
  const { link } = useLive();
  const route = useRoute();
  const [help, setHelp] = useState(false);
  useKeys(() => setHelp(true));
  useTitle();
  useTop(route);
  if (link === "no-token") return html`<${Closed} trouble=${trouble} />`;
  return html`<div>
    <a class="skip" href="#main" onClick=${toMain}>To the content</a>
    <${Header} at=${route.path[0] ?? "now"} help=${() => setHelp(true)} />
    <${LostBand} />
    <${OverrideBand} />
    <main id="main" tabindex="-1"><${Screen} route=${route} /></main>
    <${Announce} />
    <${Help} open=${help} close=${() => setHelp(false)} />
  </div>`;
}

function Screen({ route: { path, query } }) {
  const [name, id, tool] = path;
  switch (name) {
    case "activity":
      return id ? html`<${Story} key=${id} seq=${id} />` : html`<${Activity} query=${query} />`;
    case "servers":
      return tool === undefined ? html`<${Servers} />` : html`<${Tool} key=${`${id} ${tool}`} id=${id} name=${tool} />`;
    case "policies":
      return html`<${Policies} query=${query} />`;
    case "audit":
      return html`<${Audit} query=${query} />`;
    default:
      return html`<${Now} />`;
  }
}

function toMain(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

/** Another screen begins at its top. */
function useTop({ path }) {
  const before = useRef(null);
  useEffect(() => {
    if (before.current !== null) scrollTo(0, 0);
    before.current = path.join("/");
  }, [path.join("/")]);
}

/** The tab says how many wait. */
function useTitle() {
  const count = useLive().waiting().length;
  useEffect(() => {
    document.title = count ? `(${count}) aip` : "aip";
    document.getElementById("icon").href = icon(count);
  }, [count]);
}

function icon(count) {
  const number = count > 9 ? "9+" : String(count);
  const text = count ? number : "a";
  const fill = count ? "#b3261e" : "#44443f";
  return `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${fill}"/><text x="16" y="23" text-anchor="middle" font-family="system-ui,sans-serif" font-weight="700" font-size="19" fill="#fff">${text}</text></svg>`,
  )}`;
}

/** For those who hear the page: a new call that waits, and nothing else. */
function Announce() {
  const waiting = useLive().waiting();
  const newest = waiting[waiting.length - 1];
  return html`<div class="sr" aria-live="polite">${newest ? `A call waits: ${visible(sentence(newest))}` : ""}</div>`;
}

run();
