"""The router: sixteen scores, four chosen, their shares."""
from svg import Figure


def draw(run):
    layer, t = 1, run.trace
    f = Figure(760, 310, "Scores of the 16 experts of layer 1 for the token =")
    logits, ids = t.mlp_router_logits[layer][-1], t.mlp_expert_ids[layer][-1]
    shares = t.mlp_expert_weights[layer][-1]
    f.text(30, 30, "layer 1, the token =: the scores of all 16 experts", "ink bold")
    top, low = float(max(logits.max(), 0)), float(min(logits.min(), 0))
    scale = 150 / (top - low)
    zero = 60 + scale * top
    f.line([(30, zero), (730, zero)], "s-line")
    for e, logit in enumerate(logits):
        x, height = 36 + 43.5 * e, scale * float(logit)
        is_chosen = e in ids
        f.box(x, zero - max(height, 0), 30, max(abs(height), 0.5), "blue" if is_chosen else "line")
        y = zero - height - 5 if height >= 0 else zero - height + 13
        f.text(x + 15, y, f"{logit:.2f}", "ink mid small")
        f.text(x + 15, 240, e, "ink mid bold" if is_chosen else "dim mid small")
        if is_chosen:
            f.text(x + 15, 260, f"{100 * shares[list(ids).index(e)]:.0f} %", "blue mid bold")
    f.text(30, 286, "Expert and share. A softmax of the four best alone: their shares sum to 100 %; "
                    "the other twelve are not computed.", "dim small")
    f.height = 300
    return f
