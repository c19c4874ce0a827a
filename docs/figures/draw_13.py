"""BPE: how softmax is merged, lowest rank first."""
import gptoss
from gptoss.text import DATA
from svg import Figure


def draw(run):
    tokenizer = gptoss._core.load_tokenizer(str(DATA / "o200k_base.tiktoken"))

    def rank(text):
        ids = tokenizer.encode(text)
        return ids[0] if len(ids) == 1 else None

    f = Figure(760, 340, "The merges of softmax")
    f.text(30, 30, "“softmax”: of all neighbours that make a token, those of the lowest rank are merged", "ink bold")
    parts, y = [(letter, 60 + 92 * i, 60 + 92 * i + 70) for i, letter in enumerate("softmax")], 50
    while True:
        for text, left, right in parts:
            f.box(left, y, right - left, 30, "blue", 0.22)
            f.text((left + right) / 2, y + 20, text, "ink mid mono")
        pairs = [(rank(a[0] + b[0]), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))]
        known = [(r, i) for r, i in pairs if r is not None]
        for r, i in pairs:
            x = (parts[i][2] + parts[i + 1][1]) / 2
            best = known and r == min(known)[0]
            f.text(x, y + 43, "–" if r is None else r, "orange mid bold" if best else "dim mid small")
        if not known:
            break
        _, i = min(known)
        a, b = parts[i], parts[i + 1]
        parts[i:i + 2] = [(a[0] + b[0], a[1], b[2])]
        y += 50
    f.text(60, y + 48, "no pair is a token: done.  " + "  ".join(f"{p[0]} = {rank(p[0])}" for p in parts), "ink bold")
    f.height = int(y + 66)
    return f
