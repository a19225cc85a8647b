// Values under the pointer, read off the drawing itself: nothing is stored twice, nothing is fetched. Without this the
// page loses nothing but that; the table behind each chart has the figures.
(() => {
  "use strict";
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("aria-hidden", "true");
  tip.hidden = true;
  document.body.append(tip);

  const digits = (value, most) => {
    const before = Math.floor(Math.log10(Math.abs(value) || 1)) + 1;
    return String(Number(value.toFixed(Math.min(12, Math.max(0, most - before)))));
  };
  const decimal = (value, most) => {
    const steps = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
    const [step, prefix] = steps.find(([step]) => Math.abs(value) >= step * 0.99995) ?? [1, ""];
    return `${digits(value / step, most)} ${prefix}`;
  };
  const duration = (s) => {
    if (s >= 119.5) return s >= 3600 ? `${digits(s / 3600, 3)} h` : `${digits(s / 60, 3)} min`;
    const [step, unit] = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"]].find(([step]) => s >= step * 0.9995) ?? [1e-9, "ns"];
    return s > 0 ? `${digits(s / step, 3)} ${unit}` : "0 s";
  };
  const bytes = (value) => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    const power = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.abs(value) || 1) / 10)));
    return `${digits(value / 1024 ** power, 3)} ${units[power]}`;
  };
  const show = {
    "s": duration,
    "/s": (value) => `${decimal(value, 3)}/s`,
    "n": (value) => decimal(Math.round(value), 3).trim(),
    "x": (value) => decimal(value, 3).trim(),
    "B": bytes,
    "B/s": (value) => `${bytes(value)}/s`,
    "%": (value) => `${digits(value * 100, 3)} %`,
    "9s": (value) => `${digits((1 - 10 ** -value) * 100, 2 + Math.max(1, Math.ceil(value)))} % of the records`,
  };
  // From a share of the way along an axis to its value.
  const invert = ([low, high, scale], share) => {
    if (scale === "linear") return low + share * (high - low);
    const more = scale === "log1" ? 1 : 0;
    const [from, to] = [Math.log10(low + more), Math.log10(high + more)];
    return 10 ** (from + share * (to - from)) - more;
  };
  const classOf = (element) => element.getAttribute?.("class")?.match(/^[sf](\d+)$/)?.[1];

  function prepare(svg) {
    const plot = JSON.parse(svg.dataset.plot);
    // What the browser would show by itself, after a while and only to a mouse.
    for (const title of svg.querySelectorAll("rect > title")) {
      title.parentNode.dataset.says = title.textContent;
      title.remove();
    }
    for (const panel of plot.panels) panel.lines = [];
    for (const line of svg.querySelectorAll("polyline[class]")) {
      const points = line.getAttribute("points").trim().split(/\s+/).map((point) => point.split(",").map(Number));
      const [x, y] = points[0];
      const panel = plot.panels.find(({ at: [l, r, t, b] }) => x >= l && x <= r && y >= t && y <= b);
      const name = panel?.names[classOf(line)];
      if (name) panel.lines.push({ name, points });
    }
    return plot;
  }

  function valueAt(points, x, reach) {
    let [low, high] = [0, points.length - 1];
    if (x < points[0][0] - reach || x > points[high][0] + reach) return null;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle][0] <= x) low = middle; else high = middle;
    }
    return Math.abs(points[low][0] - x) <= Math.abs(points[high][0] - x) ? points[low][1] : points[high][1];
  }

  function lines(plot, target, x, y) {
    if (target.dataset?.says) return [target.dataset.says];
    const panel = plot.panels.find(({ at: [l, r, t, b] }) => x >= l && x <= r && y >= t && y <= b);
    if (!panel) return [];
    const [l, r, t, b] = panel.at;
    const said = [];
    const where = invert(plot.x, (x - l) / (r - l));
    if (show[plot.x[3]]) said.push(show[plot.x[3]](where));
    const known = new Map();
    for (const { name, points } of panel.lines) {
      const at = valueAt(points, x, (r - l) / 50);
      if (at !== null) known.set(name, invert(panel.y, (b - at) / (b - t)));
    }
    for (const [name, value] of known) said.push(`${name}: ${(show[panel.y[3]] ?? String)(Math.max(0, value))}`);
    if (known.size === 0) {
      const name = target.tagName === "path" ? panel.names[classOf(target)] : undefined;
      if (!name) return [];
      if (show[panel.y[3]]) said.push(`at ${show[panel.y[3]](invert(panel.y, (b - y) / (b - t)))}`);
      said.push(name);
    }
    return said;
  }

  for (const svg of document.querySelectorAll("svg[data-plot]")) {
    let plot = null;
    const point = (event) => {
      plot ??= prepare(svg);
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const said = lines(plot, event.target, x, y);
      tip.hidden = said.length === 0;
      tip.replaceChildren(...said.map((line) => Object.assign(document.createElement("div"), { textContent: line })));
      const { offsetWidth: width, offsetHeight: height } = tip;
      const right = event.clientX + 16 + width > window.innerWidth - 8;
      tip.style.left = `${Math.max(8, right ? event.clientX - 16 - width : event.clientX + 16)}px`;
      tip.style.top = `${Math.max(8, Math.min(event.clientY + 16, window.innerHeight - height - 8))}px`;
    };
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
    svg.addEventListener("pointerleave", () => { tip.hidden = true; });
  }
})();
