#!/usr/bin/env python3
"""Draws docs/context.png: how the time of a decoded token grows with the context behind it.

    scripts/bench.sh --context                        measures, and calls this
    scripts/plot_context.py NANO.json 20B.json        what gptoss bench --json printed

Needs matplotlib: python3 -m venv venv && venv/bin/pip install matplotlib.
"""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

OUT = pathlib.Path(__file__).resolve().parent.parent / "docs" / "context.png"
ATTEND = "attend, cache_store"
INK, REST, ATTENTION = "#333333", "#b8c4d0", "#2f6db5"


def ms_per_token(row):
    """(context in the middle of the decoded tokens, attention, everything else)"""
    n_decoded = row["wall_seconds"]["decode"] * row["decode_tokens_per_s"]
    ops = {entry["op"]: entry["decode"] for entry in row["op_seconds"]}
    whole = 1e3 / row["decode_tokens_per_s"]
    attention = 1e3 * ops[ATTEND] / n_decoded
    return row["prompt_tokens"] + n_decoded / 2, attention, whole - attention


def draw(axes, bench, title):
    points = [ms_per_token(row) for row in bench["rows"]]
    context = [point[0] for point in points]
    rest = [point[2] for point in points]
    whole = [point[1] + point[2] for point in points]
    axes.fill_between(context, rest, color=REST, label="everything else", linewidth=0)
    axes.fill_between(context, rest, whole, color=ATTENTION, label="attend", linewidth=0)
    axes.plot(context, whole, "o-", color=INK, markersize=3.5, linewidth=1)
    for x, y in (points[0][0], whole[0]), (points[-1][0], whole[-1]):
        at_left = x == context[0]
        axes.annotate(
            f"{y:.3g} ms", (x, y), textcoords="offset points", xytext=(2 if at_left else -4, 26 if at_left else 6),
            ha="left" if at_left else "right", fontsize=9, color=INK)
    axes.set_title(title, fontsize=10, loc="left", color=INK)
    axes.set_xlabel("tokens of context")
    axes.set_ylabel("ms per decoded token")
    axes.set_xlim(0, context[-1] * 1.02)
    axes.set_ylim(0, max(whole) * 1.18)
    axes.xaxis.set_major_formatter(lambda x, _: f"{int(x):,}")
    axes.spines[["top", "right"]].set_visible(False)


def main():
    nano, large = (json.loads(pathlib.Path(path).read_text("utf-8")) for path in sys.argv[1:3])
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    draw(left, nano, "nano, 4 layers")
    draw(right, large, f"20b shapes, {large['layers']} of 24 layers and the unembedding")
    left.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(0.02, 0.88))
    figure.tight_layout(w_pad=2.5)
    figure.savefig(OUT, dpi=110)
    print(f"wrote {OUT}")


if __name__ == "__main__":
    main()
