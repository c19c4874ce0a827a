// The logit lens: what the model would say if it had to speak after half a layer.

const lensView = {
    id: "lens",
    title: "Logit lens",
    width: "two-thirds",
    isThere: (run) => run.has("lens.ids"),
    draw(s, run) {
        const left = 86,
              cell = Math.max(38, Math.min(56, (s.width - left) / Math.min(run.nTokens, 14))),
              rowHeight = run.nHalves > 20 ? 16 : 25, top = 30;
        const [first, end] = nearby(run, (s.width - left) / cell, 0.75);
        const current = 1 + 2 * state.layer;
        for (let row = 0; row < run.nHalves; ++row) {
            const y = top + row * rowHeight, isHere = row === current || row === current + 1;
            s.text(left - 8, y + rowHeight / 2, halfName(row), {
                align: "right",
                size: 11.5,
                bold: isHere,
                fill: css(isHere ? "--ink" : "--muted")
            });
            for (let t = first; t < end; ++t)
                drawGuess(s, run, row, t, left + (t - first) * cell, y, cell, rowHeight);
        }
        for (let t = first; t < end; ++t) {
            s.text(
                left + (t - first + 0.5) * cell, top - 14, visibleText(run.tokens[t]),
                {align: "center", mono: true, size: 12, max: cell - 4, bold: t === state.token});
        }
        s.height = top + run.nHalves * rowHeight + 3;
        s.rect(
            left + (state.token - first) * cell + 0.5, 2, cell - 1, s.height - 4, null,
            {stroke: css("--ink"), line: 2, radius: 5});
    },
    say(run) {
        const final = run.lens(run.nHalves - 1, state.token)[0];
        let since = run.nHalves - 1;
        while (since > 0 && run.lens(since - 1, state.token)[0].id === final.id)
            --since;
        return [
            "The stream of ", tokenElement(run.tokens[state.token]), " says ", tokenElement(final),
            " from ", make("b", {}, halfText(since)), " on (",
            percent(run.lens(since, state.token)[0].p), " there)."
        ];
    },
    legend: () => [[
        "--weight",
        "the stronger, the likelier. Each cell is the likeliest token; five stand under the pointer"
    ]],
};

function drawGuess(s, run, row, t, x, y, width, height) {
    const guesses = run.lens(row, t), best = guesses[0];
    s.rect(
        x + 1, y + 1, width - 2, height - 2, css("--weight"),
        {alpha: 0.05 + 0.87 * best.p, radius: 3});
    s.text(x + width / 2, y + height / 2, visibleText(best), {
        align: "center",
        mono: true,
        size: 11.5,
        max: width - 6,
        fill: inkOn(0.05 + 0.87 * best.p)
    });
    const lines = () => `${halfName(row)}, at ${t} ${quoted(run.tokens[t])}\n${
        guesses.map((g) => `${percent(g.p).padStart(7)}  ${visibleText(g)}`).join("\n")}`;
    s.spot(x, y, width, height, lines, () => set({
                                           token: t,
                                           layer: row === 0 ? 0 : (row - 1) >> 1,
                                           site: row === 0 ? "embedding" :
                                               row % 2     ? "attn_residual" :
                                                             "mlp_residual"
                                       }));
}
