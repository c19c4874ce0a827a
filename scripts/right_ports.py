#!/usr/bin/env python3
"""What right ports are off by, and whether compare and diagnose call them right.

    scripts/right_ports.py --quick              small models, a minute
    scripts/right_ports.py [--keep FOLDER]      all of it, an hour: writes the table of docs/compare.md

A right port (tests/ports/port.py) computes as the official model does, in an arithmetic of its own:
float32 with sums of several orders, products of 11 or 8 bits, activations in 16 bits. Each is held
against the plain path by compare and by diagnose. Exits 1 if one is not called right. FOLDER gets the
errors of each run site by site, of the pass and of each step alone: what the numbers of
include/gptoss/compare/bounds.hpp are twice of. A run that is there is not repeated. Needs numpy and a
C compiler.
"""
import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "compare.md"
BEGIN, END = "<!-- begin scripts/right_ports.py -->", "<!-- end -->"
NANO = ROOT / "examples" / "nano" / "model"
sys.path.append(str(ROOT / "tests" / "golden"))
sys.path.append(str(ROOT / "tests" / "ports"))

VOCABULARY = {"tiny": 128, "odd": 300, "20b": 512}


@dataclasses.dataclass(frozen=True)
class Run:
    """A model and a prompt: random ids for generated weights, the LICENSE for trained ones."""

    model: str
    seed: int | None
    n_tokens: int
    n_layers: int | None = None                                 # fewer than the model has
    is_diagnosed: bool = True                                   # which takes 55 passes

    def name(self):
        layers = f"-{self.n_layers}-layers" if self.n_layers else ""
        return f"{self.model}{layers}-{self.seed}-{self.n_tokens}"


QUICK = [Run("tiny", 51, 5), Run("odd", 52, 40), Run("nano", None, 61)]
ALL = [
    *(Run("tiny", seed, n) for seed, n in ((61, 5), (62, 12), (63, 60))),
    *(Run("odd", seed, n) for seed, n in ((64, 5), (65, 60), (66, 200))),
    *(Run("nano", None, n) for n in (5, 45, 100, 200, 400)),
    Run("nano", None, 800, is_diagnosed=False),
    Run("20b", 67, 5, n_layers=1),
    Run("20b", 68, 140, n_layers=2, is_diagnosed=False),
]


def call(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True,
                          text=True).stdout


def answer(*command):
    """Of compare and diagnose, whose exit status is their verdict."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if not done.stdout.startswith("{"):
        raise SystemExit(f"{command}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def ids_of(tool, run):
    if run.model == "nano":
        text = (ROOT / "LICENSE").read_text(encoding="utf-8")
        words = call(tool, "tokenize", "encode", text, "--model", NANO).replace(",", " ").split()
        return [int(word) for word in words][: run.n_tokens]
    state, ids = 12345 + 7919 * run.seed, []
    for _ in range(run.n_tokens):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        ids.append((state >> 33) % VOCABULARY[run.model])
    return ids


def model_of(tool, run, folder):
    import configs

    if run.model == "nano":
        return NANO
    what = ["--preset", run.model]
    if run.model == "20b":                                      # but for its vocabulary
        what = ["--config", folder.parent / "config.json", "--layers", run.n_layers]
        what[1].write_text(json.dumps(configs.LAYERS20B.config))
    call(tool, "synth", *what, "--seed", run.seed, "--out", folder)
    return folder


def sites_of(comparison, alone):
    """site -> [pass max, pass rms, alone max, alone rms], each over rms; and their bounds."""
    return {
        row["name"]: [row["error"], row["relative"], *alone.get(row["name"], (0, 0)),
                      row["tolerance"], row["relative_tolerance"]]
        for row in comparison["sites"] if not row["name"].endswith("expert_ids")
    }


def result_of(tool, run, arithmetic, model, ids, plain, folder):
    """Verdicts of a port, and its errors site by site."""
    import numpy as np
    import port

    ours = port.Port(model, arithmetic, port.EXACT)
    arrays = {site: values.astype(np.int32 if site.endswith("ids") else np.float32)
              for site, values in ours.forward(ids).items()}
    np.savez(folder / "port.npz", tokens=np.array(ids, np.int32), **arrays)
    c = answer(tool, "compare", plain, folder / "port.npz", "--policy", arithmetic.policy, "--json")
    d = {"verdict": "", "reason": ""}
    if run.is_diagnosed:
        d = answer(tool, "diagnose", folder / "port.npz", "--model", model, "--json")
    return {"compare": c["verdict"], "diagnose": d["verdict"], "reasons": [c["reason"], d["reason"]],
            "exactness": c["exactness"], "sites": sites_of(c, ours.alone)}


def results_of(tool, run, kinds, keep):
    """Of each kind of port over the run's model and tokens."""
    import port

    files = {kind: keep and keep / f"{run.name()}-{kind}.json" for kind in kinds}
    with tempfile.TemporaryDirectory() as temporary:
        folder, plain = pathlib.Path(temporary), None
        for kind, file in files.items():
            if file and file.is_file():
                yield kind, json.loads(file.read_text())
                continue
            if plain is None:
                model, ids = model_of(tool, run, folder / "model"), ids_of(tool, run)
                plain = folder / "plain.safetensors"
                call(tool, "trace", "--model", model, "--ids", ",".join(map(str, ids)), "--sites", "all",
                     "--path", "scalar", "--out", plain)
            result = result_of(tool, run, port.KINDS[kind], model, ids, plain, folder)
            if file:
                file.write_text(json.dumps(result))
            yield kind, result


def worst_of(result):
    """The largest share of its bound that a site takes, and which."""
    shares = [(max(v[0] / v[4], v[1] / v[5]), site) for site, v in result["sites"].items()
              if v[4] > 0 and v[0] is not None]
    return max(shares)


def table_of(results):
    """results: kind -> [(run, result)]"""
    import port

    lines = ["| port | compare | diagnose | largest share of a bound |", "|---|---|---|---|"]
    for kind, of_kind in results.items():
        counts = []
        for command in ("compare", "diagnose"):
            verdicts = [result[command] for _, result in of_kind if result[command]]
            counts.append(f"{verdicts.count('pass')} of {len(verdicts)}")
        (share, site), run = max((worst_of(result), run.name()) for run, result in of_kind)
        lines.append(f"| {port.KINDS[kind].what} | {counts[0]} | {counts[1]} | "
                     f"{share:.2f}: `{site}` of {run} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tool", type=pathlib.Path, default=ROOT / "build/release/bin/gptoss")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER")
    arguments = parser.parse_args()
    try:
        import port
    except (ImportError, FileNotFoundError) as error:
        print(f"SKIPPED: right_ports: {error}")
        return 77
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    results, n_wrong = {}, 0
    for run in QUICK if arguments.quick else ALL:
        for kind, result in results_of(arguments.tool.resolve(), run, port.KINDS, arguments.keep):
            results.setdefault(kind, []).append((run, result))
            share, site = worst_of(result)
            print(f"{run.name():20} {kind:14} compare {result['compare']:9} diagnose "
                  f"{result['diagnose'] or '-':9} {share:.2f} at {site}", flush=True)
            for verdict, reason in zip((result["compare"], result["diagnose"]), result["reasons"]):
                n_wrong += verdict not in ("pass", "")
                if verdict not in ("pass", ""):
                    print(f"    {reason}")
    print(table_of(results))
    if not arguments.quick:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{table_of(results)}\n{END}{after}", encoding="utf-8")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
