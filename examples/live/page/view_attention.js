// Attention: all heads of the layer small, the chosen one large. Rows look, columns are looked at;
// the sink has a column of its own; what the window hides is hatched.

function attentionRange(run, room) {
    return state.near ? nearby(run, Math.min(room, 28), 0.8) : [0, run.nTokens];
}

// The triangle of one head, from (x, y) on, cells of size; sink in front.
function drawHead(s, run, head, x, y, size, first, end) {
    const sinkAt = x, left = x + size * 1.5;
    for (let t = first; t < end; ++t) {
        const row = y + (t - first) * size, share = run.sinkShare(state.layer, head, t);
        if (share > 0.005) s.rect(sinkAt, row, size, size, css("--sink"), {alpha: share ** 0.7});
        for (const [weight, p] of run.weights(state.layer, head, t)) {
            if (weight > 0.005 && p >= first)
                s.rect(
                    left + (p - first) * size, row, size, size, css("--weight"),
                    {alpha: weight ** 0.7});
        }
    }
}

const headsView = {
    id: "heads",
    title: "All heads of the layer",
    width: "third",
    isThere: (run) => run.layersWithWeights().length > 0,
    draw(s, run) {
        if (!run.hasWeights(state.layer)) return;
        const n = run.config.n_heads, columns = n > 16 ? 8 : s.width < 300 ? 3 : 4, gap = 10;
        const [first, end] = nearby(run, 28, 0.8), count = end - first;
        const box = (s.width - gap * (columns - 1)) / columns, size = (box - 6) / (count + 1.5);
        for (let head = 0; head < n; ++head) {
            const x = (head % columns) * (box + gap), y = Math.floor(head / columns) * (box + 22);
            const isHere = head === state.head;
            const cut = state.edits.some(
                (e) =>
                    e.do === "head" && e.head === head && (e.layer === state.layer || e.layer < 0));
            s.text(x + 2, y + 8, `${n > 16 ? "" : "head "}${head}${cut ? " ✕" : ""}`, {
                size: 11,
                bold: isHere,
                fill:
                    css(cut        ? "--change" :
                            isHere ? "--ink" :
                                     "--muted")
            });
            s.rect(x, y + 17, box, box, css("--soft"), {radius: 4});
            drawHead(s, run, head, x + 3, y + 20, size, first, end);
            if (isHere)
                s.rect(x, y + 17, box, box, null, {stroke: css("--ink"), line: 2, radius: 4});
            s.spot(
                x, y, box, box + 20, () => `head ${head}: ${lookText(run, head, 2)}`,
                () => set({head}));
        }
        s.height = Math.ceil(n / columns) * (box + 22);
    },
    say: (run) => run.hasWeights(state.layer) ?
        [`Layer ${state.layer} ${layerText(run, state.layer)}. Each square is a head: rows look, ` +
         `columns are looked at. Choose one.`] :
        [notKeptText(run)],
    legend: () => [["--weight", "weight"], ["--sink", "the sink's share"]],
};

function notKeptText(run) {
    return `The attention weights of layer ${
               state.layer} are not in this page, to keep it small; ` +
        `those of layers ${run.layersWithWeights().join(", ")} are.`;
}

function lookText(run, head, count) {
    const sink = run.sinkShare(state.layer, head, state.token);
    const seen =
        run.looksAt(state.layer, head, state.token).slice(0, count).filter(([w]) => w >= 0.02);
    const words = seen.map(([w, p]) => `${w.toFixed(3)} on ${quoted(run.tokens[p])}`);
    return [...words, `${sink.toFixed(3)} to the sink`].join(", ");
}

const attentionView = {
    id: "attention",
    title: "Who looks at whom",
    width: "two-thirds",
    isThere: (run) => run.layersWithWeights().length > 0,
    draw(s, run) {
        if (!run.hasWeights(state.layer)) return;
        const [first, end] = attentionRange(run, (s.width - 90) / 15), count = end - first;
        const label = state.near ? 62 : 8, top = state.near ? 62 : 8,
              size = Math.min(26, 560 / count, (s.width - label - 6) / (count + 1.5));
        const left = label + size * 1.5;
        drawHidden(s, run, first, end, left, top, size);
        drawHead(s, run, state.head, label, top, size, first, end);
        if (state.near) drawLabels(s, run, first, end, label, left, top, size);
        const y = top + (state.token - first) * size;
        const thick = Math.max(size, 5);
        s.rect(
            label - 2, y + size / 2 - thick / 2 - 0.5, left - label + count * size + 3, thick + 1,
            null, {stroke: css("--ink"), line: 1.5, radius: 3});
        for (let t = first; t < end; ++t) {
            s.spot(
                label, top + (t - first) * size, size, size,
                () => `the sink takes ${exact(run.sinkShare(state.layer, state.head, t))} of ${
                    quoted(run.tokens[t])}`,
                () => set({token: t, site: "attn_sink_share", cell: state.head}));
            for (let p = first; p <= t; ++p) {
                s.spot(
                    left + (p - first) * size, top + (t - first) * size, size, size,
                    () => cellTip(run, t, p), () => chooseCell(run, t, p));
            }
        }
        s.height = top + count * size + 6;
    },
    say(run) {
        if (!run.hasWeights(state.layer)) return [notKeptText(run)];
        const sink = run.sinkShare(state.layer, state.head, state.token);
        const seen =
            run.looksAt(state.layer, state.head, state.token).slice(0, 3).filter(([
                                                                                     w
                                                                                 ]) => w >= 0.02);
        const parts = [
            `Head ${state.head} of layer ${state.layer}: `, tokenElement(run.tokens[state.token]),
            seen.length ? " looks at " : " looks at nothing in particular"
        ];
        seen.forEach(
            ([w, p], i) => parts.push(
                i ? ", " : "", tokenElement(run.tokens[p]), make("b", {}, ` ${w.toFixed(3)}`),
                ` (${state.token - p || "itself"}${state.token - p ? " back" : ""})`));
        parts.push("; ", make("b", {}, sink.toFixed(3)), " goes to the sink.");
        const leftOut = leftOutText(run.rest(state.layer, state.head, state.token));
        if (leftOut) parts.push(` Left out: ${leftOut}.`);
        return parts;
    },
    options: () =>
        [button("near", () => set({near: true}), {className: "small", "aria-pressed": state.near}),
         button(
             "all tokens", () => set({near: false}),
             {className: "small", "aria-pressed": !state.near})],
    legend: (run) => [
        ["--weight", "weight 0 to 1"],
        ["--sink", "the sink's share: what the head keeps and gives to no token"],
        ...(run.windows[state.layer] ? [["--line", "hidden: outside the window"]] : [])],
};

// Positions that are earlier than the window, in stripes.
function drawHidden(s, run, first, end, left, top, size) {
    for (let t = first; t < end; ++t) {
        s.rect(left, top + (t - first) * size, (t - first + 1) * size, size, css("--soft"));
        const hidden = run.firstVisible(state.layer, t) - first;
        if (hidden <= 0) continue;
        const y = top + (t - first) * size;
        s.rect(left, y, hidden * size, size, css("--line"));
        for (let k = 0; k < hidden; ++k)
            s.line(
                [[left + k * size, y + size], [left + (k + 1) * size, y]], css("--card"),
                Math.max(0.5, size / 14));
    }
}

function drawLabels(s, run, first, end, label, left, top, size) {
    s.text(label + size / 2, top - 6, "sink", {size: 11, fill: css("--muted"), turn: -60});
    for (let t = first; t < end; ++t) {
        const isHere = t === state.token, options = {
            mono: true,
            size: 11,
            max: 56,
            bold: isHere,
            fill: css(isHere ? "--ink" : "--muted")
        };
        s.text(
            label - 6, top + (t - first + 0.5) * size, visibleText(run.tokens[t]),
            {...options, align: "right"});
        s.text(
            left + (t - first + 0.55) * size, top - 6, visibleText(run.tokens[t]),
            {...options, turn: -60});
        s.spot(0, top + (t - first) * size, label, size, `token ${t}`, () => set({token: t}));
    }
}

function cellTip(run, t, p) {
    const text = `${quoted(run.tokens[t])} (${t}) looks at ${quoted(run.tokens[p])} (${p})`;
    if (p < run.firstVisible(state.layer, t))
        return `${text}: hidden, outside the window of ${run.windows[state.layer]}`;
    const weight = run.weight(state.layer, state.head, t, p);
    if (weight !== undefined) return `${text}\nwith ${exact(weight)}`;
    return `${text}\nwith a weight that is left out, one of\n${
        leftOutText(run.rest(state.layer, state.head, t))}`;
}

function chooseCell(run, t, p) {
    const cell =
        run.weights(state.layer, state.head, t).findIndex(([, position]) => position === p);
    set(cell < 0 ? {token: t} : {token: t, site: "attn_weights", cell});
}
