// Picture: a card with a drawing. A view draws once into a Sketch, a list of shapes; the list becomes canvas,
// SVG or PNG, and answers what lies under the pointer.

function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

class Sketch {
  constructor(width) { this.width = width; this.height = 0; this.shapes = []; this.spots = []; }
  rect(x, y, w, h, fill, { alpha = 1, stroke, line = 1, radius = 0 } = {}) {
    this.shapes.push({ kind: "rect", x, y, w, h, fill, alpha, stroke, line, radius });
  }
  line(points, stroke, line = 1, { dash, alpha = 1 } = {}) { this.shapes.push({ kind: "line", points, stroke, line, dash, alpha }); }
  text(x, y, text, { size = 12, fill = css("--ink"), align = "left", mono = false, bold = false, max = 0, turn = 0, alpha = 1 } = {}) {
    this.shapes.push({ kind: "text", x, y, text, size, fill, align, mono, bold, max, turn, alpha });
  }
  // What the pointer finds: a tip, and what a click sets.
  spot(x, y, w, h, tip, go) { this.spots.push({ x, y, w, h, tip, go }); }
  find(x, y) { return this.spots.findLast((s) => x >= s.x && x < s.x + s.w && y >= s.y && y < s.y + s.h); }
}

const FONT = { sans: "system-ui, sans-serif", mono: "ui-monospace, 'DejaVu Sans Mono', Menlo, monospace" };
function fontOf(s) { return `${s.bold ? "600 " : ""}${s.size}px ${s.mono ? FONT.mono : FONT.sans}`; }

const measurer = document.createElement("canvas").getContext("2d");
function fitted(s) {
  if (!s.max) return s.text;
  measurer.font = fontOf(s);
  const letters = [...s.text];
  if (measurer.measureText(s.text).width <= s.max) return s.text;
  while (letters.length > 1 && measurer.measureText(letters.join("") + "…").width > s.max) letters.pop();
  return letters.join("") + "…";
}

function paint(sketch, canvas, scale, background) {
  canvas.width = Math.round(sketch.width * scale);
  canvas.height = Math.round(sketch.height * scale);
  const c = canvas.getContext("2d");
  c.scale(scale, scale);
  if (background) { c.fillStyle = background; c.fillRect(0, 0, sketch.width, sketch.height); }
  for (const s of sketch.shapes) {
    c.globalAlpha = s.alpha;
    if (s.kind === "rect") paintRect(c, s);
    else if (s.kind === "line") paintLine(c, s);
    else paintText(c, s);
  }
}
function paintRect(c, s) {
  c.beginPath();
  if (s.radius) c.roundRect(s.x, s.y, s.w, s.h, s.radius); else c.rect(s.x, s.y, s.w, s.h);
  if (s.fill) { c.fillStyle = s.fill; c.fill(); }
  if (s.stroke) { c.strokeStyle = s.stroke; c.lineWidth = s.line; c.stroke(); }
}
function paintLine(c, s) {
  c.beginPath();
  s.points.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.strokeStyle = s.stroke; c.lineWidth = s.line; c.lineJoin = "round"; c.setLineDash(s.dash ?? []); c.stroke(); c.setLineDash([]);
}
function paintText(c, s) {
  c.font = fontOf(s); c.fillStyle = s.fill; c.textAlign = s.align; c.textBaseline = "middle"; c.direction = "ltr";
  if (!s.turn) { c.fillText(fitted(s), s.x, s.y); return; }
  c.save(); c.translate(s.x, s.y); c.rotate((s.turn * Math.PI) / 180); c.fillText(fitted(s), 0, 0); c.restore();
}

function escaped(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
}
function svgShape(s) {
  const n = (x) => Math.round(x * 100) / 100;
  const opacity = s.alpha < 1 ? ` opacity="${n(s.alpha)}"` : "";
  if (s.kind === "rect") {
    const stroke = s.stroke ? ` stroke="${s.stroke}" stroke-width="${s.line}"` : "";
    return `<rect x="${n(s.x)}" y="${n(s.y)}" width="${n(s.w)}" height="${n(s.h)}" rx="${s.radius}" fill="${s.fill ?? "none"}"${stroke}${opacity}/>`;
  }
  if (s.kind === "line") {
    const points = s.points.map(([x, y]) => `${n(x)},${n(y)}`).join(" ");
    return `<polyline points="${points}" fill="none" stroke="${s.stroke}" stroke-width="${s.line}"${s.dash ? ` stroke-dasharray="${s.dash}"` : ""}${opacity}/>`;
  }
  const anchor = { left: "start", center: "middle", right: "end" }[s.align];
  const turn = s.turn ? ` transform="rotate(${s.turn} ${n(s.x)} ${n(s.y)})"` : "";
  return `<text x="${n(s.x)}" y="${n(s.y)}" font-family="${escaped(s.mono ? FONT.mono : FONT.sans)}" font-size="${s.size}"${s.bold ? ' font-weight="600"' : ""}` +
    ` fill="${s.fill}" text-anchor="${anchor}" dominant-baseline="central"${turn}${opacity}>${escaped(fitted(s))}</text>`;
}
function svgOf(sketch, title) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${sketch.width}" height="${sketch.height}" viewBox="0 0 ${sketch.width} ${sketch.height}">` +
    `<title>${escaped(title)}</title><rect width="100%" height="100%" fill="${css("--card")}"/>${sketch.shapes.map(svgShape).join("")}</svg>`;
}

function save(url, name) { make("a", { href: url, download: name }).click(); }

const pictures = [];

// view: {id, title, width, draw(sketch, run), say(run) -> nodes, legend: [[color, text]], options(run) -> nodes}
class Picture {
  constructor(view) {
    this.view = view;
    this.canvas = make("canvas", { tabIndex: 0, role: "img" });
    this.say = make("p", { className: "say" });
    this.options = make("span", { className: "options" });
    this.legend = make("div", { className: "legend" });
    const exports = make("span", { className: "export" }, ...[["SVG", () => this.saveSvg()], ["PNG", () => this.savePng()]].map(([kind, save]) =>
      button(kind, save, { className: "small", title: `Save as ${kind}`, "aria-label": `Save ${view.title} as ${kind}` })));
    const head = make("div", { className: "head" }, make("h2", {}, view.title), this.options);
    const foot = make("div", { className: "foot" }, this.legend, exports);
    this.element = make("section", { id: view.id, className: `card ${view.width ?? ""}`, "aria-label": view.title }, head, this.say, this.canvas, foot);
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => showTip(null));
    this.canvas.addEventListener("click", (event) => this.spotAt(event)?.go?.());
    pictures.push(this);
  }
  // What it says at once; the picture when it is in sight.
  draw() {
    const run = shownRun();
    this.element.hidden = !run || (this.view.isThere && !this.view.isThere(run));
    this.isStale = !this.element.hidden;
    if (this.element.hidden) return;
    this.describe(run);
    this.paintInSight();
  }
  paintInSight() {
    const { top, bottom } = this.element.getBoundingClientRect();
    if (this.isStale && bottom > -300 && top < innerHeight + 300) this.paint();
  }
  paint() {
    const inside = getComputedStyle(this.element), width = Math.floor(this.element.clientWidth - parseFloat(inside.paddingLeft) - parseFloat(inside.paddingRight));
    if (width <= 0) return;
    this.isStale = false;
    this.sketch = new Sketch(width);
    this.view.draw(this.sketch, shownRun());
    paint(this.sketch, this.canvas, window.devicePixelRatio || 1);
    this.canvas.style.height = `${this.sketch.height}px`;
    this.canvas.style.width = `${width}px`;
  }
  describe(run) {
    this.say.replaceChildren(...(this.view.say?.(run) ?? []));
    this.canvas.setAttribute("aria-label", `${this.view.title}. ${this.say.textContent}`);
    this.legend.replaceChildren(...(this.view.legend?.(run) ?? []).map(([color, text]) => {
      const swatch = make("i");
      swatch.style.background = css(color);
      return make("span", {}, swatch, text);
    }));
    this.options.replaceChildren(...(this.view.options?.(run) ?? []));
  }
  spotAt(event) {
    const box = this.canvas.getBoundingClientRect();
    return this.sketch?.find(event.clientX - box.left, event.clientY - box.top);
  }
  hover(event) {
    const spot = this.spotAt(event);
    this.canvas.style.cursor = spot?.go ? "pointer" : "default";
    showTip(spot ? (typeof spot.tip === "function" ? spot.tip() : spot.tip) : null, event.clientX, event.clientY);
  }
  saveSvg() { this.paint(); save(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgOf(this.sketch, this.view.title))}`, `${this.view.id}.svg`); }
  savePng() {
    this.paint();
    const canvas = document.createElement("canvas");
    paint(this.sketch, canvas, 2, css("--card"));
    save(canvas.toDataURL("image/png"), `${this.view.id}.png`);
  }
}

function showTip(text, x = 0, y = 0) {
  const tip = byId("tip");
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${clamp(x + 14, 4, innerWidth - box.width - 6)}px`;
  tip.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18}px`;
}

// Text on a cell of a color that is laid on with alpha.
function inkOn(alpha) {
  const turn = document.documentElement.dataset.theme === "dark" ? 0.42 : 0.52;
  return css(alpha > turn ? "--card" : "--ink");
}

// The tokens around the chosen one that fit: [first, end)
function nearby(run, room, back = 0.7) {
  const count = Math.min(run.nTokens, Math.max(1, Math.floor(room)));
  const first = clamp(state.token - Math.floor(count * back), 0, run.nTokens - count);
  return [first, first + count];
}
