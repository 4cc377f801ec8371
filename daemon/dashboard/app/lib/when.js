// Times as a person reads them. The present is always handed in.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const two = (number) => String(number).padStart(2, "0");

/** `0:48`, `12:05`; what is over is `0:00`. Rounded down: never more time than there is. */
export function countdown(ms) {
  const seconds = Math.max(0, Math.floor(ms / SECOND));
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

/** Time of day where the person is; with the day where that is not today. */
export function clock(iso, now) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return String(iso ?? "");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const today = new Date(now);
  return at.toDateString() === today.toDateString() ? time : `${day(at)} ${time}`;
}

/** `2026-11-27`, where the person is. */
export function day(at) {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** `2026-11-27 21:39:22`, where the person is. */
export function whole(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return String(iso ?? "");
  return `${day(at)} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `just now`, `5 minutes ago`, `3 days ago`. */
export function ago(iso, now) {
  const ms = now - new Date(iso).getTime();
  if (Number.isNaN(ms)) return String(iso ?? "");
  if (ms < MINUTE) return "just now";
  const [size, word] = ms < HOUR ? [MINUTE, "minute"] : ms < DAY ? [HOUR, "hour"] : [DAY, "day"];
  const count = Math.floor(ms / size);
  return `${count} ${word}${count === 1 ? "" : "s"} ago`;
}

/** `340 µs`, `12 ms`, `3.4 s`, `2 min`. */
export function span(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  const ms = us / 1000;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`;
  return `${Math.round(ms / MINUTE)} min`;
}

/** The end of the day where the person is, as RFC 3339. */
export function endOfToday(now) {
  const at = new Date(now);
  at.setHours(24, 0, 0, 0);
  return at.toISOString();
}

const AGO = /^(\d{1,5})([mhd])$/;

/** What `since` of an address means: `15m`, `24h`, `7d`, or a time. `null` where it is neither. */
export function sinceTime(text, now) {
  const found = AGO.exec(text);
  if (found) {
    const size = { m: MINUTE, h: HOUR, d: DAY }[found[2]];
    return new Date(now - Number(found[1]) * size).toISOString();
  }
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** What an input of a local date and time holds for this RFC 3339 time. */
export function localInput(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return `${day(at)}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
