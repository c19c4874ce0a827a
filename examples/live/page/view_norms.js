// The residual stream's norm over depth: how large the chosen token's vector is after each half
// layer.

function streamOf(run, t) { return Array.from({length: run.nHalves}, (_, row) => run.rms(row, t)); }

// 0.1, 0.2, 0.5, 1, ... between two powers of ten
function ticksBetween(low, top) {
    const ticks = [];
    for (let power = Math.floor(low); power <= top; ++power) {
        for (const m of [1, 2, 5])
            ticks.push(Number((m * 10 ** power).toPrecision(2)));
    }
    return ticks.filter((tick) => Math.log10(tick) > low && Math.log10(tick) < top);
}

const normsView = {
    id: "norms",
    title: "Norm of the residual stream",
    width: "half",
    isThere: (run) => run.has("stream.rms"),
    draw(s, run) {
        const left = 46, bottom = 46, height = 210, n = run.nHalves,
              step = (s.width - left - 30) / Math.max(1, n - 1);
        const all = runs.trained.array("stream.rms"), top = Math.log10(Math.max(...all) * 1.2),
              low = Math.log10(Math.max(1e-6, Math.min(...all) / 1.2));
        const x = (row) => left + row * step,
              y = (value) => 8 +
            (height - 8 - bottom) * (1 - (Math.log10(Math.max(value, 1e-6)) - low) / (top - low));
        const path = (which, t) => streamOf(which, t).map((value, row) => [x(row), y(value)]);
        for (const tick of ticksBetween(low, top)) {
            s.line([[left, y(tick)], [s.width - 10, y(tick)]], css("--line"));
            s.text(
                left - 6, y(tick), String(tick),
                {align: "right", size: 10.5, fill: css("--muted")});
        }
        const every = Math.ceil(run.nTokens / 80);
        for (let t = 0; t < run.nTokens; t += every)
            s.line(path(run, t), css("--muted"), 1, {alpha: 0.13});
        s.line(path(runs.trained, state.token), css("--weight"), 2.5);
        if (runs.changed)
            s.line(path(runs.changed, state.token), css("--change"), 2.5, {dash: [6, 4]});
        for (let row = 0; row < n; ++row) {
            const [px, py] = [x(row), y(runs.trained.rms(row, state.token))],
                       isHere = (row - 1) >> 1 === state.layer && row > 0;
            s.rect(px - 3.5, py - 3.5, 7, 7, css("--weight"), {radius: 3.5});
            if ((n <= 12 && step > 38) || row % (n <= 12 ? 2 : 6) === 0)
                s.text(
                    px, height - bottom + 16,
                    row === 0 ? "emb" : `${row % 2 ? "attn" : "exp"} ${(row - 1) >> 1}`, {
                        align: "center",
                        size: 10.5,
                        bold: isHere,
                        fill: css(isHere ? "--ink" : "--muted")
                    });
            const changed = runs.changed ?
                `\nwith the changes ${exact(runs.changed.rms(row, state.token))}` :
                "";
            s.spot(
                px - step / 2, 0, step, height - 20,
                `after ${halfName(row)}: rms ${exact(runs.trained.rms(row, state.token))}${
                    changed}`,
                () => set(
                    row ?
                        {layer: (row - 1) >> 1, site: row % 2 ? "attn_residual" : "mlp_residual"} :
                        {site: "embedding"}));
        }
        s.height = height - 18;
    },
    say(run) {
        const stream = streamOf(run, state.token);
        return [
            "The vector of ", tokenElement(run.tokens[state.token]),
            ` begins with the size ${stream[0].toPrecision(3)} and ends with `,
            make("b", {}, stream.at(-1).toPrecision(3)),
            ". (Size: the root mean square, rms, of its channels.)"
        ];
    },
    legend: () => [
        ["--weight", "this token"], ...(runs.changed ? [["--change", "with your changes"]] : []),
        ["--line", "the others"]],
};
