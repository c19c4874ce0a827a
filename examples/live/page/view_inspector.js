// The inspector: a site at the chosen token: its row as bars, one exact value, shape, formula, the
// function that computes it with its source, and the page to read.

const inspectorView = {
    id: "inspector",
    title: "Inspector",
    draw(s, run) {
        const row = rowOf(run, state.site, state.layer, state.head, state.token);
        if (!row) {
            s.text(0, 12, "This page does not hold it.", {fill: css("--muted")});
            s.height = 24;
            return;
        }
        const values = row.values, height = 84, finite = [...values].filter(Number.isFinite);
        const most = Math.max(1e-30, ...finite.map(Math.abs)), below = finite.some((v) => v < 0),
              zero = below ? height / 2 : height;
        const size = s.width / values.length,
              perBar = Math.max(1, Math.ceil(values.length / s.width));
        for (let i = 0; i < values.length; i += perBar) {
            const value = largestOf(values, i, perBar),
                  bar = Number.isFinite(value) ?
                (Math.abs(value) / most) * (below ? height / 2 : height) :
                0;
            s.rect(
                i * size, value < 0 ? zero : zero - bar,
                Math.max(0.8, size * perBar - (size > 4 ? 1 : 0)), Math.max(bar, 0.5),
                css(value < 0 ? "--sink" : "--weight"),
                {alpha: i <= chosenCell(row) && chosenCell(row) < i + perBar ? 1 : 0.55});
            for (let k = i; k < Math.min(values.length, i + perBar); ++k) {
                s.spot(
                    k * size, 0, size, height, () => `${row.label(k)}\n${exact(values[k])}`,
                    () => set({cell: k}));
            }
        }
        const x = (chosenCell(row) + 0.5) * size;
        s.line([[x, 0], [x, height + 6]], css("--ink"), 1.5);
        s.line([[0, zero], [s.width, zero]], css("--line"));
        s.height = height + 8;
    },
};

function largestOf(values, first, count) {
    let largest = values[first];
    for (let i = first; i < Math.min(values.length, first + count); ++i)
        if (Math.abs(values[i]) > Math.abs(largest)) largest = values[i];
    return largest;
}

// Without a choice the chosen head's sink, else the largest value of the row.
function chosenCell(row) {
    if (state.cell !== null) return clamp(state.cell, 0, row.values.length - 1);
    if (state.site === "attn_sink_share") return state.head;
    let best = 0;
    row.values.forEach((value, i) => {
        if (Math.abs(value) > Math.abs(row.values[best]) && Number.isFinite(value)) best = i;
    });
    return best;
}

function siteChooser(run) {
    const options =
        Object.keys(SITES)
            .filter((symbol) => symbol === state.site || hasSite(run, symbol, state.layer))
            .map(
                (symbol) =>
                    make("option", {value: symbol, selected: symbol === state.site}, symbol));
    return make(
        "select",
        {"aria-label": "Activation", onchange: (event) => set({site: event.target.value})},
        ...options);
}

function field(name, ...value) { return [make("dt", {}, name), make("dd", {}, ...value)]; }

function inspectorFields(run) {
    const info = SITES[state.site],
          row = rowOf(run, state.site, state.layer, state.head, state.token);
    if (!row)
        return [make(
            "p", {className: "muted"},
            `${siteName(state.site, state.layer)} is not in this page.`)];
    const cell = chosenCell(row), value = row.values[cell],
          otherRun = runs.changed && (state.shown === "changed" ? runs.trained : runs.changed);
    const other = otherRun && rowOf(otherRun, state.site, state.layer, state.head, state.token);
    return [
        make(
            "dl", {className: "fields"},
            ...field("value", make("span", {className: "value", id: "cell-value"}, exact(value))),
            ...field("where", row.label(cell)),
            ...(row.leftOut ? field("left out", row.leftOut) : []),
            ...(other ? field(
                            state.shown === "changed" ? "as trained" : "with changes",
                            make(
                                "span", {className: "mono"},
                                exact(other.values[Math.min(cell, other.values.length - 1)]))) :
                        []),
            ...field("name", make("span", {className: "mono"}, row.name)),
            ...field(
                "shape", make("span", {className: "mono"}, `(${row.shape.join(", ")})`),
                ` ${state.site === "mlp_expert_ids" ? "int32" : precisionText(run)}`),
            ...field("header", make("span", {className: "mono"}, info.header)),
            ...field("read", make("span", {className: "mono"}, `docs/${info.page}`))),
        make("div", {className: "formula"}, info.formula),
    ];
}

function precisionText(run) { return run.header.precision ?? "float32"; }

// A view of its own: fields and source are elements, so that they can be read out and copied.
inspectorView.build = () => {
    const picture = new Picture(inspectorView), fields = make("div"),
          source = make("details", {id: "source"});
    source.append(make("summary", {}), make("pre", {tabIndex: 0}));
    picture.element.append(fields, source);
    onChange(() => {
        const run = shownRun();
        if (!run) return;
        picture.options.replaceChildren(siteChooser(run));
        fields.replaceChildren(...inspectorFields(run));
        const info = SITES[state.site], text = functionSource(info.header, info.op);
        source.hidden = !text;
        source.firstChild.textContent = `${info.op}, as it ran`;
        source.lastChild.textContent = text;
    });
    return picture;
};
inspectorView.options = (run) => [siteChooser(run)];
inspectorView.say = (run) =>
    [tokenElement(run.tokens[state.token]),
     ` in ${
         OUTSIDE_LAYERS.includes(state.site) ?
             "the whole model" :
             `layer ${state.layer}`}: each bar is a value, choose one.`];
