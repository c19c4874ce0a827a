"""RMSNorm: the length of one token's stream grows, the length of what a layer reads does not."""
import numpy as np

from svg import Figure


def rms(x):
    return float(np.sqrt((x[-1].astype(float) ** 2).mean()))


def draw(run):
    t, f = run.trace, Figure(760, 300, "rms of the stream and of what each half layer reads")
    stages = []
    for layer in range(run.config.n_layers):
        before = t.embedding if layer == 0 else t.mlp_residual[layer - 1]
        stages.append((f"attention {layer}", rms(before), rms(t.attn_norm[layer])))
        stages.append((f"experts {layer}", rms(t.attn_residual[layer]), rms(t.mlp_norm[layer])))
    stages.append(("scores", rms(t.mlp_residual[-1]), rms(t.final_norm)))
    top = max(stream for _, stream, _ in stages)
    f.text(30, 30, "root mean square of the token =", "ink bold")
    f.box(400, 20, 12, 12, "orange")
    f.text(418, 31, "the stream, before the norm", "ink small")
    f.box(620, 20, 12, 12, "blue")
    f.text(638, 31, "what is read", "ink small")
    f.line([(40, 250), (730, 250)], "s-line")
    for i, (name, stream, normed) in enumerate(stages):
        x = 44 + 77 * i
        for offset, value, colour in ((0, stream, "orange"), (30, normed, "blue")):
            height = 190 * value / top
            f.box(x + offset, 250 - height, 26, height, colour)
            f.text(x + offset + 13, 244 - height, f"{value:.2f}", "ink mid small")
        f.text(x + 28, 268, name, "ink mid small")
    f.text(380, 288, "the norm in front of", "dim mid small")
    return f
