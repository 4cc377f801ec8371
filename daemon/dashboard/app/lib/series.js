// Hours of statistics as lines of a chart. Hours without records are not told: the gaps are filled.

const HOUR = 3600;

export const RANGES = [
  { hours: 24, label: "24 hours", step: HOUR },
  { hours: 24 * 7, label: "7 days", step: HOUR },
  { hours: 24 * 30, label: "30 days", step: 6 * HOUR },
  { hours: 24 * 365, label: "1 year", step: 24 * HOUR },
];

const seconds = (iso) => Math.floor(new Date(iso).getTime() / 1000);

/**
 * @param {{from: string, to: string, hours: object[]}} stats
 * @param {number} step seconds of one point
 * @returns {{x: number[], calls: number[], refused: number[], asked: number[], p50: (number|null)[], p95: (number|null)[]}}
 */
export function series(stats, step) {
  const first = Math.floor(seconds(stats.from) / step) * step;
  const last = Math.floor(seconds(stats.to) / step) * step;
  const count = Math.max(1, Math.min(10_000, (last - first) / step + 1));
  const zeros = () => new Array(count).fill(0);
  const out = {
    x: Array.from({ length: count }, (_, at) => first + at * step),
    calls: zeros(),
    refused: zeros(),
    asked: zeros(),
    p50: new Array(count).fill(null),
    p95: new Array(count).fill(null),
  };
  const weight = zeros();
  for (const hour of stats.hours) {
    const at = Math.floor((seconds(hour.hour) - first) / step);
    if (at < 0 || at >= count) continue;
    add(out, weight, at, hour);
  }
  return out;
}

function add(out, weight, at, hour) {
  out.calls[at] += hour.allow + hour.block + hour.rate_limited + hour.monitor;
  out.refused[at] += hour.block + hour.rate_limited;
  out.asked[at] += hour.asked;
  const latency = hour.latency_us;
  if (!latency?.count) return;
  // Percentiles can't be added up; over several hours the median is weighed and the worst is kept.
  const before = weight[at];
  weight[at] += latency.count;
  out.p50[at] = ((out.p50[at] ?? 0) * before + latency.p50 * latency.count) / weight[at];
  out.p95[at] = Math.max(out.p95[at] ?? 0, latency.p95);
}

/** Sums over the whole, for the sentence beside a chart. */
export function totals(stats) {
  const sum = (name) => stats.hours.reduce((all, hour) => all + hour[name], 0);
  const refused = sum("block") + sum("rate_limited");
  const latencies = stats.hours.map((it) => it.latency_us).filter((it) => it?.count);
  const counted = latencies.reduce((all, it) => all + it.count, 0);
  return {
    calls: sum("allow") + sum("monitor") + refused,
    refused,
    asked: sum("asked"),
    findings: sum("findings"),
    p50: counted ? latencies.reduce((all, it) => all + it.p50 * it.count, 0) / counted : null,
  };
}

/** `1,204` with the thin space of figures left to the reader's language. */
export function number(value) {
  return new Intl.NumberFormat("en").format(value ?? 0);
}

/** `1.2 MB`. */
export function bytes(value) {
  if (value < 1000) return `${value} bytes`;
  const units = ["kB", "MB", "GB", "TB"];
  let [size, at] = [value / 1000, 0];
  while (size >= 1000 && at < units.length - 1) [size, at] = [size / 1000, at + 1];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[at]}`;
}
