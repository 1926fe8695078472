// Looks at worklog pages in headless Chromium: nothing leaves the page, nothing is reported to the console, tables sort and
// filter, nothing sticks out on a phone, and axe-core finds no serious issue. Leaves screenshots to be looked at.
//
//   node check.mjs PAGE.html [PAGE.html …] [--hostile] [--out FOLDER]
//
// --hostile: the page was made of log text that tries to act; besides the above, no element of it may.

import { createRequire } from "node:module";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const args = process.argv.slice(2);
const outAt = args.indexOf("--out");
const out = outAt >= 0 ? resolve(args.splice(outAt, 2)[1]) : resolve("out");
const hostileAt = args.indexOf("--hostile");
const isHostile = hostileAt >= 0 && args.splice(hostileAt, 1).length > 0;
mkdirSync(out, { recursive: true });

const failures = [];
const fail = (page, what) => {
  failures.push(`${page}: ${what}`);
  console.error(`FAIL ${page}: ${what}`);
};

const profile = mkdtempSync(join(tmpdir(), "timberline-chromium-"));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  userDataDir: profile,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--allow-file-access-from-files",
  ],
});

/// Opens a page that reports whatever it asks for and complains of.
async function open(file, options = {}) {
  const url = pathToFileURL(resolve(file)).href;
  const page = await browser.newPage();
  if (options.javascript === false) await page.setJavaScriptEnabled(false);
  await page.setViewport({ width: options.width ?? 1280, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: options.scheme ?? "light" }]);
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    if (request.url().split("#")[0] === url) return request.continue();
    fail(file, `asks for ${request.url()}`);
    return request.abort();
  });
  page.on("console", (message) => {
    if (["error", "warning", "warn"].includes(message.type())) fail(file, `console: ${message.text()}`);
  });
  page.on("pageerror", (error) => fail(file, `script error: ${error.message}`));
  page.on("dialog", async (dialog) => {
    fail(file, `opens a dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on("popup", () => fail(file, "opens a window"));
  await page.goto(url, { waitUntil: "load" });
  return page;
}

async function shots(file) {
  const name = basename(file, ".html");
  for (const [suffix, options] of [
    ["light", {}],
    ["dark", { scheme: "dark" }],
    ["phone", { width: 390 }],
    ["phone-dark", { width: 390, scheme: "dark" }],
  ]) {
    const page = await open(file, options);
    await page.screenshot({ path: join(out, `${name}-${suffix}.png`), fullPage: false });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) fail(file, `${suffix}: sticks out by ${wide} pixels`);
    await axe(file, page, suffix);
    await page.close();
  }
  const page = await open(file);
  await page.pdf({ path: join(out, `${name}-print.pdf`), format: "A4", printBackground: false });
  await page.close();
}

async function axe(file, page, suffix) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const violation of violations) {
    const line = `${suffix}: axe ${violation.impact}: ${violation.id}, ${violation.nodes.length} × ${violation.help}: ${violation.nodes[0].html.slice(0, 160)}`;
    if (["serious", "critical"].includes(violation.impact)) fail(file, line);
    else console.log(`note ${file}: ${line}`);
  }
}

/// Clicks through every table: ascending, descending, and by a word of its last row.
async function tables(file) {
  const page = await open(file);
  const found = await page.evaluate(() => {
    const problems = [];
    let sorted = 0;
    let filtered = 0;
    for (const table of document.querySelectorAll("table.sortable")) {
      const body = table.tBodies[0];
      const rows = () => [...body.rows];
      const before = rows().length;
      const value = (row, at) => row.cells[at].dataset.key ?? row.cells[at].textContent;
      [...table.tHead.rows[0].cells].forEach((head, at) => {
        const button = head.querySelector("button");
        for (const direction of ["ascending", "descending"]) {
          button.click();
          if (head.getAttribute("aria-sort") !== direction) problems.push(`${head.textContent}: not ${direction}`);
          const values = rows().map((row) => value(row, at)).filter((text) => text !== "");
          const order = (a, b) => (Number.isNaN(Number(a)) || Number.isNaN(Number(b)) ? (a < b ? -1 : a > b ? 1 : 0) : Number(a) - Number(b));
          const sign = direction === "ascending" ? 1 : -1;
          for (let i = 1; i < values.length; i += 1) {
            if (sign * order(values[i - 1], values[i]) > 0) {
              problems.push(`${head.textContent}: ${values[i - 1]} before ${values[i]}`);
              break;
            }
          }
          sorted += 1;
        }
      });
      if (rows().length !== before) problems.push("sorting loses rows");
      const field = table.closest(".wide")?.previousElementSibling?.previousElementSibling?.querySelector?.("input");
      if (!field) continue;
      const word = rows().at(-1).textContent.trim().split(/\s+/).find((part) => part.length > 4) ?? "";
      field.value = word.toUpperCase();
      field.dispatchEvent(new Event("input"));
      const shown = rows().filter((row) => !row.hidden);
      if (shown.length === 0 || shown.some((row) => !row.textContent.toLowerCase().includes(word.toLowerCase()))) {
        problems.push(`filtering by ${word} shows ${shown.length} rows`);
      }
      field.value = "";
      field.dispatchEvent(new Event("input"));
      if (rows().some((row) => row.hidden)) problems.push("an empty filter hides rows");
      filtered += 1;
    }
    const dead = [...document.querySelectorAll('a[href^="#"]')].filter((link) => !document.getElementById(link.getAttribute("href").slice(1)));
    if (dead.length > 0) problems.push(`${dead.length} links lead nowhere, such as ${dead[0].outerHTML.slice(0, 200)}`);
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
    if (twice.length > 0) problems.push(`ids that are there twice: ${twice.slice(0, 3).join(", ")}`);
    return { problems, sorted, filtered };
  });
  found.problems.forEach((problem) => fail(file, problem));
  console.log(`${file}: ${found.sorted} columns sorted both ways, ${found.filtered} tables filtered`);
  await page.close();
}

/// Without scripts everything that is said is there all the same.
async function withoutScripts(file) {
  const text = async (page) => page.$eval("main", (main) => main.textContent.replace(/\s+/g, " "));
  const plain = await open(file, { javascript: false });
  const plainText = await text(plain);
  const rows = await plain.$$eval("table.sortable tbody tr", (rows) => rows.length);
  if (rows === 0 && !isHostile) fail(file, "no table without scripts");
  if (plainText.length < 200) fail(file, "hardly any text without scripts");
  await plain.close();
}

/// Log text must not have become anything but text.
async function inert(file) {
  const page = await open(file);
  const found = await page.evaluate(() => {
    const problems = [];
    const allowed = new Set(("html head meta title style body main svg defs pattern line rect text g path title h1 h2 h3 h4 p ul li dl dt dd " +
      "div table thead tbody tr th td figure figcaption details summary code pre strong a nav span time script button label input").split(" "));
    for (const element of document.querySelectorAll("*")) {
      const name = element.localName;
      if (!allowed.has(name)) problems.push(`<${name}>`);
      for (const attribute of element.attributes) {
        if (/^on/i.test(attribute.name) || ["src", "srcset", "action", "formaction", "style", "xlink:href"].includes(attribute.name)) {
          problems.push(`${name} ${attribute.name}`);
        }
        if (attribute.name === "href" && !attribute.value.startsWith("#")) problems.push(`href ${attribute.value}`);
      }
    }
    const scripts = [...document.scripts].map((script) => script.type || "script");
    if (scripts.filter((type) => type === "script").length !== 1) problems.push(`scripts: ${scripts.join(", ")}`);
    if (window.owned) problems.push("a script of the log ran");
    const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/;
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      if (controls.test(walker.currentNode.data)) problems.push(`control signs in ${JSON.stringify(walker.currentNode.data.slice(0, 80))}`);
    }
    JSON.parse(document.getElementById("timberline-claims").textContent);
    return problems;
  });
  [...new Set(found)].forEach((problem) => fail(file, problem));
  await page.close();
}

for (const file of args) {
  const bytes = readFileSync(file).length;
  if (bytes > 2_000_000) fail(file, `has ${bytes} bytes`);
  await inert(file);
  await tables(file);
  await withoutScripts(file);
  await shots(file);
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
writeFileSync(join(out, "result.txt"), failures.length ? failures.join("\n") : "no failure\n");
console.log(failures.length ? `${failures.length} failures` : `${args.length} pages are fine; screenshots in ${out}`);
process.exit(failures.length ? 1 : 0);
