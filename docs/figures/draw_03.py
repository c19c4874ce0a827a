"""Linear: a row of weights for every number that comes out."""
import numpy as np

from svg import Figure


def draw(run):
    f = Figure(760, 310, "A matrix times a vector: one row, one number")
    attn = run.model.weights.layers[0].attn
    x, w = run.trace.attn_norm[0][-1], attn.q.astype(np.float32)
    y = run.trace.attn_q[0][-1]
    f.text(30, 30, f"q of layer 0 for the token =: {len(x)} numbers in, {len(w)} out", "ink bold")
    shown = 5

    def column(left, title, values, classes):
        f.text(left + 35, 62, title, "dim mid small")
        for i, value in enumerate([*values[:shown], None, values[-1]]):
            f.box(left, 72 + 28 * i, 70, 24, classes, 0.22)
            f.text(left + 35, 89 + 28 * i, "⋮" if value is None else f"{value:+.3f}", "ink mid mono")

    f.text(240, 62, f"w ({len(w)}, {len(x)})", "dim mid small")
    for row in range(7):
        for col in range(5):
            left, top = 60 + 74 * col, 72 + 28 * row
            value = w[row if row < shown else -1, col if col < 3 else -1]
            dots = row == shown or col == 3
            f.box(left, top, 70, 24, "orange" if row == 1 else "soft", 0.25 if row == 1 else 1)
            f.text(left + 35, top + 17, "…" if dots else f"{value:+.3f}", "ink mid mono")
    column(450, f"x ({len(x)})", x, "blue")
    f.text(540, 174, "+ bias  =", "ink mono")
    column(640, f"y ({len(y)})", y, "green")
    f.line([(636, 98), (714, 98), (714, 126), (636, 126), (636, 98)], "s-orange", 2)
    bias = attn.q_bias[1]
    first = " + ".join(f"({w[1, i]:+.3f})({x[i]:+.3f})" for i in range(3))
    f.text(60, 296, f"y[1] = {first} + … {bias:+.3f} = {y[1]:+.3f}", "ink mono")
    return f
