"""RoPE: hands that turn at different speeds, and YaRN's ramp over the 32 pairs of 20b."""
import math

import gptoss
from svg import Figure


def draw(run):
    c, f = gptoss.Config.preset("20b"), Figure(760, 470, "Pairs as clock hands, and YaRN's ramp")
    f.text(30, 30, "where the hands of three pairs stand at positions 0 to 7", "ink bold")
    for row, pair in enumerate((0, 4, 8)):
        speed, y = gptoss.rope_inv_freq(c, pair), 68 + 48 * row
        f.text(30, y + 4, f"pair {pair}", "ink")
        f.text(90, y + 4, f"{speed:.3f} radians a step", "dim small")
        for position in range(8):
            x = 250 + 62 * position
            f.parts.append(f'<circle cx="{x}" cy="{y}" r="18" class="s-line" stroke-width="1.5"/>')
            f.line([(x, y), (x + 16 * math.cos(position * speed), y - 16 * math.sin(position * speed))],
                   "s-blue", 2.5)
    f.text(30, 222, "radians per position of the 32 pairs, each line is ten times the one below", "ink bold")
    low, high = gptoss.yarn_bound(c, 32), gptoss.yarn_bound(c, 1)

    def at(pair, speed):
        return 80 + 20.5 * pair, 246 + 26 * -math.log10(speed)

    for power in range(0, -8, -1):
        _, y = at(0, 10.0 ** power)
        f.line([(80, y), (716, y)], "s-line", 0.7)
        f.text(72, y + 4, f"{10.0 ** power:g}" if power > -5 else f"1e{power}", "dim end small")
    for bound, name in ((low, f"low {low:.2f}"), (high, f"high {high:.2f}")):
        x, _ = at(bound, 1)
        f.line([(x, 240), (x, 434)], "s-dim", 1, dashed=True)
        f.text(x + 4, 440 - 2, name, "dim small")
    plain = [at(d, 150000 ** (-2 * d / 64)) for d in range(32)]
    f.line(plain, "s-orange")
    for d in range(32):
        f.dot(*at(d, gptoss.rope_inv_freq(c, d)), "blue", 3)
    f.text(470, 300, "plain RoPE", "orange")
    f.text(560, 418, "with YaRN: 32 times slower", "blue mid")
    for d in (0, 8, 16, 24, 31):
        f.text(at(d, 1)[0], 458, d, "dim mid small")
    f.text(40, 458, "pair", "dim small")
    return f
