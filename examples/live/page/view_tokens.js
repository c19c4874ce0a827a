// The token strip: the run as messages of Harmony, one chip per token. Chips are shaded by what the
// chosen head of the chosen token looks at.

const tokensView = {
    id: "tokens",
    element: null,
    chips: [],
    of: null
};

// Where messages begin: at <|start|>, and the answer at the first generated token.
function messagesOf(run) {
    const messages = [];
    run.tokens.forEach((token, t) => {
        if (token.text === "<|start|>" || messages.length === 0)
            messages.push({first: t, end: t + 1});
        messages.at(-1).end = t + 1;
    });
    return messages.map((message) => ({...message, who: whoSpeaks(run, message)}));
}

function whoSpeaks(run, {first, end}) {
    const texts = run.tokens.slice(first, end).map((token) => token.text);
    if (texts[0] !== "<|start|>") return "";
    const header =
        texts.slice(1, texts.includes("<|message|>") ? texts.indexOf("<|message|>") : undefined)
            .join("");
    return header.replace("<|channel|>", " · ").replace("<|constrain|>", " ");
}

tokensView.build = () => {
    tokensView.list =
        make("div", {className: "strip", role: "listbox", "aria-label": "The tokens of the run"});
    tokensView.element = make(
        "section", {id: "tokens", className: "card", "aria-label": "Tokens"},
        make("div", {className: "head"}, make("h2", {}, "The tokens")),
        make(
            "p", {className: "say"},
            "Choose one: everything below is about it. Underlined: written by the " +
                "model. Blue: what the chosen head looks at from there."),
        tokensView.list);
    return tokensView.element;
};

function chipFor(run, t) {
    const token = run.tokens[t], chip = tokenElement(token, "button");
    chip.type = "button";
    chip.tabIndex = -1;
    if (t >= asked.nPrompt) chip.classList.add("said");
    chip.setAttribute("role", "option");
    chip.title = `position ${t}, id ${token.id}`;
    chip.onclick = () => set({token: t});
    return chip;
}

tokensView.draw = () => {
    const run = shownRun();
    if (!run) return;
    if (tokensView.of !== run.tokens) {
        tokensView.of = run.tokens;
        tokensView.chips = run.tokens.map((_, t) => chipFor(run, t));
        tokensView.list.replaceChildren(...messagesOf(run).map(
            (message) => make(
                "div", {className: "message"}, make("div", {className: "who"}, message.who),
                make(
                    "div", {className: "toks"},
                    ...tokensView.chips.slice(message.first, message.end)))));
    }
    const weights = new Map();
    if (run.hasWeights(state.layer))
        for (const [weight, s] of run.weights(state.layer, state.head, state.token))
            weights.set(s, weight);
    tokensView.chips.forEach((chip, s) => {
        const weight = weights.get(s) ?? 0;
        chip.setAttribute("aria-current", s === state.token);
        chip.setAttribute("aria-selected", s === state.token);
        chip.tabIndex = s === state.token ? 0 : -1;
        const share = 0.12 + 0.6 * weight;
        chip.style.color = weight > 0.01 ? inkOn(share) : "";
        chip.style.background = weight > 0.01 ?
            `color-mix(in srgb, var(--weight) ${Math.round(100 * share)}%, var(--card))` :
            "";
    });
};

// --- Where we are ------------------------------------------------------------------------------

function stepper(name, text, back, forth, backKey, forthKey) {
    return make(
        "span", {className: "stepper"},
        button("‹", back, {title: `${name} before (${backKey})`, "aria-label": `${name} before`}),
        make("span", {}, make("span", {className: "name"}, `${name} `), text),
        button("›", forth, {title: `next ${name} (${forthKey})`, "aria-label": `next ${name}`}));
}

function layerText(run, layer) {
    const window = run.windows[layer];
    return window ? `sees the last ${window} tokens` : "sees all tokens so far";
}

function drawWhere() {
    const run = shownRun();
    if (!run) return;
    const token = run.tokens[state.token];
    const parts = [
        stepper(
            "token", make("b", {}, `${state.token} `, tokenElement(token)),
            () => set({token: state.token - 1}), () => set({token: state.token + 1}), "←", "→"),
        stepper(
            "layer", make("b", {title: layerText(run, state.layer)}, String(state.layer)),
            () => set({layer: state.layer - 1}), () => set({layer: state.layer + 1}), "↑", "↓"),
        stepper(
            "head", make("b", {}, String(state.head)), () => set({head: state.head - 1}),
            () => set({head: state.head + 1}), "[", "]"),
    ];
    if (runs.changed) {
        parts.push(make(
            "span", {className: "stepper"},
            ...["trained", "changed"].map(
                (which) => button(
                    which === "trained" ? "as trained" : "with changes", () => set({shown: which}),
                    {className: "small", "aria-pressed": state.shown === which, title: "key c"}))));
    }
    byId("where").replaceChildren(...parts);
}
