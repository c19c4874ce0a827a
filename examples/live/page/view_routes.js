// Routes: which experts the router gives each token to, and how sure it was; the load of each
// expert; and the chosen token's way through all layers.

function expertLoad(run, layer) {
    const load = new Array(run.config.n_experts).fill(0);
    for (const id of run.array(`block.${layer}.mlp.expert_ids`))
        ++load[id];
    return load;
}

const routesView = {
    id: "routes",
    title: "Routes through the experts",
    width: "two-thirds",
    isThere: (run) => run.has(`block.${state.layer}.mlp.expert_ids`) &&
        run.has(`block.${state.layer}.mlp.expert_weights`),
    draw(s, run) {
        const n = run.config.n_experts, left = 30, loadWidth = 74, top = 56,
              size = n > 32 ? 6 :
            n > 16          ? 11 :
                              16;
        const [first, end] = nearby(run, (s.width - left - loadWidth) / 24, 0.75),
                      cell = (s.width - left - loadWidth) / (end - first);
        const load = expertLoad(run, state.layer), most = Math.max(...load);
        for (let e = 0; e < n; ++e) {
            const y = top + e * size,
                  isClosed = state.edits.some(
                      (x) => x.do === "close_expert" && x.expert === e &&
                          (x.layer === state.layer || x.layer < 0));
            if (size > 10)
                s.text(left - 6, y + size / 2, String(e), {
                    align: "right",
                    size: 10.5,
                    bold: e === state.expert,
                    fill: css(isClosed ? "--change" : "--muted")
                });
            s.rect(left, y + 0.5, (end - first) * cell, size - 1, css("--soft"));
            const wide = (loadWidth - 36) * (load[e] / most);
            s.rect(
                s.width - loadWidth + 8, y + 1.5, wide, size - 3, css("--expert"),
                {alpha: 0.45, radius: 2});
            if (size > 10)
                s.text(
                    s.width - loadWidth + 12 + wide, y + size / 2, String(load[e]),
                    {size: 10, fill: css("--muted")});
            s.spot(
                0, y, s.width, size, `expert ${e}: chosen by ${load[e]} of ${run.nTokens} tokens`,
                () => set({expert: e}));
        }
        s.text(s.width - loadWidth + 8, top - 10, "load", {size: 11, fill: css("--muted")});
        const margins = run.has(`block.${state.layer}.mlp.router_logits`) ?
            Array.from({length: end - first}, (_, i) => run.margin(state.layer, first + i)) :
            [];
        for (let t = first; t < end; ++t)
            drawRoute(s, run, t, left + (t - first) * cell, top, cell, size, Math.max(...margins));
        s.height = top + n * size + 4;
        s.rect(
            left + (state.token - first) * cell, 2, cell, s.height - 4, null,
            {stroke: css("--ink"), line: 2, radius: 4});
    },
    say(run) {
        const chosen = run.experts(state.layer, state.token), parts = [
            `In layer ${state.layer} `, tokenElement(run.tokens[state.token]), " goes to expert "
        ];
        chosen.forEach(
            ({expert, weight}, j) => parts.push(
                j ? ", " : "", make("b", {}, String(expert)), ` (${weight.toFixed(2)})`));
        if (run.has(`block.${state.layer}.mlp.router_logits`)) {
            const {expert, margin} = run.leftOut(state.layer, state.token);
            if (expert >= 0)
                parts.push(
                    "; next came ", make("b", {}, String(expert)), ", whose score is lower by ",
                    make("b", {}, margin.toFixed(3)), ".");
        }
        return parts;
    },
    legend: () => [
        ["--expert", "the stronger, the more weight"],
        ["--sink", "bar above: the router's margin, a small one is a close call"]],
};

function drawRoute(s, run, t, x, top, cell, size, widest) {
    s.text(
        x + cell / 2, 16, visibleText(run.tokens[t]),
        {align: "center", mono: true, size: 11, max: cell - 2, bold: t === state.token});
    if (run.has(`block.${state.layer}.mlp.router_logits`)) {
        const margin = Math.max(0.06, run.margin(state.layer, t) / widest);
        s.rect(
            x + cell * 0.3, 50 - 22 * margin, cell * 0.4, 22 * margin, css("--sink"),
            {alpha: 0.75, radius: 1});
        s.spot(
            x, 26, cell, 26,
            () => `margin ${
                exact(run.margin(
                    state.layer,
                    t))}: between the last expert that was chosen and the first that was not`,
            () => set({token: t, site: "mlp_router_logits"}));
    }
    for (const {expert, weight} of run.experts(state.layer, t)) {
        s.rect(
            x + 1, top + expert * size + 1, cell - 2, size - 2, css("--expert"),
            {alpha: 0.15 + 0.85 * weight, radius: 2});
        s.spot(
            x, top + expert * size, cell, size,
            `${quoted(run.tokens[t])} → expert ${expert}, weight ${exact(weight)}`,
            () => set({token: t, expert}));
    }
}

const wayView = {
    id: "way",
    title: "The token's way",
    width: "third",
    isThere: routesView.isThere,
    draw(s, run) {
        const layers = run.config.n_layers, n = run.config.n_experts, left = 52, top = 20,
              cell = (s.width - left) / n, size = layers > 8 ? 15 : 52;
        for (let e = 0; e < n; e += n > 32 ? 16 : n > 16 ? 4 : 1)
            s.text(
                left + (e + 0.5) * cell, 9, String(e),
                {align: "center", size: 10, fill: css("--muted")});
        let before = [];
        for (let layer = 0; layer < layers; ++layer) {
            const y = top + layer * size;
            s.text(
                left - 8, y + size / 2, `layer ${layer}`,
                {align: "right", size: 11, bold: layer === state.layer});
            s.rect(left, y + 2, n * cell, size - 4, css("--soft"), {radius: 3});
            const here =
                run.has(`block.${layer}.mlp.expert_ids`) ? run.experts(layer, state.token) : [];
            for (const a of before)
                for (const b of here) {
                    s.line(
                        [
                            [left + (a.expert + 0.5) * cell, y - size / 2],
                            [left + (b.expert + 0.5) * cell, y + size / 2]
                        ],
                        css("--expert"), 1 + 5 * a.weight * b.weight, {alpha: 0.28});
                }
            for (const {expert, weight} of here) {
                s.rect(
                    left + expert * cell + 1, y + 3, cell - 2, size - 6, css("--expert"),
                    {alpha: 0.25 + 0.75 * weight, radius: 3});
                s.spot(
                    left + expert * cell, y, cell, size,
                    `layer ${layer}, expert ${expert}: weight ${exact(weight)}`,
                    () => set({layer, expert}));
            }
            before = here;
        }
        s.height = top + layers * size + 2;
    },
    say: (run) =>
        [tokenElement(run.tokens[state.token]),
         ` uses ${run.config.top_k} of ${
             run.config.n_experts} experts in each layer; the others are not computed.`],
};
