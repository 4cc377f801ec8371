// The daemon's door. One place that knows the token, and that turns failures into what a person
// can act on.

const KEY = "aip-token";

/** What the daemon refused, in its own words. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let token = sessionStorage.getItem(KEY);
let gone = () => {};

/** Calls this once the token no longer counts. */
export function onGone(then) {
  gone = then;
}

export function hasToken() {
  return token !== null;
}

/** Trades the one-time code of `aipctl dashboard` for this tab's token. */
export async function enter(code) {
  forget();
  const answer = await ask("POST", "/token", { code });
  token = answer.token;
  sessionStorage.setItem(KEY, token);
}

export function forget() {
  token = null;
  sessionStorage.removeItem(KEY);
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);

/** A list, as the door answers one. */
export const list = async (path) => (await get(path)).items ?? [];

async function ask(method, path, body) {
  return JSON.parse((await text(method, path, body)) || "{}");
}

/** The answer's text: for records, whose arguments are to be shown as they are written. */
export async function text(method, path, body) {
  let answer;
  try {
    answer = await request(method, path, body);
  } catch {
    throw new Refused(0, "unreachable", "aipd can't be reached");
  }
  const said = await answer.text();
  if (!answer.ok) throw failure(answer.status, said);
  return said;
}

function request(method, path, body) {
  return fetch(`/api/v1${path}`, {
    method,
    headers: headers(body === undefined ? {} : { "Content-Type": "application/json" }),
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
  });
}

function headers(more) {
  return token === null ? more : { ...more, Authorization: `Bearer ${token}` };
}

/** The stream of events after a record. @returns {Promise<Response>} */
export async function events(after, signal) {
  const answer = await fetch("/api/v1/events", {
    headers: headers(after === null ? {} : { "Last-Event-ID": String(after) }),
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    signal,
  });
  if (!answer.ok) throw failure(answer.status, await answer.text());
  return answer;
}

function failure(status, said) {
  let error = {};
  try {
    error = JSON.parse(said).error ?? {};
  } catch {
    // Not the daemon's own words; the status has to do.
  }
  if (status === 401 && token !== null) {
    forget();
    gone();
  }
  return new Refused(status, error.code ?? "failed", error.message ?? `the daemon answered ${status}`);
}
