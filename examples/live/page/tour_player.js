// Plays a tour: asks its question if another one is open, and goes from step to step.

// The position at which the text ends, as the model wrote it; else anywhere in the run.
function tokenEnding(run, text) {
    for (let t = 0; t < run.nTokens; ++t) {
        const said = run.tokens.slice(t >= asked.nPrompt ? asked.nPrompt : 0, t + 1)
                         .map((token) => token.text)
                         .join("");
        if (t >= asked.nPrompt && said.endsWith(text)) return t;
    }
    return state.token;
}

let editsBefore = [];  // what the reader had changed when the tour began

async function startTour(name, step = 0) {
    if (!state.tour) editsBefore = state.edits;
    const {ask: question} = TOURS[name];
    const isOpen =
        runs.trained && ["kind", "question", "effort"].every((key) => asked[key] === question[key]);
    if (!isOpen) {
        editsBefore = [];  // they are of other tokens
        await askModel(question);
    }
    showStep(name, step);
}

function showStep(name, number) {
    const tour = TOURS[name], step = tour.steps[clamp(number, 0, tour.steps.length - 1)],
          run = runs.trained;
    if (!run) return;
    const token = tokenEnding(run, step.at);
    const edits = (step.edits ?? []).map((edit) => (edit.do === "head" ? {...edit, token} : edit));
    set({
        tour: name,
        step: tour.steps.indexOf(step),
        token,
        layer: step.layer,
        head: step.head,
        near: !step.all,
        site: "attn_weights",
        cell: null,
        shown: "trained",
        everywhere: false
    });
    if (JSON.stringify(edits) !== JSON.stringify(state.edits))
        setEdits(edits).then(() => step.answer && answerWithChanges());
    drawTour(tour, step);
    document.querySelectorAll(".card.active").forEach((card) => card.classList.remove("active"));
    const card = byId(step.view);
    card?.classList.add("active");
    card?.scrollIntoView({block: "start"});
}

function drawTour(tour, step) {
    const number = tour.steps.indexOf(step), isLast = number === tour.steps.length - 1,
          box = byId("tour");
    box.hidden = false;
    box.replaceChildren(
        make("b", {}, tour.name), make("p", {}, step.text),
        make(
            "div", {className: "row"},
            button(
                "Back", () => moveStep(-1),
                {disabled: number === 0, className: "small", title: "key p"}),
            button(
                isLast ? "Done" : "Next", () => moveStep(1),
                {className: "small primary", title: "key n"}),
            make("kbd", {}, "n"),
            make("span", {className: "dots"}, `${number + 1} of ${tour.steps.length}`),
            button("×", endTour, {className: "small", "aria-label": "end the tour"})));
    document.body.style.paddingBottom = `${box.offsetHeight + 60}px`;
}

function moveStep(by) {
    if (!state.tour) return;
    if (state.step + by >= TOURS[state.tour].steps.length)
        endTour();
    else if (state.step + by >= 0)
        showStep(state.tour, state.step + by);
}

function endTour() {
    byId("tour").hidden = true;
    document.body.style.paddingBottom = "";
    document.querySelectorAll(".card.active").forEach((card) => card.classList.remove("active"));
    if (state.tour && JSON.stringify(state.edits) !== JSON.stringify(editsBefore))
        setEdits(editsBefore);
    set({tour: null, step: 0});
}
