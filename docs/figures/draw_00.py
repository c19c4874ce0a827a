"""One token's way: from text to the next token, with the file of each step."""
from svg import Figure


def draw(run):
    t, f = run.trace, Figure(760, 600, "The way of the token = through nano")
    x, mid = 30, 245
    f.text(x, 30, "text", "dim small")
    f.text(x + 60, 30, "… <|message|>7+5=", "ink mono")
    f.text(470, 30, "tokenizer/tokenizer.hpp", "dim mono")
    for i, (token, id) in enumerate(list(zip(run.tokens, run.ids))[-5:]):
        left = 90 + 78 * i
        last = i == 4
        f.box(left, 48, 70, 42, "blue" if last else "soft", 0.25 if last else 1)
        f.text(left + 35, 65, token if len(token) < 9 else "message", "ink mid mono")
        f.text(left + 35, 82, id, "dim mid small")
    f.text(x, 74, "ids", "dim small")
    f.text(x, 128, "only = is drawn from here on; the others go the same way beside it", "dim small")

    def stage(y, name, stream, file, classes="soft", height=34):
        f.box(90, y, 300, height, classes, 0.16 if classes != "soft" else 1)
        f.text(102, y + 21, name, "ink bold")
        numbers = "  ".join(f"{v:+.2f}" for v in stream[-1, :3])
        f.text(380, y + 21, f"{numbers} …", "ink end mono")
        word, p = run.likeliest(stream)
        f.text(402, y + 21, f"{word}", "ink mono")
        f.text(455, y + 21, f"{100 * p:.0f} %", "dim small")
        f.text(500, y + 21, file, "dim mono")

    f.text(402, 148, "says, if asked now", "dim small")
    y = 156
    stage(y, "embedding", t.embedding, "layers/embedding.hpp")
    for layer in range(run.config.n_layers):
        y += 42
        f.arrow(mid, y - 8, mid, y)
        stage(y, f"attention {layer}", t.attn_residual[layer],
              "model/attention_block.hpp" if layer == 0 else "", "green")
        f.text(x, y + 21, "window" if run.config.window(layer) else "all", "dim small")
        y += 42
        f.arrow(mid, y - 8, mid, y)
        stage(y, f"experts {layer}", t.mlp_residual[layer],
              "model/expert_block.hpp" if layer == 0 else "", "orange")
    y += 42
    f.arrow(mid, y - 8, mid, y)
    f.box(90, y, 300, 34, "blue", 0.25)
    best = [int(i) for i in t.logits[-1].argsort()[::-1][:3]]
    shown = "   ".join(f"{run.shown(i)}: {t.logits[-1, i]:.1f}" for i in best)
    f.text(102, y + 21, "scores", "ink bold")
    f.text(380, y + 21, shown, "ink end mono")
    f.text(500, y + 21, "layers/unembedding.hpp", "dim mono")
    f.text(402, y + 21, f"→ {run.shown(best[0])}", "ink bold")
    f.height = int(y + 50)
    return f
