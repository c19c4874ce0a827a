// Every site of trace/sites.hpp: what computes it, in which header, by which formula, on which
// page.

const site = (name, op, header, page, formula) => ({name, op, header, page, formula});

const SITES = {
    embedding: site(
        "embedding", "embed", "layers/embedding.hpp", "03-linear.md",
        "embedding[t] = table[tokens[t]]"),
    attn_norm: site(
        "attn.norm", "rmsnorm", "layers/rmsnorm.hpp", "02-rmsnorm.md",
        "y[t,i] = x[t,i] / sqrt(mean x[t]² + eps) · gain[i]"),
    attn_q: site(
        "attn.q", "linear", "layers/linear.hpp", "03-linear.md", "q[t] = W_q · norm[t] + bias"),
    attn_k: site(
        "attn.k", "linear", "layers/linear.hpp", "03-linear.md", "k[t] = W_k · norm[t] + bias"),
    attn_v: site(
        "attn.v", "linear", "layers/linear.hpp", "03-linear.md", "v[t] = W_v · norm[t] + bias"),
    attn_q_rope: site(
        "attn.q_rope", "rope", "layers/rope.hpp", "04-rope.md",
        "(a, b) → (a cos − b sin, b cos + a sin)"),
    attn_k_rope: site(
        "attn.k_rope", "rope", "layers/rope.hpp", "04-rope.md",
        "(a, b) → (a cos − b sin, b cos + a sin)"),
    attn_scores: site(
        "attn.scores", "score_keys", "layers/attention.hpp", "06-attention.md",
        "score[s] = q[t,h] · k[s,g] / √head_dim"),
    attn_weights: site(
        "attn.weights", "softmax_with_sink", "layers/softmax.hpp", "05-softmax-and-sinks.md",
        "w[s] = exp(score[s]) / (Σ exp(score) + exp(sink))"),
    attn_sink_share: site(
        "attn.sink_share", "softmax_with_sink", "layers/softmax.hpp", "05-softmax-and-sinks.md",
        "share = exp(sink) / (Σ exp(score) + exp(sink))"),
    attn_mix: site(
        "attn.mix", "mix_values", "layers/attention.hpp", "06-attention.md",
        "mix[t,h] = Σ_s w[s] · v[s,g]"),
    attn_out: site(
        "attn.out", "linear", "layers/linear.hpp", "03-linear.md", "out[t] = W_o · mix[t] + bias"),
    attn_residual: site(
        "attn.residual", "add_residual", "layers/residual.hpp", "03-linear.md",
        "residual[t] = what came in[t] + out[t]"),
    mlp_norm: site(
        "mlp.norm", "rmsnorm", "layers/rmsnorm.hpp", "02-rmsnorm.md",
        "y[t,i] = x[t,i] / sqrt(mean x[t]² + eps) · gain[i]"),
    mlp_router_logits: site(
        "mlp.router_logits", "linear", "layers/linear.hpp", "08-router.md",
        "score[t] = W_router · norm[t] + bias"),
    mlp_expert_ids: site(
        "mlp.expert_ids", "route", "layers/router.hpp", "08-router.md",
        "the top_k largest scores, descending"),
    mlp_expert_weights: site(
        "mlp.expert_weights", "route", "layers/router.hpp", "08-router.md",
        "weights[t] = softmax(score[t, chosen])"),
    mlp_gate_up: site(
        "mlp.gate_up", "expert_linear", "layers/expert_linear.hpp", "10-experts.md",
        "gate_up[t,j] = W_e · norm[t] + bias_e"),
    mlp_swiglu: site(
        "mlp.swiglu", "swiglu", "layers/swiglu.hpp", "09-swiglu.md",
        "gate · sigmoid(1.702 gate) · (up + 1), both clamped"),
    mlp_expert_out: site(
        "mlp.expert_out", "expert_linear", "layers/expert_linear.hpp", "10-experts.md",
        "out[t,j] = W_e · swiglu[t,j] + bias_e"),
    mlp_out: site(
        "mlp.out", "combine", "layers/combine.hpp", "10-experts.md",
        "out[t] = Σ_j weight[t,j] · expert_out[t,j]"),
    mlp_residual: site(
        "mlp.residual", "add_residual", "layers/residual.hpp", "03-linear.md",
        "residual[t] = attn.residual[t] + out[t]"),
    final_norm: site(
        "final_norm", "rmsnorm", "layers/rmsnorm.hpp", "02-rmsnorm.md",
        "y[t,i] = x[t,i] / sqrt(mean x[t]² + eps) · gain[i]"),
    logits: site(
        "logits", "unembed", "layers/unembedding.hpp", "03-linear.md",
        "logits[t] = W_unembed · final_norm[t]"),
};

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
