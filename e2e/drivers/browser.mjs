// Drives a browser, as a test tells it to over a socket: one JSON object a line there and back.
//
// usage: browser.mjs SOCKET
//
// A command is {"do": NAME, ...}; the answer {"ok": VALUE} or {"error": TEXT}. What a page must never
// do (run something of the traffic's, break its own content security policy, fail) is collected all
// the while, and told by the command `complaints`.

import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const modules = join(dirname(fileURLToPath(import.meta.url)), "../.deps/browser/node_modules");
const { chromium } = (await import(join(modules, "playwright-core/index.js"))).default;
const axe = readFileSync(join(modules, "axe-core/axe.min.js"), "utf8");

const PATIENCE = 15_000;
/** What WCAG 2.1 AA asks for, and what is good practice besides. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const context = await browser.newContext({ viewport: { width: 1180, height: 820 }, acceptDownloads: true });
context.setDefaultTimeout(PATIENCE);
await context.grantPermissions(["clipboard-read", "clipboard-write"]);
const complaints = [];

function listenTo(page) {
  page.on("console", (it) => {
    // A refused request is the page's to tell of; the browser's own line about it is no complaint.
    const expected = it.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(it.type()) && !expected) complaints.push(it.text());
  });
  page.on("pageerror", (it) => complaints.push(String(it.stack ?? it)));
  page.on("dialog", (it) => {
    complaints.push(`a dialog: ${it.message()}`);
    it.dismiss();
  });
}

const page = await context.newPage();
listenTo(page);
await page.addInitScript(() => {
  addEventListener("securitypolicyviolation", (it) => console.error(`CSP: ${it.violatedDirective} ${it.blockedURI}`));
});

const within = (place) => page.locator(place ?? "body");

/** By role and name, in a place; the first, where there are several. */
const named = ({ name, role = "button", in: place }) => within(place).getByRole(role, { name, exact: true }).first();

const acts = {
  open: ({ url }) => page.goto(url).then(() => null),
  go: ({ hash }) => page.evaluate((it) => void (location.hash = it), hash),
  press: (it) => named(it).click(),
  focused: () => page.evaluate(() => document.activeElement?.textContent ?? ""),
  enabled: (it) => named(it).isEnabled(),
  fill: ({ label, text, in: place }) => within(place).getByLabel(label, { exact: true }).first().fill(text),
  choose: ({ label, value, in: place }) => named({ role: "combobox", name: label, in: place }).selectOption(value),
  see: ({ text, in: place }) => within(place).getByText(text).first().waitFor({ state: "visible" }),
  gone: ({ in: place }) => within(place).first().waitFor({ state: "hidden" }),
  text: ({ in: place }) => within(place).first().innerText(),
  count: ({ in: place }) => within(place).count(),
  keys: async ({ keys }) => {
    for (const key of keys) await page.keyboard.press(key);
  },
  js: ({ code }) => page.evaluate(code),
  look: async ({ scheme, width, height }) => {
    if (scheme) await page.emulateMedia({ colorScheme: scheme });
    if (width) await page.setViewportSize({ width, height: height ?? 820 });
    // Charts fit themselves anew.
    await page.waitForTimeout(250);
  },
  shot: ({ path, whole }) => page.screenshot({ path, fullPage: whole ?? false }).then(() => null),
  download: async (it) => {
    const [download] = await Promise.all([page.waitForEvent("download"), named(it).click()]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
  },
  axe: async () => {
    if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
    const found = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), RULES);
    if (found.passes.length < 10) throw new Error("axe has looked at nothing");
    return found.violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes.map((it) => String(it.target)) }));
  },
  // A page of another local server, in the same browser; what it comes to by this code.
  elsewhere: async ({ url, code }) => {
    const other = await context.newPage();
    try {
      await other.goto(url);
      return await other.evaluate(code);
    } finally {
      await other.close();
    }
  },
  complaints: () => complaints,
};

const socket = createConnection(process.argv[2]);
for await (const line of createInterface({ input: socket })) {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await acts[command.do](command)) ?? null };
  } catch (error) {
    const seen = await page.evaluate(() => document.body.innerText).catch(() => "");
    answer = { error: `${error.message}\nThe page at ${page.url()} shows:\n${seen.slice(0, 6000)}` };
  }
  socket.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
