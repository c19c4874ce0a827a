// Sketch: a drawing as a list of shapes. It becomes canvas, SVG or PNG, and answers what lies under
// the pointer.

function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

class Sketch {
    constructor(width) {
        this.width = width;
        this.height = 0;
        this.shapes = [];
        this.spots = [];
    }
    rect(x, y, w, h, fill, {alpha = 1, stroke, line = 1, radius = 0} = {}) {
        this.shapes.push({kind: "rect", x, y, w, h, fill, alpha, stroke, line, radius});
    }
    line(points, stroke, line = 1, {dash, alpha = 1} = {}) {
        this.shapes.push({kind: "line", points, stroke, line, dash, alpha});
    }
    text(x, y, text, {
        size = 12,
        fill = css("--ink"),
        align = "left",
        mono = false,
        bold = false,
        max = 0,
        turn = 0,
        alpha = 1
    } = {}) {
        this.shapes.push(
            {kind: "text", x, y, text, size, fill, align, mono, bold, max, turn, alpha});
    }
    // What the pointer finds: a tip, and what a click sets.
    spot(x, y, w, h, tip, go) { this.spots.push({x, y, w, h, tip, go}); }
    find(x, y) {
        return this.spots.findLast((s) => x >= s.x && x < s.x + s.w && y >= s.y && y < s.y + s.h);
    }
}

const FONT = {
    sans: "system-ui, sans-serif",
    mono: "ui-monospace, 'DejaVu Sans Mono', Menlo, monospace"
};
function fontOf(s) {
    return `${s.bold ? "600 " : ""}${s.size}px ${s.mono ? FONT.mono : FONT.sans}`;
}

const measurer = document.createElement("canvas").getContext("2d");
function fitted(s) {
    if (!s.max) return s.text;
    measurer.font = fontOf(s);
    const letters = [...s.text];
    if (measurer.measureText(s.text).width <= s.max) return s.text;
    while (letters.length > 1 && measurer.measureText(letters.join("") + "…").width > s.max)
        letters.pop();
    return letters.join("") + "…";
}

function paint(sketch, canvas, scale, background) {
    canvas.width = Math.round(sketch.width * scale);
    canvas.height = Math.round(sketch.height * scale);
    const c = canvas.getContext("2d");
    c.scale(scale, scale);
    if (background) {
        c.fillStyle = background;
        c.fillRect(0, 0, sketch.width, sketch.height);
    }
    for (const s of sketch.shapes) {
        c.globalAlpha = s.alpha;
        if (s.kind === "rect")
            paintRect(c, s);
        else if (s.kind === "line")
            paintLine(c, s);
        else
            paintText(c, s);
    }
}
function paintRect(c, s) {
    c.beginPath();
    if (s.radius)
        c.roundRect(s.x, s.y, s.w, s.h, s.radius);
    else
        c.rect(s.x, s.y, s.w, s.h);
    if (s.fill) {
        c.fillStyle = s.fill;
        c.fill();
    }
    if (s.stroke) {
        c.strokeStyle = s.stroke;
        c.lineWidth = s.line;
        c.stroke();
    }
}
function paintLine(c, s) {
    c.beginPath();
    s.points.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
    c.strokeStyle = s.stroke;
    c.lineWidth = s.line;
    c.lineJoin = "round";
    c.setLineDash(s.dash ?? []);
    c.stroke();
    c.setLineDash([]);
}
function paintText(c, s) {
    c.font = fontOf(s);
    c.fillStyle = s.fill;
    c.textAlign = s.align;
    c.textBaseline = "middle";
    c.direction = "ltr";
    if (!s.turn) {
        c.fillText(fitted(s), s.x, s.y);
        return;
    }
    c.save();
    c.translate(s.x, s.y);
    c.rotate((s.turn * Math.PI) / 180);
    c.fillText(fitted(s), 0, 0);
    c.restore();
}

function escaped(text) {
    return String(text)
        .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
        .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
}
function svgShape(s) {
    const n = (x) => Math.round(x * 100) / 100;
    const opacity = s.alpha < 1 ? ` opacity="${n(s.alpha)}"` : "";
    if (s.kind === "rect") {
        const stroke = s.stroke ? ` stroke="${s.stroke}" stroke-width="${s.line}"` : "";
        return `<rect x="${n(s.x)}" y="${n(s.y)}" width="${n(s.w)}" height="${n(s.h)}" rx="${
            s.radius}" fill="${s.fill ?? "none"}"${stroke}${opacity}/>`;
    }
    if (s.kind === "line") {
        const points = s.points.map(([x, y]) => `${n(x)},${n(y)}`).join(" ");
        return `<polyline points="${points}" fill="none" stroke="${s.stroke}" stroke-width="${
            s.line}"${s.dash ? ` stroke-dasharray="${s.dash}"` : ""}${opacity}/>`;
    }
    const anchor = {left: "start", center: "middle", right: "end"}[s.align];
    const turn = s.turn ? ` transform="rotate(${s.turn} ${n(s.x)} ${n(s.y)})"` : "";
    return `<text x="${n(s.x)}" y="${n(s.y)}" font-family="${
               escaped(s.mono ? FONT.mono : FONT.sans)}" font-size="${s.size}"${
               s.bold ? ' font-weight="600"' : ""}` +
        ` fill="${s.fill}" text-anchor="${anchor}" dominant-baseline="central"${turn}${opacity}>${
               escaped(fitted(s))}</text>`;
}
function svgOf(sketch, title) {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${sketch.width}" height="${
               sketch.height}" viewBox="0 0 ${sketch.width} ${sketch.height}">` +
        `<title>${escaped(title)}</title><rect width="100%" height="100%" fill="${
               css("--card")}"/>${sketch.shapes.map(svgShape).join("")}</svg>`;
}

function save(url, name) { make("a", {href: url, download: name}).click(); }
