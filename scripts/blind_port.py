#!/usr/bin/env python3
"""What compare and diagnose say of a port they have never seen, with 265 mistakes planted one by one.

    scripts/blind_port.py --quick              a few mistakes on tiny, half a minute
    scripts/blind_port.py --keep FOLDER        all of it, hours; what is in FOLDER is not repeated
    scripts/blind_port.py --keep FOLDER --page the tables of what is there, into docs/diagnose.md

tests/blind_port was written from the spec alone, and its mistakes frozen, before the list of known
mistakes was read. Exits 1 if a mistake is given a wrong name, or if --quick misses a listed one.
"""
import argparse
import concurrent.futures
import json
import pathlib
import random
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("SKIPPED: blind_port: numpy is not installed")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "blind_port"))
NANO = ROOT / "examples" / "nano" / "model"
program = ROOT / "build" / "release" / "bin" / "gptoss"          # or what --tool names
NOISE = {"float32": 1e-6, "bf16": 0.0}      # what two right programs' values may differ by, over rms
RUNS = {                                    # the model, its seed, how many tokens or which text
    "tiny": ("tiny", 91, 9),
    "odd": ("odd", 92, 10),
    "nano, text": ("nano", None, "The model reads the prompt once; what is the sum of 17 and 25?"),
    "nano, chat": ("nano", None, "<|start|>user<|message|>Sort: dog tree sun red blue cat hat<|end|><|start|>assistant"),
}


def tool(*args):
    done = subprocess.run([program, *map(str, args)], capture_output=True, text=True, check=False)
    if done.returncode > 1 and not done.stdout.startswith("{"):
        raise SystemExit(f"gptoss {args[0]}: {done.stderr.strip()}")
    return done.stdout


class Model:
    """A model and a prompt, and what the right port and the right program make of it."""

    def __init__(self, run, folder):
        name, seed, prompt = RUNS[run]
        self.path = NANO if seed is None else folder / name
        if seed is not None and not self.path.exists():
            tool("synth", "--preset", name, "--seed", seed, "--out", self.path)
        if isinstance(prompt, str):
            text = tool("tokenize", "encode", "--allow-special", "--model", self.path, prompt)
            self.ids = [int(i) for i in text.split()]
        else:
            size = json.loads((self.path / "config.json").read_text())["vocab_size"]
            self.ids = random.Random(seed).sample(range(size - 2), prompt)
        self.right, self.reference = {}, {}
        for policy, path in (("float32", "scalar"), ("bf16", "bf16")):
            self.right[policy] = self.port(policy)
            self.reference[policy] = folder / f"{run.replace(', ', '-')}-{policy}.safetensors"
            tool("trace", "--model", self.path, "--path", path, "--sites", "all", "--ids",
                 self.ids_text(), "--out", self.reference[policy])

    def ids_text(self):
        return ",".join(map(str, self.ids))

    def port(self, policy, plant=None):
        import numpy as np
        from port import Port

        with np.errstate(all="ignore"):
            return Port(self.path, policy == "bf16", plant).forward(self.ids)


def difference(right, wrong):
    """Over the rms; infinite where a value is hidden, lost or of another shape."""
    if wrong is None or wrong.shape != right.shape:
        return float("inf")
    kept = np.isfinite(right)
    if (kept != np.isfinite(wrong)).any():
        return float("inf")
    a, b = right[kept].astype(float), wrong[kept].astype(float)
    return float(np.sqrt(((a - b) ** 2).mean()) / (np.sqrt((a ** 2).mean()) + 1e-30))


def twins(model, policy, bug, dump, names):
    """Those of the names whose own mistake leaves the very same dump on this model and prompt."""
    from bugs import BUGS
    from names import LISTED

    def restart(n):                                             # in chunks of n
        return lambda port: setattr(port, "positions", lambda length: np.arange(length) % n)

    same = []
    for name in set(names) - set(LISTED.get(bug.name, [])):
        plants = [BUGS[b].plant for b, of in LISTED.items() if of == [name]]
        if name == "positions_restart":
            plants += [restart(n) for n in range(1, len(model.ids))]
        for plant in plants:
            theirs = model.port(policy, plant)
            if all(difference(theirs[site], dump.get(site)) <= NOISE[policy] for site in theirs):
                same.append(name)
                break
    return sorted(same)


def first_named(compared):
    """The first site that compare finds off, or cannot hold against the reference."""
    for site in compared["sites"]:
        if site["outcome"] in ("shape", "missing") or site["name"] == compared["first_divergence"]:
            return site["name"]
    return None


def first_off(model, policy, dump):
    """The first site that is not the right port's. A token's experts may come in any order."""
    for site, right in model.right[policy].items():
        theirs = dump.get(site)
        if site.endswith("expert_ids") and theirs is not None:
            right, theirs = np.sort(right, -1), np.sort(theirs, -1)
        if difference(right, theirs) > NOISE[policy]:
            return site
    return None


def judge(models, run, policy, bug):
    """A row: where the mistake begins to show, where compare says so, and what diagnose answers."""
    model = models[run]
    dump = model.port(policy, bug.plant)
    first = first_off(model, policy, dump)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "port.npz"
        np.savez(file, **dump)
        compared = json.loads(tool("compare", model.reference[policy], file, "--json"))
        said = json.loads(tool("diagnose", file, "--model", model.path, "--ids", model.ids_text(),
                               "--threads", 1, "--json"))
    names = [said["diagnosis"]] if said["diagnosis"] else said["either"]
    return {"run": run, "policy": policy, "bug": bug.name, "first": first,
            "confidence": said["suspects"][0]["confidence"] if said["suspects"] else 0,
            "unexplained": said["unexplained"], "same_as": twins(model, policy, bug, dump, names),
            "compare": first_named(compared), "verdict": said["verdict"],
            "first_said": said["first_divergent_site"], "name": said["diagnosis"], "either": said["either"],
            "second": (said["second"] or {}).get("name"), "reason": said["reason"]}


def answer(row, listed):
    """right, none, silent or wrong; or hidden, where the dump is the right one's, or
    twin, where it is that of the listed mistake that was named."""
    names = listed.get(row["bug"], [])
    said = [row["name"]] if row["name"] else row["either"]
    if said:
        if set(said) & set(row["same_as"]):
            return "twin"
        return "right" if set(said) & set(names) else "wrong"
    if row["verdict"] == "pass":
        return "hidden" if row["first"] is None else "silent"
    if row["verdict"] == "unusable":
        return "unusable"
    return "none"


def run_all(todo, folder, jobs, done_file):
    models = {run: Model(run, folder) for run in {t[0] for t in todo}}
    rows = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(judge, models, *t) for t in todo]
        for future in concurrent.futures.as_completed(futures):
            rows.append(future.result())
            if done_file:
                with done_file.open("a") as f:
                    f.write(json.dumps(rows[-1]) + "\n")
    return rows


def quick_list(bugs, listed, otherwise):
    """Sixteen listed mistakes and ten others, spread over the list."""
    names = [b for b in bugs if b in listed and b not in otherwise]
    others = [b for b in bugs if b not in listed]
    almost = ["mask_after_softmax", "window_on_all_but_third"]  # explained in part by a listed one
    return names[::len(names) // 16][:16] + others[::len(others) // 8][:8] + almost


def main():
    global program
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", type=pathlib.Path, default=program)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--policies", nargs="+", choices=("float32", "bf16"), default=["float32", "bf16"])
    parser.add_argument("--bugs", nargs="+", default=[], metavar="BUG", help="these alone")
    args = parser.parse_args()
    program = args.tool.resolve()
    from bugs import BUGS
    import tables
    from names import LISTED, OTHERWISE

    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "rows.jsonl" if args.keep else None
        rows = [json.loads(line) for line in file.open()] if file and file.exists() else []
        if args.quick:
            todo = [("tiny", "float32", BUGS[b]) for b in quick_list(BUGS, LISTED, OTHERWISE)]
        else:
            have = {(r["run"], r["policy"], r["bug"]) for r in rows}
            bugs = random.Random(0).sample(sorted(BUGS), len(BUGS))
            bugs = [b for b in bugs if not args.bugs or b in args.bugs]
            bugs.sort(key=lambda b: b not in LISTED)            # these first: a run may be cut short
            todo = [(run, policy, BUGS[b]) for b in bugs for run in args.runs
                    for policy in args.policies if (run, policy, b) not in have]
        if not args.page:
            rows += run_all(todo, folder, args.jobs, file)
    for row in rows:
        row["answer"] = answer(row, LISTED)
    if args.page:
        tables.write_page(rows, LISTED, len(BUGS))
    print(tables.text(rows, LISTED, BUGS))
    wrong = [r for r in rows if r["answer"] in ("wrong", "unusable")]
    missed = [r for r in rows if args.quick and r["bug"] in LISTED and r["answer"] not in ("right", "hidden")]
    return 1 if wrong or missed else 0


if __name__ == "__main__":
    sys.exit(main())
