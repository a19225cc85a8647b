// Looks at a report in headless Chromium: node check.mjs REPORT.html [SCREENSHOTS]
//
// At desktop and phone width, in light and dark: no error on the console, no request but the file itself, every figure
// shows exactly one drawing that has a size and lies inside the page, nothing scrolls sideways, and text in charts is
// large enough to read. CHROMIUM names the browser where it is not /usr/bin/chromium.
import { chromium } from "playwright-core";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [report, screenshots] = process.argv.slice(2);
if (!report) {
  console.error("usage: node check.mjs REPORT.html [SCREENSHOTS]");
  process.exit(2);
}
const address = pathToFileURL(resolve(report)).href;
const screens = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const leastText = 9;
const leastContrast = 4.5;
const problems = [];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
try {
  for (const [screen, viewport] of Object.entries(screens)) {
    for (const colorScheme of ["light", "dark"]) await look(screen, viewport, colorScheme);
  }
} finally {
  await browser.close();
}
for (const problem of problems) console.error(problem);
console.log(problems.length ? `${problems.length} problems` : "the report looks right at both widths, light and dark");
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
  if (screenshots) {
    mkdirSync(screenshots, { recursive: true });
    await page.screenshot({ path: join(screenshots, `${screen}-${colorScheme}.png`), fullPage: true });
  }
  // The tables behind the charts must fit as well.
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
  if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) {
    complain("scrolls sideways with its tables open");
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
    if (box.width < 200 || box.height < 100) wrong.push(`${title}: only ${box.width} × ${box.height} px`);
    if (svg.getAttribute("role") !== "img" || !svg.querySelector("title") || !svg.querySelector("desc")) {
      wrong.push(`${title}: says nothing to a screen reader`);
    }
    if (!svg.querySelector("polyline[class], circle[class]")) wrong.push(`${title}: has no line`);
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
      contrast(text, getComputedStyle(text).fill);
    });
  }

  function contrast(element, colour) {
    const behind = background(element);
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
