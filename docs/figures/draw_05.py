"""Softmax with and without a sink, on the head of nano that looks at 5, and on one that looks away."""
import numpy as np

from run import softmax
from svg import Figure


def draw(run):
    t, f = run.trace, Figure(760, 350, "Shares of two heads with and without their sinks")
    looking = 7
    sinking = int(t.attn_sink_share[0][-1].argmax())
    for panel, (h, title) in enumerate(((looking, "a head that found something"),
                                        (sinking, "a head that did not"))):
        left = 30 + 370 * panel
        scores = t.attn_scores[0][h, -1]
        seen = np.isfinite(scores)
        weights, share = t.attn_weights[0][h, -1][seen], float(t.attn_sink_share[0][-1, h])
        plain, names = softmax(scores[seen]), [w for w, s in zip(run.tokens, seen) if s]
        n = 6
        f.text(left, 30, f"layer 0, head {h}: {title}", "ink bold")
        f.text(left, 48, f"sink {run.model.weights.layers[0].attn.sinks[h]:.2f}, "
                         f"largest score {scores[seen].max():.2f}", "dim small")
        rows = [("sink", 0.0, share), *zip(names[-n:], plain[-n:], weights[-n:]),
                ("others", plain[:-n].sum(), weights[:-n].sum())]
        for i, (name, without, with_sink) in enumerate(rows):
            y = 66 + 31 * i
            shown = name if len(name) < 9 else "message"
            f.text(left + 62, y + 17, shown, "ink end mono")
            f.box(left + 72, y, max(0.5, 200 * float(without)), 11, "orange")
            f.box(left + 72, y + 12, max(0.5, 200 * float(with_sink)), 11, "blue")
            f.text(left + 78 + 200 * float(without), y + 10, f"{without:.3f}" if i else "", "dim small")
            f.text(left + 78 + 200 * float(with_sink), y + 22, f"{with_sink:.3f}", "ink small")
    f.box(30, 322, 12, 12, "orange")
    f.text(48, 332, "without the sink: they sum to 1", "ink small")
    f.box(280, 322, 12, 12, "blue")
    f.text(298, 332, "with it: the sink's share is not spent", "ink small")
    return f
