"""Harmony: a conversation as the tokens that the model reads and writes."""
from gptoss import harmony
from svg import Figure


def draw(run):
    m = run.model
    prompt = harmony.render([{"role": "system", "content": [{"type": "system_content", "reasoning_effort": "Low"}]},
                             {"role": "user", "content": "What is 7 + 5?"}], m.tokenizer)
    answer = m.generate(prompt, 60).ids
    f = Figure(760, 400, "A question and its answer in Harmony, token by token")
    f.text(30, 30, f"{len(prompt)} tokens are read, {len(answer)} are written", "ink bold")
    for x, colour, opacity, text in ((330, "purple", 0.35, "control token"), (450, "soft", 1, "text that is read"),
                                     (590, "green", 0.3, "text that is written")):
        f.box(x, 19, 13, 13, colour, opacity)
        f.text(x + 19, 30, text, "ink small")
    x, y = 30, 48
    for i, id in enumerate([*prompt, *answer]):
        shown = run.shown(id)
        is_control = shown.startswith("<|")
        is_written = i >= len(prompt)
        width = 7.3 * len(shown) + 8
        if (shown == "<|start|>" and x > 30) or x + width > 740:
            x, y = 30, y + (30 if shown == "<|start|>" else 26)
        f.box(x, y, width, 22, "purple" if is_control else "green" if is_written else "soft",
              0.35 if is_control else 0.3 if is_written else 1)
        if is_written:
            f.line([(x, y + 24), (x + width, y + 24)], "s-green", 1.5)
        f.text(x + 4, y + 15, shown, "ink mono")
        x += width + 3
    f.text(30, y + 50, "Underlined: what the model wrote. ⏎ is a line feed, ␣ a space.", "dim small")
    f.height = int(y + 64)
    return f
