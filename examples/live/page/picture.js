// Picture: a card with a drawing. A view draws once into a Sketch, and says in words what is to be
// seen.

const pictures = [];

// view: {id, title, width, draw(sketch, run), say(run) -> nodes, legend: [[color, text]],
// options(run) -> nodes}
class Picture {
    constructor(view) {
        this.view = view;
        this.canvas = make("canvas", {tabIndex: 0, role: "img"});
        this.say = make("p", {className: "say"});
        this.options = make("span", {className: "options"});
        this.legend = make("div", {className: "legend"});
        const exports = make(
            "span", {className: "export"},
            ...[["SVG", () => this.saveSvg()], ["PNG", () => this.savePng()]].map(
                ([kind, save]) => button(kind, save, {
                    className: "small",
                    title: `Save as ${kind}`,
                    "aria-label": `Save ${view.title} as ${kind}`
                })));
        const head = make("div", {className: "head"}, make("h2", {}, view.title), this.options);
        const foot = make("div", {className: "foot"}, this.legend, exports);
        this.element = make(
            "section",
            {id: view.id, className: `card ${view.width ?? ""}`, "aria-label": view.title}, head,
            this.say, this.canvas, foot);
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
        const {top, bottom} = this.element.getBoundingClientRect();
        if (this.isStale && bottom > -300 && top < innerHeight + 300) this.paint();
    }
    paint() {
        const inside = getComputedStyle(this.element),
              width = Math.floor(
                  this.element.clientWidth - parseFloat(inside.paddingLeft) -
                  parseFloat(inside.paddingRight));
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
        showTip(
            spot ? (typeof spot.tip === "function" ? spot.tip() : spot.tip) : null, event.clientX,
            event.clientY);
    }
    saveSvg() {
        this.paint();
        save(
            `data:image/svg+xml;charset=utf-8,${
                encodeURIComponent(svgOf(this.sketch, this.view.title))}`,
            `${this.view.id}.svg`);
    }
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

// Text on a cell of --weight that is laid on with alpha: black or white, at least 4.5 : 1.
function inkOn(alpha) {
    const isDark = document.documentElement.dataset.theme === "dark";
    return (alpha > (isDark ? 0.64 : 0.88)) === isDark ? "#000" : "#fff";
}

// The tokens around the chosen one that fit: [first, end)
function nearby(run, room, back = 0.7) {
    const count = Math.min(run.nTokens, Math.max(1, Math.floor(room)));
    const first = clamp(state.token - Math.floor(count * back), 0, run.nTokens - count);
    return [first, first + count];
}
