// How numbers and tokens are written.

// Control characters and what changes the direction of writing are shown as symbols, not obeyed.
function visibleText(token) {
    if (token.bytes) return `‹${token.bytes}›`;
    if (token.text === "") return "∅";
    return token.text
        .replace(
            /[\u0000-\u001f]/g,
            (c) =>
                (c === "\n"     ? "⏎" :
                     c === "\t" ? "⇥" :
                                  String.fromCharCode(0x2400 + c.charCodeAt(0))))
        .replace(
            /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
            (c) => `‹${c.charCodeAt(0).toString(16)}›`)
        .replace(/ /g, "␣");
}

function quoted(token) { return `“${visibleText(token)}”`; }

function percent(p) {
    if (p >= 0.9995 && p < 1) return `${(100 * p).toFixed(2)} %`;
    if (p >= 0.1) return `${(100 * p).toFixed(1)} %`;
    if (p >= 0.0001) return `${(100 * p).toFixed(2)} %`;
    return p === 0 ? "0 %" : "< 0.01 %";
}

// The shortest decimal that reads back as the same float32.
function exact(value) {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value < 0 ? "−∞" : "∞";
    for (let digits = 1; digits <= 9; ++digits) {
        const text = value.toPrecision(digits);
        if (Math.fround(Number(text)) === value) return String(Number(text)).replace("-", "−");
    }
    return String(value);
}

// A token as an element: text only, whatever is in it.
function tokenElement(token, tag = "span") {
    const element = document.createElement(tag);
    element.className = token.special ? "tok special" : "tok";
    element.dir = "ltr";
    for (const part of visibleText(token).split(/(␣)/)) {
        if (part !== "␣")
            element.append(part);
        else
            element.append(Object.assign(
                document.createElement("span"), {className: "space", textContent: "␣"}));
    }
    return element;
}

// make("p", {className: "say"}, "text", otherElement): elements from text and elements, never from
// HTML.
function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
        if (key.includes("-") || key === "role")
            element.setAttribute(key, value);
        else
            element[key] = value;
    }
    element.append(
        ...children.filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

function button(text, onclick, properties = {}) {
    return make("button", {type: "button", onclick, ...properties}, text);
}

function byId(id) { return document.getElementById(id); }
