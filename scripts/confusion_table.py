#!/usr/bin/env python3
"""Plants every mistake in dumps of several models and prompts, and counts what diagnose says.

    scripts/confusion_table.py [--build DIR] [--keep FOLDER] [--quick]

Writes the tables of docs/diagnose.md: how often the planted mistake is named first and within the
first three, and every case where it is not the first. Dumps are those of our own wrong models and,
if this python3 has numpy, of a numpy port with the mistakes written anew. Takes an hour of two busy
cores; --quick prints one small model in a minute. DIR is a configured build folder. --keep
leaves the lines of every run in FOLDER and does not repeat a run that is there.
"""
import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "diagnose.md"
BEGIN, END = "<!-- begin scripts/confusion_table.py -->", "<!-- end -->"
NANO = ROOT / "examples" / "nano" / "model"
VOCABULARY = {"tiny": 128, "square": 128, "odd": 300, "nano": 1034}


@dataclasses.dataclass(frozen=True)
class Run:
    """A model and a prompt. Dumps are our own, or those of the numpy port."""

    model: str
    seed: int | None                                            # of the weights; trained: none
    prompt: int | str                                           # number of random ids, or a text
    n_tokens: int | None = None
    port: str = "ours"

    def name(self):
        prompt = self.prompt if isinstance(self.prompt, int) else len(self.prompt)
        return f"{self.port}-{self.model}-{self.seed}-{prompt}"

    def weights(self):
        return "trained" if self.seed is None else f"seed {self.seed}"


# None was used while a tolerance or a limit was set. A text says more than any ids only about a
# model that was trained on text.
RUNS = [
    Run("tiny", 21, 1, 12),
    Run("tiny", 24, 4, 20),
    Run("square", 31, 2, 14),
    Run("nano", None, "What is 58 + 67?"),
    Run("nano", None, "Sort: sun hat cat"),
    Run("odd", 41, 5, 12, "numpy"),
    Run("tiny", 44, 8, 16, "numpy"),
    Run("nano", None, "What is 58 + 67?", port="numpy"),
]


# What a dump need not show: "no divergence" is right, its name too. Rotation is relative, so positions that
# begin at 1 leave the logits as they are; bf16 has all positions up to 256; and a model in bf16 rounds
# its router logits anyway.
def is_harmless(planted, n_tokens, policy, kind):
    return (planted == "positions_from_one" and kind == "logits"
            or planted == "positions_bf16" and n_tokens <= 257
            or planted == "router_bf16" and policy == "bf16")


class Case:
    """One planted mistake: "planted rank named confidence verdict as_likely". "other_..." is in no list."""

    def __init__(self, line, n_tokens, policy, kind):
        self.planted, rank, self.named, confidence, self.verdict, n_as_likely = line.split()
        self.rank, self.confidence, self.n_as_likely = int(rank), float(confidence), int(n_as_likely)

        self.shows = not is_harmless(self.planted, n_tokens, policy, kind)

    def is_right(self):
        return self.planted == "right" or not self.shows

    def is_first(self):
        if self.is_right() and self.verdict == "pass":
            return True
        if self.planted.startswith("other_"):
            return self.verdict == "diverged" and self.named == "none"
        return self.rank == 0 and self.named == self.planted

    def is_tied(self):
        return self.is_first() and self.n_as_likely > 1

    def is_in_three(self):
        return self.is_first() or 0 <= self.rank < 3


def mix(word):
    """One step of splitmix64, as in core/generator.hpp."""
    mask = 2**64 - 1
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 & mask
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB & mask
    return word ^ (word >> 31)


def ids_of(tool, run):
    """Of a text: what a user says, rendered."""
    if isinstance(run.prompt, str):
        chat = json.dumps({"messages": [{"role": "user", "content": run.prompt}]})
        command = [tool, "harmony", "render", "--ids", "--model", NANO, "-"]
        done = subprocess.run(command, input=chat, capture_output=True, text=True, check=True)
        return [int(word) for word in done.stdout.split()]
    step, mask = 0x9E3779B97F4A7C15, 2**64 - 1
    words = (mix((mix(run.prompt) + (t + 1) * step) & mask) for t in range(run.n_tokens))
    return [word % VOCABULARY[run.model] for word in words]


def output_of(build, run, ids, policy, kind):
    tool, bugs = build / "bin" / "gptoss", ROOT / "tests" / "confusion" / "numpy_bugs.py"
    ids = ",".join(map(str, ids))
    with tempfile.TemporaryDirectory() as folder:
        model = NANO if run.seed is None else folder
        if run.port == "ours":
            model = NANO if run.seed is None else run.model
            program = build / "tests" / "gptoss_confusion"
            command = [program, model, str(run.seed or 0), ids, policy, kind]
        else:
            command = [sys.executable, bugs, tool, model, ids, policy, kind]
            if run.seed is not None:
                synth = ["synth", "--preset", run.model, "--seed", str(run.seed), "--out", model]
                subprocess.run([tool, *synth], check=True, stdout=subprocess.DEVNULL)
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def cases_of(arguments, run, ids, policy, kind):
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    kept = arguments.keep and arguments.keep / f"{run.name()}-{policy}-{kind}.txt"
    if kept and kept.is_file():
        output = kept.read_text()
    else:
        output = output_of(arguments.build, run, ids, policy, kind)
        if kept:
            kept.write_text(output)
    return [Case(line, len(ids), policy, kind) for line in output.strip().split("\n")]


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


HEAD = """| dumps | model | weights | tokens | dump in | sites | first | of them "either" | within three |
|---|---|---|---|---|---|---|---|---|"""
SUMS = """| dumps | dump in | sites | first | of them "either" | within three |
|---|---|---|---|---|---|"""
MISSES = """| planted | dumps | dump in | sites | answer | rank of the planted one |
|---|---|---|---|---|---|"""


def sums_of(results):
    """Per port, policy and kind, all models together."""
    sums = {}
    for (run, _, policy, kind), cases in results.items():
        sums.setdefault((run.port, policy, kind), []).extend(cases)
    for (port, policy, kind), cases in sums.items():
        yield (f"| {port} | {policy} | {sites_of(kind)} | {share(cases, Case.is_first)} | "
               f"{sum(map(Case.is_tied, cases))} | {share(cases, Case.is_in_three)} |")


def misses_of(results):
    """Cases that are not named first, those with the same answer together."""
    misses = {}
    for (run, _, policy, kind), cases in results.items():
        for case in cases:
            if case.is_first():
                continue
            rank = case.rank + 1 if case.rank >= 0 else "-"
            key = (case.planted, policy, sites_of(kind), answer_of(case), rank)
            misses.setdefault(key, []).append(f"{run.port} {run.model} {run.weights()}")
    for (planted, policy, sites, answer, rank), dumps in misses.items():
        yield f"| `{planted}` | {', '.join(dumps)} | {policy} | {sites} | {answer} | {rank} |"


CALIBRATION = """| said with | named | right |
|---|---|---|"""
BINS = (0.99, 0.9, 0.7, 0.5, 0.0)


def calibration_of(results):
    """Of what was named with a confidence from here to the bin before: how much was right."""
    named = [case for cases in results.values() for case in cases if case.named != "none"]
    above = 1.01
    for least in BINS:
        cases = [case for case in named if least <= case.confidence < above]
        above = least
        if cases:
            n_right = sum(1 for case in cases if case.named == case.planted)
            yield (f"| {100 * least:.0f} % or more | {len(cases)} | {n_right} "
                   f"({100 * n_right / len(cases):.0f} %) |")


def sites_of(kind):
    return "all" if kind == "full" else "logits"


def tables_of(results):
    """results: (run, number of tokens, policy, kind) -> cases"""
    rows = [
        f"| {run.port} | {run.model} | {run.weights()} | {n_tokens} | {policy} | "
        f"{sites_of(kind)} | {share(cases, Case.is_first)} | {sum(map(Case.is_tied, cases))} | "
        f"{share(cases, Case.is_in_three)} |"
        for (run, n_tokens, policy, kind), cases in results.items()
    ]
    return "\n".join([SUMS, *sums_of(results), "", CALIBRATION, *calibration_of(results), "", HEAD,
                      *rows, "", MISSES, *misses_of(results)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()

    targets = ["gptoss_confusion", "gptoss_tool"]
    command = ["cmake", "--build", arguments.build, "--target", *targets]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    numpy = not arguments.quick and has_numpy()
    runs = [run for run in RUNS if run.port == "ours" or numpy]
    results = {}
    for run in runs[:1] if arguments.quick else runs:
        ids = ids_of(arguments.build / "bin" / "gptoss", run)
        for policy in ("float32", "bf16"):
            for kind in ("full", "logits"):
                cases = cases_of(arguments, run, ids, policy, kind)
                results[run, len(ids), policy, kind] = cases
                print(run.name(), policy, kind, share(cases, Case.is_first), flush=True)
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
