// The cache: which positions a layer still holds when the chosen token is read. A sliding layer has
// a ring of as many rows as its window: position s lies in row s % window.

const cacheView = {
    id: "cache",
    title: "The cache",
    width: "half",
    draw(s, run) {
        const layers = run.config.n_layers, left = 56, size = layers > 8 ? 12 : 26,
              cell = (s.width - left - 2) / run.nTokens, top = 18;
        s.text(left, 8, "position 0", {size: 10.5, fill: css("--muted")});
        s.text(
            s.width - 2, 8, String(run.nTokens - 1),
            {size: 10.5, fill: css("--muted"), align: "right"});
        for (let layer = 0; layer < layers; ++layer) {
            const y = top + layer * size, first = run.firstVisible(layer, state.token),
                  window = run.windows[layer];
            s.text(
                left - 8, y + size / 2, `layer ${layer}`,
                {align: "right", size: 11, bold: layer === state.layer});
            s.rect(left, y + 2, s.width - left - 2, size - 4, css("--soft"), {radius: 3});
            s.rect(left, y + 2, first * cell, size - 4, css("--line"), {radius: 3, alpha: 0.9});
            s.rect(
                left + first * cell, y + 2, (state.token - first + 1) * cell, size - 4,
                css(window ? "--sink" : "--weight"), {radius: 3, alpha: 0.75});
            s.spot(left, y, s.width, size, () => cacheTip(run, layer), () => set({layer}));
        }
        const x = left + (state.token + 0.5) * cell;
        s.line([[x, top - 4], [x, top + layers * size]], css("--ink"), 1.5);
        s.height = top + layers * size + 2;
        if (run.windows[state.layer]) drawRing(s, run);
    },
    say(run) {
        const held = (layer) => state.token - run.firstVisible(layer, state.token) + 1;
        const rows = run.windows.reduce((sum, _, layer) => sum + held(layer), 0),
              all = run.config.n_layers * (state.token + 1);
        return [
            "When ", tokenElement(run.tokens[state.token]), ` is read, layer ${state.layer} holds `,
            make("b", {}, `${held(state.layer)} of ${state.token + 1}`),
            ` positions, ${run.firstVisible(state.layer, state.token)} to ${
                state.token}; all layers together ${rows} rows instead of ${all}.`
        ];
    },
    legend: () => [
        ["--sink", "held by a sliding layer"], ["--weight", "held by a full layer"],
        ["--line", "written over"]],
};

function cacheTip(run, layer) {
    const first = run.firstVisible(layer, state.token);
    return run.windows[layer] ?
        `layer ${layer}: positions ${first} to ${state.token}; those before are written over` :
        `layer ${layer}: all positions, 0 to ${state.token}`;
}

function drawRing(s, run) {
    const window = run.windows[state.layer], cell = (s.width - 56) / Math.min(window, 32),
          top = s.height + 22;
    if (window > 32) return;
    s.text(
        0, top - 10, `The ring of layer ${state.layer}: position s lies in row s % ${window}`,
        {size: 11, fill: css("--muted")});
    for (let slot = 0; slot < window; ++slot) {
        const p = state.token - ((state.token - slot) % window + window) % window,
              x = 54 + slot * cell;
        s.rect(
            x + 1, top, cell - 2, 26, css(p < 0 ? "--soft" : "--sink"),
            {alpha: p === state.token ? 0.5 : 0.22, radius: 4});
        if (p >= 0)
            s.text(
                x + cell / 2, top + 13, visibleText(run.tokens[p]),
                {align: "center", mono: true, size: 11, max: cell - 4});
        s.text(
            x + cell / 2, top + 35, String(slot),
            {align: "center", size: 9.5, fill: css("--muted")});
        if (p >= 0)
            s.spot(x, top, cell, 26, `row ${slot} holds position ${p}`, () => set({token: p}));
    }
    s.text(48, top + 13, "row", {align: "right", size: 11, fill: css("--muted")});
    s.height = top + 42;
}
