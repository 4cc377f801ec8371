// Calls, refusals and time to decide, over time. uPlot draws; what a chart says is also said in
// words, and can be read as a table.

import { html, useEffect, useRef, useState } from "../ui.js";
import { series, number } from "../lib/series.js";
import { span, whole } from "../lib/when.js";

/** @type {any} uPlot is a plain script: its module comes unminified only, at three times the size. */
const Plot = globalThis.uPlot;

const LINES = {
  calls: [["calls", "--ink-2", "calls"]],
  refused: [["refused", "--bad", "refused"]],
  asked: [["asked", "--warn", "asked"]],
  latency: [
    ["p50", "--accent", "median"],
    ["p95", "--soft-line", "95 of 100 are faster"],
  ],
};

/** Steps of an axis that counts. */
const WHOLE = [1, 10, 100, 1000, 10_000, 100_000].flatMap((it) => [it, 2 * it, 5 * it]);

/** How long one point is, by its seconds. */
const EACH = { 3600: "an hour", 21600: "in six hours", 86400: "a day" };

const TITLES = {
  calls: "Calls",
  refused: "Refused",
  asked: "Put to you",
  latency: "Time to decide",
};

export function Chart({ stats, step, what, height = 120 }) {
  const place = useRef(null);
  const scheme = useScheme();
  const data = series(stats, step);
  const lines = LINES[what];
  useEffect(() => {
    const box = place.current;
    const plot = new Plot(options(lines, what, step, box.clientWidth, height), columns(data, lines), box);
    const fit = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height }));
    fit.observe(box);
    return () => {
      fit.disconnect();
      plot.destroy();
    };
  }, [stats, step, what, scheme]);
  return html`<figure class="chart">
    <figcaption>${TITLES[what]}<span class="soft"> ${inWords(data, what, step)}</span></figcaption>
    <div ref=${place} role="img" aria-label=${`${TITLES[what]}: ${inWords(data, what, step)}`}></div>
  </figure>`;
}

const columns = (data, lines) => [data.x, ...lines.map(([name]) => data[name])];

/** What the chart says, in a few words. */
function inWords(data, what, step) {
  if (what === "latency") {
    const known = data.p95.filter((it) => it !== null);
    return known.length ? `95 of 100 within ${span(Math.max(...known))}` : "no calls";
  }
  const most = Math.max(...data[what]);
  return most ? `at most ${number(most)} ${EACH[step] ?? ""}` : "none";
}

function options(lines, what, step, width, height) {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const bars = what !== "latency";
  const value = what === "latency" ? (it) => span(it) : (it) => number(it);
  const axis = { stroke: colour("--soft"), font: "11px system-ui, sans-serif", ticks: { show: false } };
  return {
    width: Math.max(width, 50),
    height,
    padding: [6, 4, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    // A bar stands right of its time: the last one too is to be seen.
    scales: { x: { range: (_, low, high) => [low, high + step] }, y: { range: (_, low, high) => [0, Math.max(high ?? 0, bars ? 4 : 1000)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 20, space: 70, values: (_, all, __, ___, apart) => all.map((it) => tick(it, apart)) },
      { ...axis, size: 52, space: 30, grid: { stroke: colour("--line"), width: 1 }, ...(bars ? { incrs: WHOLE } : {}), values: (_, all) => all.map((it) => (it % 1 ? "" : value(it))) },
    ],
    series: [{}, ...lines.map(([, name, label]) => line(colour(name), label, bars))],
  };
}

/** What stands below a chart: the hour, or the day where points are that far apart. */
function tick(seconds, apart) {
  const at = new Date(seconds * 1000);
  if (apart >= 86_400 || at.getHours() === 0) return at.toLocaleDateString("en", { month: "short", day: "numeric" });
  return `${at.getHours()}:00`;
}

function line(stroke, label, bars) {
  const both = { label, stroke, width: 1.5, points: { show: false }, spanGaps: false };
  return bars ? { ...both, width: 0, fill: stroke, paths: Plot.paths.bars({ size: [0.7, 12], align: 1 }) } : { ...both, points: { show: true, size: 4 } };
}

/** Light or dark: a chart's colours are the page's. */
function useScheme() {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const turn = () => setDark(query.matches);
    query.addEventListener("change", turn);
    return () => query.removeEventListener("change", turn);
  }, []);
  return dark;
}

/** The same figures as a table, for those who don't see the charts or want the numbers. */
export function Figures({ stats, step }) {
  const data = series(stats, step);
  const told = data.x.map((at, index) => index).filter((at) => data.calls[at] || data.asked[at]);
  return html`<details class="figures-table">
    <summary>As a table</summary>
    ${
      told.length
        ? html`<div class="scroll" tabIndex="0" role="region" aria-label="Figures"><table>
            <thead><tr><th>from</th><th class="num">calls</th><th class="num">refused</th><th class="num">put to you</th><th class="num">median</th><th class="num">95 of 100</th></tr></thead>
            <tbody>${told.reverse().slice(0, 400).map((at) => figureRow(data, at))}</tbody>
          </table></div>`
        : html`<p class="soft">No calls in this time.</p>`
    }
  </details>`;
}

function figureRow(data, at) {
  const latency = (it) => (it === null ? "–" : span(it));
  return html`<tr>
    <td>${whole(new Date(data.x[at] * 1000).toISOString()).slice(0, 16)}</td>
    <td class="num">${number(data.calls[at])}</td><td class="num">${number(data.refused[at])}</td>
    <td class="num">${number(data.asked[at])}</td><td class="num">${latency(data.p50[at])}</td><td class="num">${latency(data.p95[at])}</td>
  </tr>`;
}
