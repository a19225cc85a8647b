// Looks at a report in headless Chromium: node check.mjs REPORT.html [SCREENSHOTS]
//
// At desktop, tablet and phone width, in light and dark: no error on the console, no request but the file itself, no
// violation that axe-core finds, every figure shows exactly one drawing that has a size and lies inside the page, nothing
// scrolls sideways, text in charts is large enough to read, and values appear under the pointer. It opens quickly and is
// small, reads without script, and prints light with every chart whole. CHROMIUM names the browser where it is not
// /usr/bin/chromium.
import { chromium } from "playwright-core";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const [report, screenshots] = process.argv.slice(2);
if (!report) {
  console.error("usage: node check.mjs REPORT.html [SCREENSHOTS]");
  process.exit(2);
}
const address = pathToFileURL(resolve(report)).href;
const screens = {
  desktop: { width: 1280, height: 900 }, tablet: { width: 768, height: 1024 }, phone: { width: 390, height: 844 },
};
const leastText = 9;
const leastContrast = 4.5;
const mostBytes = 1e6;
const mostMilliseconds = 300;
const problems = [];

const bytes = statSync(resolve(report)).size;
if (bytes > mostBytes) problems.push(`the page has ${bytes} bytes, more than ${mostBytes}`);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
try {
  for (const [screen, viewport] of Object.entries(screens)) {
    for (const colorScheme of ["light", "dark"]) await look(screen, viewport, colorScheme);
  }
  await speed();
  await withoutScript();
  await print();
} finally {
  await browser.close();
}
for (const problem of problems) console.error(problem);
console.log(problems.length ? `${problems.length} problems` : "the report looks right at three widths, light and dark, printed and without script");
process.exit(problems.length ? 1 : 0);

async function look(screen, viewport, colorScheme) {
  const complain = (what) => problems.push(`${screen}, ${colorScheme}: ${what}`);
  const page = await browser.newPage({ viewport, colorScheme });
  page.on("console", (message) => message.type() === "error" && complain(`console: ${message.text()}`));
  page.on("pageerror", (error) => complain(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (url !== address && !url.startsWith("data:")) complain(`request of ${url}`);
  });
  await page.goto(address, { waitUntil: "load" });
  (await page.evaluate(inspect, { leastText, leastContrast })).forEach(complain);
  // A map shows one figure after the other, and then the first one again.
  const picks = await page.$$("input[type=radio]");
  for (const pick of [...picks, ...picks.slice(0, 1)]) {
    const before = await page.$eval(".pick svg:visible", (svg) => svg.querySelector("title").textContent).catch(() => "");
    await pick.check();
    const wrong = await page.evaluate(inspect, { leastText, leastContrast });
    wrong.forEach((what) => complain(`picked ${before}: ${what}`));
    if (colorScheme === "light" && screen === "desktop") (await hover(page)).forEach(complain);
  }
  if (picks.length > 0 && picks.length !== await page.locator(".pick").count()) complain("not every map can be picked");
  (await violations(page)).forEach(complain);
  // Colours change nothing about places.
  if (colorScheme === "light") (await hover(page)).forEach(complain);
  if (screenshots) {
    mkdirSync(screenshots, { recursive: true });
    await page.screenshot({ path: join(screenshots, `${screen}-${colorScheme}.png`), fullPage: true });
  }
  // The tables behind the charts must fit as well.
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
  if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) {
    complain("scrolls sideways with its tables open");
  }
  (await violations(page)).forEach((what) => complain(`with its tables open, ${what}`));
  await page.close();
}

// axe-core in a world of its own, where the page's policy about scripts does not reach.
async function violations(page) {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const world = { frameId: frameTree.frame.id, worldName: "axe" };
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", world);
  const run = "axe.run().then((found) => JSON.stringify(found.violations))";
  await session.send("Runtime.evaluate", { expression: axe, contextId });
  const { result, exceptionDetails } =
    await session.send("Runtime.evaluate", { expression: run, contextId, awaitPromise: true });
  await session.detach();
  if (exceptionDetails) return [`axe-core failed: ${exceptionDetails.exception?.description}`];
  const nodes = (violation) => violation.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ");
  return JSON.parse(result.value).map((violation) => `axe: ${violation.id} (${violation.help}) at ${nodes(violation)}`);
}

// The pointer over the middle of each chart shows something, and over the page outside nothing.
async function hover(page) {
  const wrong = [];
  for (const figure of await page.$$("figure")) {
    const title = await figure.$eval("h3", (heading) => heading.textContent);
    const svg = await figure.$("svg:visible");
    if (!svg) continue;
    await svg.scrollIntoViewIfNeeded();
    const spots = await svg.evaluate(places);
    let said = "";
    for (const [x, y] of spots) {
      await page.mouse.move(x, y);
      said ||= await page.$eval(".tip", (tip) => (tip.hidden ? "" : tip.innerText));
    }
    if (!/\d/.test(said) || /NaN|undefined|Infinity/.test(said)) wrong.push(`${title}: says "${said}" under the pointer`);
  }
  await page.mouse.move(1, 1);
  await page.evaluate(() => window.scrollTo(0, 0));
  return wrong;
}

// Inside the page: where something is drawn.
function places(svg) {
  const shapes = [...svg.querySelectorAll("rect[data-says], rect:has(title), path[class], polyline[class]")];
  const inside = ({ width, height }) => width + height > 12;
  const boxes = shapes.map((shape) => shape.getBoundingClientRect()).filter(inside);
  const middle = ({ left, right, top, bottom }) => [(left + right) / 2, (top + bottom) / 2];
  // A path of many cells has its middle anywhere: the middle of its largest cell is inside.
  const cells = [...svg.querySelectorAll("path[class]")].map((path) => {
    const all = [...path.getAttribute("d").matchAll(/M(-?[\d.]+) (-?[\d.]+)h([\d.]+)v([\d.]+)/g)];
    const sizes = all.map(([, x, y, width, height]) => [x, y, width, height].map(Number));
    const [x, y, width, height] = sizes.sort((a, b) => b[2] * b[3] - a[2] * a[3])[0] ?? [NaN, NaN, 0, 0];
    const at = new DOMPoint(x + width / 2, y + height / 2).matrixTransform(path.getScreenCTM());
    return [at.x, at.y];
  }).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const all = [...cells, ...boxes.map(middle)];
  const { left, top, width, height } = svg.getBoundingClientRect();
  const grid = [0.3, 0.5, 0.7].flatMap((x) => [0.4, 0.6, 0.8].map((y) => [left + x * width, top + y * height]));
  return [...all.slice(0, 4), ...all.slice(-4), ...grid];
}

// The better of some openings: machines have other things to do as well.
async function speed() {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const page = await browser.newPage({ viewport: screens.desktop });
    await page.goto(address, { waitUntil: "load" });
    times.push(await page.evaluate(async () => {
      const painted = new Promise((done) => {
        const seen = (list) => list.getEntriesByName("first-contentful-paint").forEach((entry) => done(entry.startTime));
        new PerformanceObserver(seen).observe({ type: "paint", buffered: true });
        setTimeout(done, 2000, Infinity);
      });
      const paint = await painted;
      const { domContentLoadedEventEnd } = performance.getEntriesByType("navigation")[0];
      return { ready: domContentLoadedEventEnd, paint };
    }));
    await page.close();
  }
  const best = (pick) => Math.min(...times.map(pick));
  const [ready, paint] = [best((time) => time.ready), best((time) => time.paint)];
  console.log(`${bytes} bytes, ready after ${ready.toFixed(0)} ms, first paint after ${paint.toFixed(0)} ms`);
  if (ready > mostMilliseconds) problems.push(`it takes ${ready.toFixed(0)} ms until the page is read`);
  if (paint > mostMilliseconds) problems.push(`it takes ${paint.toFixed(0)} ms until something is seen`);
}

async function withoutScript() {
  const context = await browser.newContext({ viewport: screens.desktop, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(address, { waitUntil: "load" });
  const [charts, tables] = [await page.locator("figure svg:visible").count(), await page.locator("figure table").count()];
  const figures = await page.locator("figure").count();
  if (charts !== figures || tables !== figures) problems.push(`without script: ${charts} charts, ${tables} tables`);
  await context.close();
}

async function print() {
  const page = await browser.newPage({ viewport: { width: 700, height: 990 }, colorScheme: "dark" });
  await page.goto(address, { waitUntil: "load" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const wrong = await page.evaluate(() => {
    const wrong = [];
    for (const figure of document.querySelectorAll("figure")) {
      const shown = [...figure.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().width > 0);
      const name = figure.querySelector("h3").textContent;
      if (shown.length !== 1 || !shown[0].classList.contains("wide")) wrong.push(`${name}: not the wide drawing`);
      if (getComputedStyle(figure).breakInside !== "avoid") wrong.push(`${name}: may be cut`);
      if (figure.getBoundingClientRect().height > 960) wrong.push(`${name}: higher than a page`);
    }
    const text = getComputedStyle(document.body).color.match(/\d+/g).map(Number);
    if (Math.max(...text) > 100) wrong.push(`the text is light: ${text}`);
    return wrong;
  });
  wrong.forEach((what) => problems.push(`print: ${what}`));
  if (screenshots) {
    await page.pdf({ path: join(screenshots, "print.pdf"), format: "A4", printBackground: true });
    await page.screenshot({ path: join(screenshots, "print.png"), fullPage: true });
  }
  await page.close();
}

// Runs inside the page and returns what is wrong with it.
function inspect({ leastText, leastContrast }) {
  const wrong = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > window.innerWidth) wrong.push(`scrolls sideways: ${wide} px in ${window.innerWidth}`);
  const figures = [...document.querySelectorAll("figure")];
  if (figures.length === 0) wrong.push("has no chart");
  for (const figure of figures) {
    const title = figure.querySelector("h3")?.textContent ?? figure.id;
    const shown = [...figure.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().width > 0);
    if (shown.length !== 1) wrong.push(`${title}: ${shown.length} drawings are visible`);
    for (const svg of shown) chart(svg, title);
  }
  const banner = document.querySelector(".verdict h2");
  if (!banner?.textContent.trim()) wrong.push("has no verdict");
  for (const element of document.querySelectorAll("h1,h2,h3,p,li,dt,dd,th,td,summary")) {
    if (element.getBoundingClientRect().width > 0) contrast(element, getComputedStyle(element).color);
  }
  return wrong;

  function chart(svg, title) {
    const box = svg.getBoundingClientRect();
    if (box.width < 200 || box.height < 60) wrong.push(`${title}: only ${box.width} × ${box.height} px`);
    if (svg.getAttribute("role") !== "img" || !svg.querySelector("title") || !svg.querySelector("desc")) {
      wrong.push(`${title}: says nothing to a screen reader`);
    }
    if (!svg.querySelector("polyline[class], circle[class], rect[class], path[class]")) wrong.push(`${title}: is empty`);
    const texts = [...svg.querySelectorAll("text")];
    const boxes = texts.map((text) => text.getBoundingClientRect());
    texts.forEach((text, i) => {
      const size = parseFloat(text.getAttribute("font-size")) * svg.getScreenCTM().a;
      const name = text.textContent.trim();
      if (size < leastText) wrong.push(`${title}: "${name}" is ${size.toFixed(1)} px high`);
      const { left, right, top, bottom } = boxes[i];
      if (left < box.left - 1 || right > box.right + 1 || top < box.top - 1 || bottom > box.bottom + 1) {
        wrong.push(`${title}: "${name}" is cut off`);
      }
      boxes.slice(i + 1).forEach((other, j) => {
        const over = left < other.right - 1 && other.left < right - 1 && top < other.bottom - 3 && other.top < bottom - 3;
        if (over) wrong.push(`${title}: "${name}" lies over "${texts[i + 1 + j].textContent.trim()}"`);
      });
      contrast(text, getComputedStyle(text).fill, cell(svg, boxes[i]));
    });
  }

  // The colour of the cell that a text is written on, if it is.
  function cell(svg, { left, right, top, bottom }) {
    const middle = new DOMPoint((left + right) / 2, (top + bottom) / 2).matrixTransform(svg.getScreenCTM().inverse());
    const under = [...svg.querySelectorAll("rect[class], path[class]")].slice(1).find((shape) => shape.isPointInFill(middle));
    return under && getComputedStyle(under).fill;
  }

  function contrast(element, colour, cell) {
    const behind = cell ?? background(element);
    const [light, dark] = [luminance(colour), luminance(behind)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < leastContrast) {
      wrong.push(`"${element.textContent.trim().slice(0, 40)}" has a contrast of ${ratio.toFixed(1)}`);
    }
  }

  function background(element) {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour && colour !== "rgba(0, 0, 0, 0)" && colour !== "transparent") return colour;
    }
    return "rgb(255, 255, 255)";
  }

  function luminance(colour) {
    const channels = colour.match(/[\d.]+/g).slice(0, 3).map((value) => value / 255);
    const [r, g, b] = channels.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
}
