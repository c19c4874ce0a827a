"""Experts: four answers of one token, and their weighted sum."""
import numpy as np

from svg import Figure


def draw(run):
    layer, t, c = 1, run.trace, run.config
    f = Figure(760, 330, "What four experts of layer 1 say to the token =, and what is added up")
    ids, shares = t.mlp_expert_ids[layer][-1], t.mlp_expert_weights[layer][-1]
    answers = t.mlp_expert_out[layer][-c.top_k:] if t.mlp_expert_out[layer].ndim == 2 else t.mlp_expert_out[layer][-1]
    total = t.mlp_out[layer][-1]
    n, size = 24, 17.0
    largest = float(max(np.abs(answers[:, :n]).max(), np.abs(total[:n]).max()))
    f.text(30, 30, "layer 1, the token =: channels 0 to 23 of 96", "ink bold")
    f.text(560, 30, "rms", "dim end small")
    f.text(680, 30, "says alone", "dim end small")

    def row(y, name, share, vector, says):
        f.text(90, y + 19, name, "ink end bold")
        f.text(143, y + 19, share, "blue end bold")
        for i in range(n):
            value = float(vector[i])
            f.cell(152 + size * 0.93 * i, y, size * 0.93 - 1, 28, abs(value) / largest, "", "blue" if value >= 0 else "orange")
        f.text(560 + 30, y + 19, f"{np.sqrt((vector.astype(float) ** 2).mean()):.2f}", "ink end mono")
        f.text(680, y + 19, says, "ink end mono")

    for j, (e, share) in enumerate(zip(ids, shares)):
        word, p = run.likeliest((t.attn_residual[layer][-1] + answers[j])[None])
        row(48 + 38 * j, f"expert {e}", f"{share:.3f}", answers[j], f"{word}  {100 * p:.0f} %")
    f.line([(30, 208), (690, 208)], "s-line", 2)
    word, p = run.likeliest(t.mlp_residual[layer])
    row(218, "sum", "", total, f"{word}  {100 * p:.0f} %")
    f.box(152, 272, 14, 14, "blue", 0.6)
    f.text(172, 284, "positive", "ink small")
    f.box(250, 272, 14, 14, "orange", 0.6)
    f.text(270, 284, "negative", "ink small")
    f.text(30, 310, "“says alone”: the likeliest next token if only this expert were added, in full, and no layer followed.", "dim small")
    return f
