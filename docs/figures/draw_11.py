"""The forward pass: what each token's stream would say after every half layer."""
import numpy as np

from svg import Figure


def draw(run):
    t, f = run.trace, Figure(760, 420, "The likeliest next token, read after every half layer")
    streams = [("embedding", t.embedding)]
    for layer in range(run.config.n_layers):
        streams += [(f"attention {layer}", t.attn_residual[layer]), (f"experts {layer}", t.mlp_residual[layer])]
    n = 8
    f.text(30, 30, "what each token would say next, if it were asked after this half layer", "ink bold")
    for i, token in enumerate(run.tokens[-n:]):
        f.text(155 + 74 * i, 58, token if len(token) < 9 else "message", "ink mid mono")
    f.text(108, 58, "token", "dim end small")
    for row, (name, stream) in enumerate(streams):
        y = 66 + 34 * row
        f.text(108, y + 20, name, "ink end")
        for i in range(n):
            word, p = run.likeliest(np.ascontiguousarray(stream[-n + i][None]))
            f.cell(120 + 74 * i, y, 70, 30, p, word if len(word) < 10 else word[2:-2], "blue")
    f.text(120, 390, "the stronger the colour, the likelier; ␣ is a space. The last column is the answer: 12, from the experts of layer 1 on.", "dim small")
    f.height = 405
    return f
