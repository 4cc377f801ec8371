// What records say, in plain words. Records are read loosely: a newer daemon may say more.

import { baseName } from "./shown.js";
import { whole } from "./when.js";

/** What a person notices of a record: its word, and how much it is to be noticed. */
export function verdict(record) {
  switch (record.decision) {
    case "ALLOW":
      return record.violation ? { word: "Allowed", tone: "warn" } : { word: "Allowed", tone: "good" };
    case "ALLOW_MONITOR":
      return { word: "Let through", tone: "warn" };
    case "RATE_LIMITED":
      return { word: "Too many", tone: "bad" };
    case "BLOCK":
      return { word: "Refused", tone: "bad" };
    case undefined:
      break;
    default:
      return { word: String(record.decision), tone: "warn" };
  }
  if (record.event) return EVENTS[record.event] ?? { word: eventName(record.event), tone: "plain" };
  return { word: OUTCOMES[record.outcome] ?? String(record.outcome ?? "?"), tone: "plain" };
}

const plain = (word) => ({ word, tone: "plain" });
const warn = (word) => ({ word, tone: "warn" });
const bad = (word) => ({ word, tone: "bad" });

const EVENTS = {
  ANSWER_IGNORED: warn("Answer ignored"),
  APPROVAL_ANSWERED: plain("Answered"),
  APPROVAL_ASKED: warn("Asked"),
  APPROVAL_EXTENDED: plain("More time given"),
  AUDIT_ERASED: warn("Records erased"),
  AUDIT_SEGMENT_REMOVED: plain("Old removed"),
  AUDIT_UNREADABLE: bad("Audit not readable"),
  CLIENTS_UNWRAPPED: warn("aip taken away"),
  CLIENTS_WRAPPED: plain("aip put in front"),
  COMMAND_CONFIRMED: plain("Confirmed"),
  COMMAND_REFUSED: bad("Command refused"),
  DAEMON_STARTED: plain("aipd started"),
  DAEMON_STOPPED: plain("aipd stopped"),
  DASHBOARD_CLOSED: plain("Page closed"),
  DASHBOARD_OPENED: plain("Page opened"),
  DASHBOARD_REFUSED: bad("Page refused"),
  DLP_FAILED: bad("Not redacted"),
  DLP_TRIGGERED: warn("Secret cut out"),
  GRANT_ENDED: plain("Grant ended"),
  GRANT_MADE: plain("Grant made"),
  MESSAGE_DROPPED: warn("Message dropped"),
  OVERRIDE_CHANGED: warn("Override"),
  POLICY_CHANGED: plain("Policy changed"),
  POLICY_LOADED: plain("Policy loaded"),
  POLICY_PENDING: warn("Policy waits"),
  POLICY_REFUSED: bad("Policy refused"),
  POLICY_REVERTED: plain("Policy as before"),
  POLICY_TRUSTED: plain("Policy trusted"),
  SERVER_APPROVED: plain("Server approved"),
  SERVER_CHANGED: warn("Another command"),
  SERVER_FORGOTTEN: plain("Server forgotten"),
  SESSION_ENDED: plain("Session ended"),
  SESSION_STARTED: plain("Session started"),
  TOOLS_HIDDEN: plain("Tools hidden"),
  TOOLS_PINNED: plain("Tools pinned"),
  TOOL_ADDED: warn("New tool"),
  TOOL_APPROVED: plain("Tool approved"),
  TOOL_CHANGED: warn("Tool changed"),
  TOOL_HELD: warn("Tool held"),
  TOOL_REMOVED: warn("Tool removed"),
  TOOL_SUSPICIOUS: warn("Suspicious tool"),
  WRAPPER_LOST: bad("Runs without aip"),
};

export const EVENT_NAMES = Object.keys(EVENTS);

const OUTCOMES = {
  answered: "Answered",
  forwarded: "Sent",
  not_forwarded: "Not sent",
  unknown: "Not known",
};

function eventName(event) {
  const words = String(event).toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What was called: the tool, else the method and what it is about. */
export function what(record) {
  if (record.tool) return String(record.tool);
  const parts = [record.method, record.resource, record.prompt].filter(Boolean);
  return parts.join(" ");
}

/** Why, in one sentence. */
export function why(record) {
  const parts = [];
  if (record.reason) parts.push(String(record.reason));
  if (record.failed_arg && !String(record.reason ?? "").includes(record.failed_arg)) {
    parts.push(`argument ${record.failed_arg}`);
  }
  if (record.approval) parts.push(answered(record.approval));
  if (record.grant) parts.push(`by grant ${record.grant}`);
  if (record.dlp_rule) parts.push(`${record.dlp_rule}, ${record.dlp_match_count ?? 1} redacted`);
  if (record.event) parts.push(...eventWhy(record));
  return parts.filter(Boolean).join(" · ");
}

function eventWhy(record) {
  const by = (program) => (program ? `by ${baseName(program)}` : "");
  switch (record.event) {
    case "APPROVAL_ANSWERED":
      return [`${ANSWERS[record.answer] ?? record.answer} ${channel(record.channel)}`.trim()];
    case "GRANT_MADE":
      return [granted(record)];
    case "SESSION_STARTED":
      return [record.policy_name && `policy ${record.policy_name}`];
    case "TOOLS_HIDDEN":
    case "TOOLS_PINNED":
      return [record.count === 1 ? "1 tool" : `${record.count} tools`];
    case "TOOL_SUSPICIOUS":
      return [finding(record.finding).toLowerCase()];
    case "TOOL_CHANGED":
      return [Array.isArray(record.changed) ? record.changed.join(", ") : ""];
    case "OVERRIDE_CHANGED":
      return [OVERRIDES[record.override] ?? ""];
    case "COMMAND_REFUSED":
      return [record.command ?? record.op ?? "", by(record.program)];
    case "POLICY_PENDING":
    case "POLICY_REFUSED":
    case "POLICY_CHANGED":
    case "POLICY_TRUSTED":
      return [record.policy_path ?? ""];
    default:
      return [];
  }
}

const OVERRIDES = {
  none: "policies decide",
  monitor: "paused: what policies refuse is let through",
  deny_all: "stopped: every call is refused",
};

const ANSWERS = { allow: "allowed", deny: "denied", timeout: "no answer" };

/** Who answered, and how fast. */
export function answered(approval) {
  const seconds = Math.floor((approval.after_ms ?? 0) / 1000);
  const word = ANSWERS[approval.answer] ?? String(approval.answer ?? "answered");
  const by = channel(approval.channel);
  return `${word}${by ? ` ${by}` : ""} after ${seconds} s`;
}

/** By which way an answer came. */
export function channel(word) {
  const ways = {
    control: "by aipctl",
    watch: "in aipctl watch",
    dashboard: "on this page",
    dialog: "in a window",
    notification: "in a notification",
    client: "in the client",
  };
  if (!word || word === "none") return "";
  return ways[word] ?? `by ${word}`;
}

/** What the record of a grant says of it. */
export function granted(record) {
  const scopes = {
    call: "the very same call",
    tool: "any call of this tool",
    value: "calls with this value",
    folder: "calls in this folder",
    host: "calls to this host",
    prefix: "calls that begin so",
  };
  const lasts = { session: "in this session", always: "until you revoke it" };
  const long = record.until ? `until ${whole(record.until)}` : (lasts[record.lasts] ?? "");
  return [scopes[record.scope] ?? String(record.scope ?? ""), long].filter(Boolean).join(", ");
}

/** How an ask ended. */
export function ended(state) {
  const words = {
    allowed: "Allowed",
    denied: "Denied",
    expired: "Denied itself: nobody answered in time",
    withdrawn: "Withdrawn: the client no longer waits for it",
    away: "Its session lost the daemon; it may come back",
    ended: "Ended; it is not known here how",
  };
  return words[state] ?? state;
}

/** How often the person allowed a tool before; empty where it is not known. */
export function before(approval) {
  const it = approval.before;
  if (!it) return "";
  if (!it.times) return "First time: you have not allowed this tool of this server before.";
  const times = it.times === 1 ? "once" : `${it.times} times`;
  return `You have allowed this tool ${times} before, last on ${String(it.last ?? "?").slice(0, 10)}.`;
}

/** What a finding in a tool's definition means. */
export function finding(kind) {
  const words = {
    hidden_characters: "It has characters that can't be seen or that reorder what is read",
    instruction: "It tells the model what to do, beyond what the tool is",
    encoded_text: "It holds data in place of words",
    long_text: "It is longer than a description is",
    look_alike: "Its name looks like that of a tool of another server",
    more: "There are more findings than are listed",
  };
  return words[kind] ?? String(kind);
}

/** How a tool stands. */
export function state(word) {
  const words = {
    approved: { word: "Approved", tone: "good", means: "As it was approved" },
    changed: { word: "Changed", tone: "warn", means: "Changed since it was approved" },
    new: { word: "New", tone: "warn", means: "New, not approved yet" },
    removed: { word: "Removed", tone: "warn", means: "No longer listed by the server" },
  };
  return words[word] ?? { word: String(word), tone: "plain", means: String(word) };
}

/** How a configured server runs, in a word, and how much that is to be noticed. */
export const CONFIGURED = {
  wrapped: { word: "behind aip", tone: "good" },
  unwrapped: { word: "without aip", tone: "bad" },
  remote: { word: "by a URL: not covered", tone: "warn" },
  own: { word: "the client's own: not covered", tone: "warn" },
  disabled: { word: "off", tone: "plain" },
  broken: { word: "can't be read", tone: "warn" },
};

/** The line about a server that a client starts without aip, with the command that changes it. */
export function unwrapped(it) {
  const what = it.lost ? "no longer runs through aip" : "runs without aip, so nothing of it is judged";
  const word = (text) => (/^[\w./:@-]+$/.test(text) && !text.startsWith("-") ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const project = it.project ? " --project" : "";
  return `${it.client_name}'s server ${it.server} ${what}; put aip in front with: aipctl install --client ${word(it.client)} --server ${word(it.server)}${project}`;
}
