"""Sampling: the same scores at three temperatures, and what the cuts leave."""
from run import softmax
from svg import Figure


def draw(run):
    ids = run.model.ids_of("<|start|>assistant<|channel|>final<|message|>")
    logits = run.model.trace(ids, sites=["logits"]).logits[-1]
    order = logits.argsort()[::-1][:10]
    f = Figure(760, 350, "Probabilities of the next token at three temperatures")
    f.text(30, 30, "how an answer may begin, behind <|channel|>final<|message|> and no question", "ink bold")
    columns = ((0.5, "orange"), (1.0, "blue"), (2.0, "green"))
    for i, (temperature, colour) in enumerate(columns):
        f.box(140 + 190 * i, 42, 12, 12, colour)
        f.text(158 + 190 * i, 53, f"temperature {temperature:g}", "ink small")
    for row, id in enumerate(order):
        y = 64 + 25 * row
        f.text(110, y + 16, run.shown(id), "ink end mono")
        for i, (temperature, colour) in enumerate(columns):
            p = float(softmax(logits / temperature)[id])
            f.box(140 + 190 * i, y + 3, max(0.5, 120 * p), 17, colour, 0.75)
            f.text(146 + 190 * i + 120 * p, y + 16, f"{p:.3f}", "ink small")
    f.text(30, 340, "token", "dim small")
    f.text(140, 340, "Low temperature: the likeliest takes all. High: the rest, 1,024 tokens beyond these, get more.", "dim small")
    return f
