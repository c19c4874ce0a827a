#!/usr/bin/env python3
"""Plants every mistake in dumps of several models and prompts, and counts what diagnose says.

    scripts/confusion_table.py [--build DIR] [--keep FOLDER] [--quick]

Writes the tables of docs/diagnose.md: how often the planted mistake is named first and within the
first three, and every case where it is not the first. Dumps are those of our own wrong models and,
if this python3 has numpy, of a numpy port with the mistakes written anew. Takes ten minutes of one
core; --quick prints one small model in a minute. DIR is a configured build folder. --keep
leaves the lines of every run in FOLDER and does not repeat a run that is there.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "diagnose.md"
BEGIN, END = "<!-- begin scripts/confusion_table.py -->", "<!-- end -->"

# Model, seed of its weights, number of the prompt, tokens. None was used while tolerances were set.
RUNS = [("tiny", 21, 1, 12), ("square", 31, 2, 14), ("nano", 22, 3, 20)]
NUMPY_RUN = ("numpy", 41, 0, 12)  # the numpy port over the preset odd: numpy_bugs.py


class Case:
    """One planted mistake: "planted rank named confidence verdict". "other_..." is in no list."""

    def __init__(self, line):
        self.planted, rank, self.named, confidence, self.verdict = line.split()
        self.rank, self.confidence = int(rank), float(confidence)

    def is_right(self):
        return self.planted == "right"

    def is_first(self):
        if self.is_right():
            return self.verdict == "pass"
        if self.planted.startswith("other_"):
            return self.verdict == "diverged" and self.named == "none"
        return self.rank == 0 and self.named == self.planted

    def is_in_three(self):
        return self.is_first() or 0 <= self.rank < 3


def output_of(build, run, policy, kind):
    if run[0] != "numpy":
        command = [build / "tests" / "gptoss_confusion", *map(str, run), policy, kind]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    tool, bugs = build / "bin" / "gptoss", ROOT / "tests" / "confusion" / "numpy_bugs.py"
    with tempfile.TemporaryDirectory() as model:
        synth = [tool, "synth", "--preset", "odd", "--seed", str(run[1]), "--out", model]
        subprocess.run(synth, check=True, stdout=subprocess.DEVNULL)
        command = [sys.executable, bugs, tool, model, policy, kind]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def cases_of(arguments, run, policy, kind):
    name = "-".join([*map(str, run), policy, kind]) + ".txt"
    kept = arguments.keep and arguments.keep / name
    if kept and kept.is_file():
        output = kept.read_text()
    else:
        output = output_of(arguments.build, run, policy, kind)
        if kept:
            kept.write_text(output)
    return [Case(line) for line in output.strip().split("\n")]


def has_numpy():
    try:
        import numpy  # noqa: F401
    except ImportError:
        print("SKIPPED: the numpy port: this python3 has no numpy")
        return False
    return True


def share(cases, counts):
    n = sum(1 for case in cases if counts(case))
    return f"{n} of {len(cases)}"


def answer_of(case):
    if case.verdict == "pass":
        return "no divergence"
    return f"`{case.named}`" if case.named != "none" else "none of the known ones"


def tables_of(results):
    """results: (run, policy, kind) -> cases"""
    lines = [
        "| model | weights | tokens | dump in | sites | named first | within the first three |",
        "|---|---|---|---|---|---|---|",
    ]
    misses = []
    for ((model, seed, _, n_tokens), policy, kind), cases in results.items():
        sites = "all" if kind == "full" else "logits"
        lines.append(
            f"| {model} | seed {seed} | {n_tokens} | {policy} | {sites} | "
            f"{share(cases, Case.is_first)} | {share(cases, Case.is_in_three)} |"
        )
        misses += [(model, policy, sites, case) for case in cases if not case.is_first()]
    lines += ["", "| planted | model | dump in | sites | answer | rank of the planted one |"]
    lines += ["|---|---|---|---|---|---|"]
    for model, policy, sites, case in misses:
        rank = case.rank + 1 if case.rank >= 0 else "-"
        lines.append(
            f"| `{case.planted}` | {model} | {policy} | {sites} | {answer_of(case)} | {rank} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()

    targets = ["gptoss_confusion", "gptoss_tool"]
    command = ["cmake", "--build", arguments.build, "--target", *targets]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    runs = RUNS[:1] if arguments.quick else RUNS + ([NUMPY_RUN] if has_numpy() else [])
    results = {}
    for run in runs:
        for policy in ("float32", "bf16"):
            for kind in ("full", "logits"):
                results[run, policy, kind] = cases_of(arguments, run, policy, kind)
                first = share(results[run, policy, kind], Case.is_first)
                print(run[0], policy, kind, first, flush=True)
    if arguments.quick:
        print(tables_of(results))
        return 0
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{tables_of(results)}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
