// What the activity screen looks for: from its address to a question for the daemon.

import { sinceTime } from "./when.js";

/** What the address may hold, besides the times. */
const PLAIN = ["tool", "server", "decision", "session", "client", "event", "q"];
export const DECISIONS = ["ALLOW", "BLOCK", "ALLOW_MONITOR", "RATE_LIMITED"];
export const KINDS = ["decision", "event", "outcome"];
export const USUAL_KINDS = "decision,event";

/**
 * The parameters of a question for records.
 * @param {Record<string, string>} query of the address
 * @param {number} now
 */
export function asked(query, now) {
  const found = {};
  for (const name of PLAIN) {
    const value = query[name]?.trim();
    if (value) found[name] = value;
  }
  for (const name of ["since", "until"]) {
    const time = query[name] ? sinceTime(query[name], now) : null;
    if (time) found[name] = time;
  }
  found.kinds = kinds(query).join(",");
  return found;
}

/** Which kinds of record; the usual ones where the address names none that there is. */
export function kinds(query) {
  const named = (query.kinds ?? "").split(",").filter((it) => KINDS.includes(it));
  return named.length ? named : USUAL_KINDS.split(",");
}

/** The same for an export, which takes no text to look for. */
export function exported(query, now) {
  const { q: _, ...rest } = asked(query, now);
  return rest;
}

/** How many filters are set, the kinds apart. */
export function count(query) {
  return [...PLAIN, "since", "until"].filter((name) => query[name]).length;
}
