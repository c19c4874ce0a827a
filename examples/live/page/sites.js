// Every site of trace/sites.hpp: what computes it, in which header, by which formula, on which
// page; and rows of it.

const SITES = JSON.parse(byId("sites").textContent);  // sites.json

const OUTSIDE_LAYERS = ["embedding", "final_norm", "logits"];

function siteName(symbol, layer) {
    return OUTSIDE_LAYERS.includes(symbol) ? SITES[symbol].name :
                                             `block.${layer}.${SITES[symbol].name}`;
}

// The text of a header is in the page; a function ends with a brace at the left margin (clang-
// format).
function functionSource(header, name) {
    const lines =
        (document.querySelector(`[data-header="${header}"]`)?.textContent ?? "").split("\n");
    const first = lines.findIndex(
        (line) => /^(inline|template|constexpr)/.test(line) && line.includes(` ${name}(`));
    if (first < 0) return "";
    const last = lines.findIndex((line, i) => i >= first && line.startsWith("}"));
    return lines.slice(first, last + 1).join("\n");
}

function hasSite(run, symbol, layer) {
    return symbol === "attn_weights" ? run.hasWeights(layer) : run.has(siteName(symbol, layer));
}

// What one head gives for one token: [[value, position], ...]
function attentionRow(run, symbol, layer, head, t) {
    if (symbol === "attn_weights") return run.weights(layer, head, t);
    const first = run.firstVisible(layer, t);
    return Array.from(
        {length: t - first + 1},
        (_, i) => [run.attention("scores", layer, head, t, first + i), first + i]);
}

function leftOutText({count, sum}) {
    return count ? `${count} smaller weights of this row, together ${sum.toPrecision(3)}` : "";
}

// A row of a site: the values of one token, and what the place in it is called.
function rowOf(run, symbol, layer, head, t) {
    const name = siteName(symbol, layer);
    if (!hasSite(run, symbol, layer)) return null;
    if (symbol === "attn_weights" || symbol === "attn_scores") {
        const pairs = attentionRow(run, symbol, layer, head, t), s = (i) => pairs[i][1];
        return {
            name,
            values: pairs.map(([value]) => value),
            label: (i) => `head ${head}, t ${t}, s ${s(i)} ${quoted(run.tokens[s(i)])}`,
            leftOut: symbol === "attn_weights" ? leftOutText(run.rest(layer, head, t)) : "",
            shape: [run.config.n_heads, run.nTokens, run.nTokens]
        };
    }
    const shape = run.shape(name), size = shape.slice(1).reduce((a, b) => a * b, 1);
    const values = run.array(name).subarray(t * size, (t + 1) * size);
    return {name, values, label: placeLabel(run, symbol, layer, t, shape), shape};
}

function placeLabel(run, symbol, layer, t, shape) {
    const c = run.config,
          perHead = (i) => `head ${Math.floor(i / c.head_dim)}, channel ${i % c.head_dim}`;
    if (["attn_q", "attn_q_rope", "attn_mix"].includes(symbol)) return perHead;
    if (["attn_k", "attn_k_rope", "attn_v"].includes(symbol)) return (i) => `kv ${perHead(i)}`;
    if (symbol === "attn_sink_share") return (i) => `head ${i}`;
    if (symbol === "mlp_router_logits") return (i) => `expert ${i}`;
    if (symbol === "logits") return (i) => `token ${quoted(run.tokenOf(i))}`;
    if (symbol === "mlp_expert_ids" || symbol === "mlp_expert_weights") return (i) => `rank ${i}`;
    if (shape.length === 3) {
        return (i) => `rank ${Math.floor(i / shape[2])} (expert ${
                   run.experts(layer, t)[Math.floor(i / shape[2])].expert}), channel ${
                   i % shape[2]}`;
    }
    return (i) => `channel ${i}`;
}
