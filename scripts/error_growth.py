#!/usr/bin/env python3
"""How errors of right runs grow with their length: what include/gptoss/compare/tolerances.hpp allows.

    scripts/error_growth.py [--tool PROGRAM]

Runs the first 45 to 800 tokens of the LICENSE, which does not change, through the trained nano on the plain path, on the
tuned one and, if this python3 has numpy, in the numpy port, and compares the others with the first.
A line per site: its largest error in any layer over rms, by length, by what factor it has grown in
all, and the largest share of its bound. Takes a minute.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
NANO = ROOT / "examples" / "nano" / "model"
PORT = ROOT / "examples" / "validate" / "numpy_port.py"
LENGTHS = [45, 100, 200, 400, 800]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True,
                          text=True, **options).stdout


def has_numpy():
    return subprocess.run([sys.executable, "-c", "import numpy"], capture_output=True).returncode == 0


def write_dumps(tool, ids, folder):
    """The plain path's dump, and those to be held against it."""
    plain, tuned = folder / "plain.safetensors", folder / "tuned.safetensors"
    for file, flags in ((plain, ["scalar"]), (tuned, ["fast", "--exact"])):
        run(tool, "trace", "--ids", ids, "--sites", "all", "--out", file, "--path", *flags)
    if not has_numpy():
        return plain, [tuned]
    port = folder / "port.npz"
    run(sys.executable, PORT, "--model", NANO, "--ids", ids, "--out", port)
    return plain, [tuned, port]


def errors_of(tool, plain, other):
    """The largest error of each site over its layers, and the largest share of its bound."""
    answer = subprocess.run([tool, "compare", plain, other, "--json"], capture_output=True, text=True)
    errors, shares = collections.defaultdict(float), collections.defaultdict(float)
    for row in json.loads(answer.stdout)["sites"]:
        site = row["name"].split(".", 2)[-1] if row["name"].startswith("block.") else row["name"]
        errors[site] = max(errors[site], row["error"])
        if row["tolerance"] > 0:
            shares[site] = max(shares[site], row["error"] / row["tolerance"])
    return errors, shares


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tool", type=pathlib.Path, default=ROOT / "build/release/bin/gptoss")
    tool = parser.parse_args().tool.resolve()
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    ids = run(tool, "tokenize", "encode", text, "--model", NANO).replace(",", " ").split()
    table, worst = collections.defaultdict(list), collections.defaultdict(float)
    for length in LENGTHS:
        with tempfile.TemporaryDirectory() as folder:
            plain, others = write_dumps(tool, ",".join(ids[:length]), pathlib.Path(folder))
            found = [errors_of(tool, plain, other) for other in others]
        for site in found[0][0]:
            table[site].append(max(errors[site] for errors, _ in found))
            worst[site] = max([worst[site]] + [shares[site] for _, shares in found])
    print(f"{'tokens':16}" + "".join(f"{length:>10}" for length in LENGTHS) + "  grown   of its bound")
    for site, errors in table.items():
        grown = errors[-1] / errors[0] if errors[0] > 0 else 1
        print(f"{site:16}" + "".join(f"{error:10.1e}" for error in errors) +
              f"{grown:7.1f}{worst[site]:15.2f}")


if __name__ == "__main__":
    main()
