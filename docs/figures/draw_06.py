"""Attention: which keys a query sees on both kinds of layer, and what nano makes of it."""
from svg import Figure

SIZE = 10.2


def draw(run):
    t, f = run.trace, Figure(760, 450, "Masks of a sliding and of a full layer with nano's weights")
    n = len(run.tokens)
    for panel, layer in enumerate((0, 1)):
        left, top = 60 + 365 * panel, 76
        window = run.config.window(layer)
        weights = t.attn_weights[layer].mean(0)
        f.text(left, 30, f"layer {layer}: " + (f"a window of {window}" if window else "everything before"), "ink bold")
        f.text(left, 48, "mean over the 16 heads; blank is hidden", "dim small")
        f.text(left, 68, "key 0", "dim small")
        f.text(left + n * SIZE, 68, f"key {n - 1}", "dim end small")
        for query in range(n):
            for key in range(query + 1):
                if window and query - key >= window:
                    continue
                share = min(1.0, float(weights[query, key]) / 0.12)
                f.cell(left + SIZE * key, top + SIZE * query, SIZE - 1, SIZE - 1, share)
        f.text(left - 6, top + 9, "0", "dim end small")
        f.text(left - 6, top + SIZE * n - 2, n - 1, "dim end small")
        f.line([(left, top + SIZE * (n - 1) - 1), (left + SIZE * n, top + SIZE * (n - 1) - 1),
                (left + SIZE * n, top + SIZE * n), (left, top + SIZE * n),
                (left, top + SIZE * (n - 1) - 1)], "s-orange", 1.5)
    f.text(24, 230, "query", "dim mid small")
    f.text(60, 412, "The row of the query = is framed. On the sliding layer it sees 16 keys, itself among them:", "ink small")
    f.text(60, 430, "from " + run.tokens[-16] + " on. Only layers 1 and 3 reach back to the question.", "ink small")
    return f
