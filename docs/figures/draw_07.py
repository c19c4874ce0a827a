"""The ring: which position lies in which row of a sliding layer's cache, step by step."""
from svg import Figure

ROWS, STEPS = 6, 14


def draw(run):
    f = Figure(760, 330, "A ring of six rows and a window of four, over fourteen steps")
    f.text(30, 30, "a ring of 6 rows, a window of 4: position s lies in row s % 6", "ink bold")
    for row in range(ROWS):
        f.text(84, 82 + 34 * row, f"row {row}", "dim end small")
    for step in range(STEPS):
        left = 96 + 46 * step
        f.text(left + 20, 56, step, "dim mid small")
        for row in range(ROWS):
            held = max((s for s in range(step + 1) if s % ROWS == row), default=None)
            y = 64 + 34 * row
            if held is None:
                f.box(left, y, 40, 28, "soft")
                continue
            is_seen, is_new = step - held < 4, held == step
            f.box(left, y, 40, 28, "soft")
            if is_new:
                f.box(left, y, 40, 28, "orange", 0.55)
            elif is_seen:
                f.box(left, y, 40, 28, "blue", 0.35)
            f.text(left + 20, y + 18, held, "ink mid" if is_seen else "dim mid")
    f.text(30, 56, "position", "dim small")
    for x, colour, text in ((96, "orange", "written in this step"), (290, "blue", "seen by this token too"),
                            (500, "soft", "still there, not seen any more")):
        f.box(x, 282, 14, 14, colour, 0.55 if colour == "orange" else 0.35 if colour == "blue" else 1)
        f.text(x + 20, 294, text, "ink small")
    f.text(96, 318, "At step 6 position 6 is written over position 0, which nobody will see again.", "ink small")
    return f
