// Run: one recorded run. A header (tokens, config, where each array lies) and the bytes of the
// arrays.
//
// Arrays are those of trace/sites.hpp under their names, and next.*, lens.*, stream.rms
// (page_run.hpp). attn.scores and attn.weights hold only what a token sees, per head and token
// (page_arrays.hpp); or, in a recorded page, the largest weights of each row (largest.hpp).

const BYTES_OF = {
    F32: 4,
    I32: 4,
    F24: 3,
    BF16: 2,
    U16: 2
};

// A shortened float lacks the lower bytes of a float32.
function widened(bytes, at, count, dtype) {
    const size = BYTES_OF[dtype];
    if (dtype === "U16") return new Uint16Array(bytes.slice(at, at + 2 * count).buffer);
    if (size === 4) {
        const copy = bytes.slice(at, at + 4 * count).buffer;
        return dtype === "I32" ? new Int32Array(copy) : new Float32Array(copy);
    }
    const wide = new Uint8Array(4 * count);
    for (let i = 0; i < count; ++i) {
        for (let b = 0; b < size; ++b)
            wide[4 * i + 4 - size + b] = bytes[at + size * i + b];
    }
    return new Float32Array(wide.buffer);
}

class Run {
    constructor(header, bytes) {
        this.header = header;
        this.config = header.config;
        this.tokens = header.tokens;
        this.nTokens = header.tokens.length;
        this.windows = header.windows;
        this.edited = header.edited ?? [];
        this.bytes = bytes;
        this.opened = new Map();
    }

    has(name) { return name in this.header.arrays; }
    shape(name) { return this.header.arrays[name].shape; }
    array(name) {
        if (!this.opened.has(name)) {
            const {shape, dtype, at} = this.header.arrays[name];
            this.opened.set(name, widened(this.bytes, at, shape.reduce((a, b) => a * b, 1), dtype));
        }
        return this.opened.get(name);
    }

    // The first position that token t sees in a layer.
    firstVisible(layer, t) {
        const window = this.windows[layer];
        return window ? Math.max(0, t - window + 1) : 0;
    }
    // How many values the tokens before t have, of one head; with most: if no row has more than that.
    visibleBefore(layer, t, most = Infinity) {
        const window = Math.min(this.windows[layer] || Infinity, most);
        if (t <= window) return (t * (t + 1)) / 2;
        return (window * (window + 1)) / 2 + (t - window) * window;
    }
    // attn.weights or attn.scores; what is hidden is hiddenValue.
    attention(kind, layer, head, t, s, hiddenValue = 0) {
        const first = this.firstVisible(layer, t);
        if (s < first || s > t) return hiddenValue;
        const name = `block.${layer}.attn.${kind}`;
        const perHead = this.shape(name)[1];
        return this.array(name)[head * perHead + this.visibleBefore(layer, t) + s - first];
    }
    sinkShare(layer, head, t) {
        return this.array(`block.${layer}.attn.sink_share`)[t * this.config.n_heads + head];
    }

    hasAllWeights(layer) { return this.has(`block.${layer}.attn.weights`); }
    hasWeights(layer) {
        return this.hasAllWeights(layer) || this.has(`block.${layer}.attn.weights.largest`);
    }
    layersWithWeights() {
        return [...Array(this.config.n_layers).keys()].filter((layer) => this.hasWeights(layer));
    }
    // [[weight, position], ...] in order of position: what a token sees, or as much of it as is kept
    weights(layer, head, t) {
        const first = this.firstVisible(layer, t);
        if (this.hasAllWeights(layer))
            return Array.from(
                {length: t - first + 1},
                (_, i) => [this.attention("weights", layer, head, t, first + i), first + i]);
        const name = `block.${layer}.attn.weights`, k = this.header.n_largest;
        const values = this.array(`${name}.largest`), positions = this.array(`${name}.at`);
        const begin = head * this.shape(`${name}.at`)[1] + this.visibleBefore(layer, t, k);
        return Array.from(
            {length: Math.min(k, t - first + 1)},
            (_, i) => [values[begin + i], positions[begin + i]]);
    }
    // How many weights of the row are not kept, and their sum.
    rest(layer, head, t) {
        if (this.hasAllWeights(layer)) return {count: 0, sum: 0};
        const visible = t - this.firstVisible(layer, t) + 1, k = this.header.n_largest;
        const sums = this.array(`block.${layer}.attn.weights.rest`);
        return {count: Math.max(0, visible - k), sum: sums[head * this.nTokens + t]};
    }
    // 0 where s is hidden, undefined where it is not kept
    weight(layer, head, t, s) {
        if (s < this.firstVisible(layer, t) || s > t) return 0;
        if (this.hasAllWeights(layer)) return this.attention("weights", layer, head, t, s);
        return this.weights(layer, head, t).find(([, position]) => position === s)?.[0];
    }
    // The largest first.
    looksAt(layer, head, t) { return this.weights(layer, head, t).sort((a, b) => b[0] - a[0]); }

    tokenOf(id) { return this.header.texts[id] ?? {id, text: `#${id}`}; }
    guesses(name, row) {
        const count = this.shape(`${name}.ids`).at(-1);
        const ids = this.array(`${name}.ids`), p = this.array(`${name}.p`);
        return Array.from(
            {length: count},
            (_, j) => ({...this.tokenOf(ids[row * count + j]), p: p[row * count + j]}));
    }
    hasNext() { return this.has("next.ids"); }
    next(t) { return this.guesses("next", t); }
    // row: 0 embedding, 1 + 2 layer after the attention, 2 + 2 layer after the experts
    lens(row, t) { return this.guesses("lens", row * this.nTokens + t); }
    rms(row, t) { return this.array("stream.rms")[row * this.nTokens + t]; }
    get nHalves() { return 1 + 2 * this.config.n_layers; }

    experts(layer, t) {
        const k = this.config.top_k, ids = this.array(`block.${layer}.mlp.expert_ids`);
        const weights = this.array(`block.${layer}.mlp.expert_weights`);
        return Array.from(
            {length: k}, (_, j) => ({expert: ids[t * k + j], weight: weights[t * k + j]}));
    }
    // The first expert that was not chosen, and by how much the last that was chosen beat it.
    leftOut(layer, t) {
        const n = this.config.n_experts, chosen = this.experts(layer, t).map((e) => e.expert);
        const row = this.array(`block.${layer}.mlp.router_logits`).subarray(t * n, t * n + n);
        const others = [...row.keys()].filter((e) => !chosen.includes(e));
        if (!others.length) return {expert: -1, margin: Infinity};
        const expert = others.reduce((best, e) => (row[e] > row[best] ? e : best));
        return {expert, margin: Math.min(...chosen.map((e) => row[e])) - row[expert]};
    }
    margin(layer, t) { return this.leftOut(layer, t).margin; }

    // Tokens up to t as text, for searching; and where each token begins in it.
    get text() { return this.tokens.map((token) => token.text).join(""); }
}

// In a sentence.
function halfText(row) {
    if (row === 0) return "the embedding";
    return `the ${row % 2 ? "attention" : "experts"} of layer ${(row - 1) >> 1}`;
}
function halfName(row) {
    if (row === 0) return "embedding";
    return `${row % 2 ? "attention" : "experts"} ${(row - 1) >> 1}`;
}
