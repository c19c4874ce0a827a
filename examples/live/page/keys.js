// The keyboard: everything that the pointer can do. Letters are left alone while something is being
// typed.

const KEYS = [
    [
        "← →", "token before, next token", {
            ArrowLeft: () => set({token: state.token - 1}),
            ArrowRight: () => set({token: state.token + 1})
        }
    ],
    [
        "↑ ↓", "layer before, next layer", {
            ArrowUp: () => set({layer: state.layer - 1}),
            ArrowDown: () => set({layer: state.layer + 1})
        }
    ],
    [
        "[ ]", "head before, next head",
        {"[": () => set({head: state.head - 1}), "]": () => set({head: state.head + 1})}
    ],
    [
        "- +", "expert before, next expert",
        {"-": () => moveExpert(-1), "+": () => moveExpert(1), "=": () => moveExpert(1)}
    ],
    [
        ", .", "value before, next value in the inspector",
        {",": () => moveCell(-1), ".": () => moveCell(1)}
    ],
    ["/", "find a token, an activation or a picture", {"/": () => openSearch()}],
    ["z", "attention: near or all tokens", {z: () => set({near: !state.near})}],
    ["?", "these words and keys", {"?": () => openHelp()}],
    [
        "Home End", "first token, last token",
        {Home: () => set({token: 0}), End: () => set({token: Infinity})}
    ],
];
const LIVE_KEYS = [
    [
        "x", "switch the head off or on, at this token or everywhere (e)",
        {x: () => toggleEdit(headEdit()), e: () => set({everywhere: !state.everywhere})}
    ],
    [
        "s w", "sinks off, window off in this layer", {
            s: () => toggleEdit({do: "sinks_off", layer: state.layer}),
            w: () => toggleEdit({do: "window_off", layer: state.layer})
        }
    ],
    [
        "k f", "close, force the chosen expert",
        {k: () => editExpert("close_expert"), f: () => editExpert("force_expert")}
    ],
    [
        "c", "show the run as trained or with the changes",
        {c: () => runs.changed && set({shown: state.shown === "changed" ? "trained" : "changed"})}
    ],
    ["a", "answer with the changes", {a: () => answerWithChanges()}],
    ["u", "undo all changes", {u: () => setEdits([])}],
    ["q", "ask something else", {q: () => byId("question").select()}],
    [
        "t", "the tour; n and p: next step, step before; Esc ends it", {
            t: () => startTour("sum"),
            n: () => moveStep(1),
            p: () => moveStep(-1),
            Escape: () => state.tour && endTour()
        }
    ],
];

function moveCell(by) {
    const row = rowOf(shownRun(), state.site, state.layer, state.head, state.token);
    if (row) set({cell: clamp(chosenCell(row) + by, 0, row.values.length - 1)});
}
function moveExpert(by) {
    set({expert: clamp(chosenExpert() + by, 0, shownRun().config.n_experts - 1)});
}
// The one that was chosen by hand, else the first that the router chose.
function chosenExpert() {
    return state.expert >= 0 ? state.expert :
                               shownRun().experts(state.layer, state.token)[0].expert;
}
function editExpert(what) {
    toggleEdit({do: what, layer: state.layer, expert: chosenExpert(), token: scope()});
}

function shownKeys() { return isLive ? [...KEYS, ...LIVE_KEYS] : KEYS; }

function listenToKeys() {
    const actions = Object.assign({}, ...shownKeys().map(([, , keys]) => keys));
    addEventListener("keydown", (event) => {
        const isTyping =
            event.target.closest?.("input, select, textarea, dialog, [contenteditable]");
        if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !runs.trained ||
            !actions[event.key])
            return;
        event.preventDefault();
        actions[event.key]();
    });
}

const WORDS = [
    ["token", "a piece of text with a number, its id; the model reads and writes tokens"],
    ["stream", "the vector of a token that runs through all layers; each adds to it twice"],
    [
        "layer",
        "an attention and then the experts: “experts 1” is the stream after those of layer 1"
    ],
    [
        "head",
        "a part of the attention that looks at earlier tokens on its own; its weights say where"
    ],
    [
        "sink",
        "a learned score beside the tokens': the share that it wins is what a head does not spend"
    ],
    ["window", "how many tokens back every other layer sees"],
    ["experts", "small networks, of which a router chooses four for each token"],
    ["rms", "root mean square, the size of a vector"],
    ["logit lens", "what would be said next if no layer followed"],
];

function openHelp() {
    const rows = shownKeys().map(
        ([keys, text]) =>
            make("tr", {}, make("td", {}, make("kbd", {}, keys)), make("td", {}, text)));
    const words = WORDS.map(
        ([word, text]) =>
            make("tr", {}, make("td", {}, make("b", {}, word)), make("td", {}, text)));
    byId("dialog").replaceChildren(
        make(
            "div", {className: "head"}, make("h2", {}, "Words"),
            button("Close", () => byId("dialog").close(), {className: "primary", autofocus: true})),
        make("table", {}, make("tbody", {}, ...words)), make("h2", {}, "Keys"),
        make("table", {}, make("tbody", {}, ...rows)));
    byId("dialog").showModal();
}
