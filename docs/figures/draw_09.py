"""SwiGLU: the gate's curve beside its relatives, and what up makes of it."""
import math

import numpy as np

import gptoss
from svg import Figure


def ours(gate, up):
    return gptoss.ops.swiglu(np.array([[gate, up]], np.float32), 7.0).item()


def draw(run):
    f = Figure(760, 350, "Curves of GELU, SiLU and gpt-oss' gate; the clamps")

    def panel(left, bottom, x_range, y_range, ticks_x, ticks_y):
        (x0, x1), (y0, y1) = x_range, y_range

        def at(x, y):
            return left + 300 * (x - x0) / (x1 - x0), bottom - 230 * (y - y0) / (y1 - y0)

        for tick in ticks_y:
            f.line([at(x0, tick), at(x1, tick)], "s-line", 0.7 if tick else 1.5)
            f.text(left - 6, at(x0, tick)[1] + 4, tick, "dim end small")
        for tick in ticks_x:
            f.line([at(tick, y0), at(tick, y1)], "s-line", 0.7 if tick else 1.5)
            f.text(at(tick, y0)[0], bottom + 16, tick, "dim mid small")
        return at

    xs = [i / 20 for i in range(-80, 61)]
    at = panel(50, 300, (-4, 3), (-1, 3), (-4, -2, 0, 2), (-1, 0, 1, 2, 3))
    f.text(50, 30, "one unit's gate, up = 0", "ink bold")
    f.line([at(x, x / 2 * (1 + math.erf(x / math.sqrt(2)))) for x in xs], "s-dim", 1.5, dashed=True)
    f.line([at(x, x / (1 + math.exp(-x))) for x in xs], "s-orange", 1.5)
    f.line([at(x, ours(x, 0)) for x in xs], "s-blue", 2)
    for y, colour, name in ((90, "blue", "gpt-oss: 1.702"), (108, "orange", "SiLU: 1 (Qwen3)"), (126, "dim", "GELU (GPT-2), dashed")):
        f.text(62, y, name, colour)
    xs = [i / 10 for i in range(-40, 101)]
    at = panel(430, 300, (-4, 10), (-45, 60), (-4, 0, 7), (-42, 0, 7, 14, 56))
    f.text(430, 30, "the clamps, for five values of up", "ink bold")
    for up, colour in ((100, "green"), (1, "purple"), (0, "blue"), (-1, "dim"), (-100, "orange")):
        f.line([at(x, ours(x, up)) for x in xs], f"s-{colour}", 2)
        x, y = at(7.3, ours(7.3, up))
        f.text(x, y - 6 if up >= 0 else y + 15, f"up = {up}" if abs(up) < 7 else f"up = {up}: {'+' if up > 0 else '−'}7", f"{colour} small")
    f.text(30, 340, "gate", "dim small")
    return f
