// Change it: what the reader may switch off, close, force or replace, and what came of it. Live
// pages only.

const changesView = {
    element: null
};

function scope() { return state.everywhere ? -1 : state.token; }
function scopeText(token) {
    return token === undefined || token < 0 ? "everywhere" : `at ${token}`;
}

function editName(edit) {
    const layer = edit.layer < 0 ? "all layers" : `layer ${edit.layer}`;
    if (edit.do === "head")
        return `head ${edit.head}, ${layer}, ${edit.factor === 0 ? "off" : `× ${edit.factor}`} ${
            scopeText(edit.token)}`;
    if (edit.do === "sinks_off") return `sinks off, ${layer}`;
    if (edit.do === "window_off") return `window off, ${layer}`;
    if (edit.do === "residual")
        return `stream after ${edit.half === "mlp" ? "experts" : "attention"} ${edit.layer} at ${
            edit.token}: ${edit.from < 0 ? "zeros" : `that of ${edit.from}`}`;
    return `expert ${edit.expert} ${edit.do === "close_expert" ? "closed" : "forced"}, ${layer}, ${
        scopeText(edit.token)}`;
}

function sameTarget(a, b) {
    return ["do", "layer", "head", "expert", "token", "half"].every((key) => a[key] === b[key]);
}
// A change again takes it back; with another value it replaces the first.
function toggleEdit(edit) {
    const others = state.edits.filter((e) => !sameTarget(e, edit)),
          old = state.edits.find((e) => sameTarget(e, edit));
    const isSame = old && JSON.stringify(old) === JSON.stringify(edit);
    setEdits(isSame ? others : [...others, edit]);
}
function headEdit(factor = 0) {
    return {do: "head", layer: state.layer, head: state.head, token: scope(), factor};
}

function editButton(text, edit, title) {
    const isOn = state.edits.some((e) => JSON.stringify(e) === JSON.stringify(edit));
    return button(
        text, () => toggleEdit(edit),
        {className: "small", "aria-pressed": isOn, title: title ?? ""});
}

function changeRow(label, ...controls) {
    return make("div", {className: "row"}, make("span", {className: "label"}, label), ...controls);
}

function headRow() {
    const slider = make("input", {
        type: "range",
        min: 0,
        max: 2,
        step: 0.25,
        value: currentFactor(),
        "aria-label": "factor of the head",
        onchange: (event) => Number(event.target.value) === 1 ?
            setEdits(state.edits.filter((e) => !sameTarget(e, headEdit()))) :
            setHeadFactor(Number(event.target.value))
    });
    return changeRow(
        `Head ${state.head}`, editButton("off", headEdit(), "key x"), slider,
        make("span", {className: "mono"}, `× ${currentFactor()}`));
}
function currentFactor() { return state.edits.find((e) => sameTarget(e, headEdit()))?.factor ?? 1; }
function setHeadFactor(factor) {
    setEdits([...state.edits.filter((e) => !sameTarget(e, headEdit())), headEdit(factor)]);
}

function expertRow() {
    const expert = chosenExpert();
    const edit = (what) => ({do: what, layer: state.layer, expert, token: scope()});
    return changeRow(
        `Expert ${expert}`,
        editButton("close", edit("close_expert"), "the router may not choose it (k)"),
        editButton("force", edit("force_expert"), "the router must choose it (f)"));
}

function streamRow() {
    const from = make("input", {
        type: "number",
        min: 0,
        max: runs.trained.nTokens - 1,
        value: Math.max(0, state.token - 2),
        "aria-label": "whose stream to take"
    });
    const half = SITES[state.site] && state.site.startsWith("mlp") ? "mlp" : "attn";
    const edit = (token) =>
        ({do: "residual", layer: state.layer, half, token: state.token, from: token});
    return changeRow(
        `Stream after ${half === "mlp" ? "experts" : "attention"}`, editButton("zeros", edit(-1)),
        button(
            "take that of",
            () => toggleEdit(
                edit(clamp(Math.round(Number(from.value)) || 0, 0, runs.trained.nTokens - 1))),
            {className: "small"}),
        from);
}

function changeControls() {
    const everywhere = make(
        "div", {className: "row"}, make("span", {className: "label"}, "Head and expert"),
        button(
            "at this token", () => set({everywhere: false}),
            {className: "small", "aria-pressed": !state.everywhere}),
        button(
            "everywhere", () => set({everywhere: true}),
            {className: "small", "aria-pressed": state.everywhere}));
    const layered = (name, what) => changeRow(
        name, editButton(`off in layer ${state.layer}`, {do: what, layer: state.layer}),
        editButton("in all layers", {do: what, layer: -1}));
    return [
        everywhere, headRow(), expertRow(), streamRow(),
        make("p", {className: "muted"}, "Of a whole layer, for all tokens:"),
        layered("Sinks", "sinks_off"), layered("Window", "window_off")
    ];
}

// What stands in its messages: "7+5=12 → 7 + 5 = 12."
function saidText(text) {
    return text.split("<|message|>")
               .slice(1)
               .map((part) => part.split(" <|")[0].trim())
               .join(" → ") ||
        text;
}

function answerTexts() {
    const {trained, changed} = asked.answers;
    const block = (text, kind) => (text ? make("div", {className: kind}, saidText(text)) : null);
    return make(
        "div", {className: "answers", "aria-live": "polite"}, block(trained, "trained"),
        block(changed, "changed"));
}

changesView.build = () => {
    changesView.element =
        make("section", {id: "changes", className: "card live-only", "aria-label": "Change it"});
    return changesView.element;
};
changesView.draw = () => {
    const run = shownRun();
    if (!run || !isLive) {
        changesView.element.hidden = true;
        return;
    }
    changesView.element.hidden = false;
    if (changesView.element.contains(document.activeElement) &&
        document.activeElement.type === "number")
        return;
    const focused =
        [...changesView.element.querySelectorAll("button,input")].indexOf(document.activeElement);
    const chips = state.edits.map(
        (edit) => make(
            "span", {className: "change"}, editName(edit),
            button(
                "×", () => setEdits(state.edits.filter((e) => e !== edit)),
                {"aria-label": `take back: ${editName(edit)}`})));
    changesView.element.replaceChildren(
        make(
            "div", {className: "head"}, make("h2", {}, "Change it"),
            make("span", {className: "muted"}, `layer ${state.layer}`)),
        ...changeControls(), make("div", {className: "row"}, ...chips),
        make(
            "div", {className: "row"},
            button(
                "Answer with the changes", answerWithChanges,
                {className: "primary", disabled: !state.edits.length || isBusy(), title: "key a"}),
            button(
                "Undo all", () => setEdits([]), {disabled: !state.edits.length, title: "key u"})),
        answerTexts());
    if (focused >= 0) changesView.element.querySelectorAll("button,input")[focused]?.focus();
};
