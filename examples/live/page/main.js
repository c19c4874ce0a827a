// The page: builds the views, opens the source, draws.

const isLive = byId("worker") !== null;

function tell(text) { byId("status").textContent = text; }
function complain(error) {
    byId("problem").textContent = error.message;
    byId("problem").hidden = false;
    tell("");
}

function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    redraw();
}

function fillForm() {
    for (const key of ["kind", "question", "effort"])
        byId(key).value = asked[key];
    byId("effort").hidden = asked.kind !== "chat";
}

function paintAll() { pictures.forEach((picture) => picture.isStale && picture.paint()); }

// One region is read out, not every picture.
function announce() {
    const said = ["next", "attention"].map(
        (id) => document.querySelector(`#${id}:not([hidden]) .say`)?.textContent ?? "");
    byId("announce").textContent =
        `Token ${state.token}, layer ${state.layer}, head ${state.head}. ${said.join(" ")}`;
}

function buildViews() {
    const views = [
        nextView, lensView, headsView, attentionView, routesView, wayView, cacheView, normsView
    ].map((view) => new Picture(view));
    byId("views").append(tokensView.build(), ...views.map((picture) => picture.element));
    byId("side").append(changesView.build(), inspectorView.build().element);
    onChange(drawWhere);
    onChange(tokensView.draw);
    onChange(changesView.draw);
    onChange(() => pictures.forEach((picture) => picture.draw()));
    onChange(announce);
    new ResizeObserver(redraw).observe(byId("views"));
    addEventListener("resize", redraw);
    addEventListener(
        "scroll", () => pictures.forEach((picture) => picture.paintInSight()), {passive: true});
    addEventListener("beforeprint", paintAll);
}

function connectButtons() {
    byId("help-open").onclick = openHelp;
    byId("search-open").onclick = openSearch;
    byId("theme").onclick = () =>
        setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    byId("kind").onchange = () => {
        byId("effort").hidden = byId("kind").value !== "chat";
    };
    byId("files").onchange = (event) => openFiles(event.target.files);
    byId("ask").onsubmit = (event) => {
        event.preventDefault();
        editsBefore = [];  // they were of other tokens
        if (state.tour) endTour();
        askModel({
            kind: byId("kind").value,
            question: byId("question").value,
            effort: byId("effort").value
        });
    };
    byId("tours").append(...Object.entries(TOURS).map(
        ([name, tour]) =>
            button(`▶ ${tour.name}`, () => startTour(name), {title: "A guided tour"})));
}

const kLiveFooter = "This file is complete: the model and the C++ library that runs it are " +
    "inside, and nothing is sent anywhere. The numbers are those of the plain " +
    "path, to the bit. A safetensors checkpoint of your own can be dropped onto " +
    "the page, or opened here; it stays in this browser.";
const kRecordedFooter =
    "A recorded run, complete in this file. Its numbers are those of the run, in " +
    "the precision that the inspector states.";

function showFooter() { byId("footer").textContent = isLive ? kLiveFooter : kRecordedFooter; }

async function openLive() {
    const wanted = readHash();
    tell("unpacking the model …");
    await startLive();
    acceptDrops();
    const c = live.config;
    byId("subtitle").textContent = `The C++ reference itself, running here: gpt-oss-nano with ${
        c.n_layers} layers, ${c.n_heads} heads, ${c.n_experts} experts.`;
    const question = {
        kind: wanted.kind ?? asked.kind,
        question: wanted.question ?? asked.question,
        effort: wanted.effort ?? asked.effort
    };
    await askModel(question, wanted.question ? wanted.values : {layer: 0, head: 7});
    if (!runs.trained)
        await askModel(
            {kind: "chat", question: "What is 7 + 5?", effort: "low"}, {layer: 0, head: 7});
    if (TOURS[wanted.tour]) await startTour(wanted.tour, wanted.step);
}

async function open() {
    setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    matchMedia("(prefers-color-scheme: dark)").onchange = (event) =>
        setTheme(event.matches ? "dark" : "light");
    document.querySelectorAll(".live-only").forEach((element) => {
        element.hidden = !isLive;
    });
    buildViews();
    connectButtons();
    listenToKeys();
    showFooter();
    fillForm();
    try {
        if (isLive)
            await openLive();
        else {
            startRecorded();
            set(readHash().values);
        }
    } catch (error) {
        complain(error);
    }
    addEventListener("hashchange", () => location.reload());
    window.look.readyAfter = performance.now();  // since the page began to load
    document.documentElement.dataset.ready = "yes";
}

// For the console, and for tests.
window.look = {
    state,
    runs,
    asked,
    set,
    live,
    openFiles,
    setEdits,
    paintAll
};
open();
