"""The loss curve and the scores of a training run, as a table and a picture.

    python plot_loss.py --run /tmp/nano            writes results/training.csv and results/loss.png

Needs matplotlib.
"""

import argparse
import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

STEP = re.compile(r"step (\d+) loss ([\d.]+)")
SCORES = re.compile(r"scores at (\d+): (.*)")
SHOWN = ["copy", "reverse", "sort", "add", "subtract", "retrieve", "question", "weather"]
PARTS = {1200: "all short\ntasks", 3360: "tools", 7000: "second part", 11500: "MXFP4",
         13150: "more\nwordings", 16650: "more\nsums", 18650: "names"}                 # as in train.py


def read_log(path: Path):
    """[(step, loss)] and [(step, {task: share})]; a run that was continued repeats some steps."""
    losses, scores = {}, {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := STEP.search(line):
            losses[int(match[1])] = float(match[2])
        if match := SCORES.search(line):
            pairs = (part.rsplit(" ", 1) for part in match[2].split(", "))
            scores[int(match[1])] = {task: float(share) for task, share in pairs}
    return sorted(losses.items()), sorted(scores.items())


def write_csv(path: Path, losses) -> None:
    rows = [f"{step},{loss}" for step, loss in losses]
    path.write_text("\n".join(["step,loss", *rows]) + "\n", encoding="utf-8")


def draw(path: Path, losses, scores) -> None:
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 6), sharex=True, layout="constrained")
    above.plot(*zip(*losses), color="black", linewidth=1)
    above.set_yscale("log")
    above.set_ylabel("loss (nats per token)")
    for step, label in PARTS.items():
        for axes in (above, below):
            axes.axvline(step, color="0.8", linewidth=1, zorder=0)
        above.text(step, 1.02, label, transform=above.get_xaxis_transform(), va="bottom",
                   ha="center", fontsize=7, color="0.4")
    for task in SHOWN:
        below.plot([step for step, _ in scores], [found[task] for _, found in scores],
                   marker=".", label=task)
    below.set_ylabel("right, of 24 held-out prompts")
    below.set_xlabel("step")
    below.legend(fontsize=8, ncols=2)
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", type=Path, required=True, help="folder of log.txt")
    args = parser.parse_args()
    losses, scores = read_log(args.run / "log.txt")
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    write_csv(results / "training.csv", losses)
    draw(results / "loss.png", losses, scores)


if __name__ == "__main__":
    main()
