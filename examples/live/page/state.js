// What the reader looks at: one token, layer and head; the changes; which of two runs is shown. All
// of it stands in the address behind #, so that a link leads to this moment.

const state = {
    token: 0,
    layer: 0,
    head: 0,
    expert: -1,
    shown: "trained",  // or "changed"
    site: "attn_weights",
    cell: null,  // what the inspector shows; cell: index in the token's row
    edits: [],
    everywhere: false,  // do changes go to all tokens, or to this one
    near: true,         // attention: the tokens around, or all of them
    tour: null,
    step: 0,
};

const runs = {
    trained: null,
    changed: null
};
const asked = {
    kind: "chat",
    question: "What is 7 + 5?",
    effort: "low",
    nPrompt: 0,
    answers: {}
};

function shownRun() {
    return state.shown === "changed" && runs.changed ? runs.changed : runs.trained;
}
function sameTokens() { return runs.changed !== null; }

const listeners = [];
function onChange(listener) { listeners.push(listener); }

let isPlanned = false;
function redraw() {
    if (isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(() => {
        isPlanned = false;
        for (const listener of listeners)
            listener();
        writeHash();
    });
}

function clamp(value, low, high) { return Math.min(high, Math.max(low, value)); }

// set({token: 12}): anything that is out of range ends at the nearest that is not.
function set(values) {
    Object.assign(state, values);
    const run = runs.trained;
    if (run) {
        state.token = clamp(state.token, 0, run.nTokens - 1);
        state.layer = clamp(state.layer, 0, run.config.n_layers - 1);
        state.head = clamp(state.head, 0, run.config.n_heads - 1);
        if (state.expert >= run.config.n_experts) state.expert = -1;
    }
    if (!("cell" in values) && ("token" in values || "site" in values || "layer" in values))
        state.cell = null;
    redraw();
}

// --- The address -------------------------------------------------------------------------------

const EDIT_KEYS = ["do", "layer", "head", "expert", "token", "from", "factor", "half"];

function editText(edit) {
    return EDIT_KEYS.filter((key) => key in edit).map((key) => `${key}:${edit[key]}`).join(",");
}
function editFromText(text) {
    const edit = {};
    for (const part of text.split(",")) {
        const [key, value] = part.split(":");
        if (!EDIT_KEYS.includes(key)) continue;
        edit[key] = key === "do" || key === "half" ? value : Number(value);
    }
    return edit;
}

function writeHash() {
    if (!runs.trained) return;
    const parts = new URLSearchParams();
    if (isLive) {
        parts.set("q", asked.question);
        parts.set("kind", asked.kind);
        parts.set("effort", asked.effort);
    }
    for (const key of ["token", "layer", "head"])
        parts.set(key, state[key]);
    if (state.expert >= 0) parts.set("expert", state.expert);
    if (state.site !== "attn_weights") parts.set("site", state.site);
    if (state.cell !== null) parts.set("cell", state.cell);
    if (!state.near) parts.set("all", 1);
    if (state.shown === "changed") parts.set("shown", "changed");
    if (state.edits.length) parts.set("edits", state.edits.map(editText).join(";"));
    if (state.tour) parts.set("tour", `${state.tour}.${state.step}`);
    if (location.protocol === "about:") return;  // inside a notebook
    const hash = `#${parts}`;
    if (hash !== location.hash) history.replaceState(null, "", hash);
}

function readHash() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const values = {};
    for (const key of ["token", "layer", "head", "expert", "cell"]) {
        const number = parseInt(parts.get(key), 10);
        if (Number.isInteger(number) && number >= 0) values[key] = number;
    }
    if (SITES[parts.get("site")]) values.site = parts.get("site");
    if (parts.get("all")) values.near = false;
    if (parts.get("shown") === "changed") values.shown = "changed";
    if (parts.get("edits")) values.edits = parts.get("edits").split(";").map(editFromText);
    const [tour, step] = (parts.get("tour") ?? "").split(".");
    return {
        values,
        question: parts.get("q"),
        kind: parts.get("kind"),
        effort: parts.get("effort"),
        tour,
        step: Number(step) || 0
    };
}
