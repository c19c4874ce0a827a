#!/usr/bin/env python3
"""Whether compare and diagnose call right ports right, and what these are off by.

    scripts/right_ports.py --quick              small models and few prompts, a minute or two
    scripts/right_ports.py [--keep FOLDER]      all of it, an hour: writes the tables of docs/compare.md
    scripts/right_ports.py --measure            on other seeds and prompts: prints what the numbers of
                                                include/gptoss/compare/bounds.hpp are twice of

A right port (tests/ports/port.py) computes as the official model does, in an arithmetic of its own:
float32 with sums of several orders, products of 11 or 8 bits, activations in 16 bits that are rounded in
three places. Each run is dumped with all sites, with the residuals alone and with the logits alone, and
held against the plain path by compare, and by diagnose. Exits 1 if one is not called right. A run that
is in FOLDER is not repeated. Needs numpy and a C compiler.
"""
import argparse
import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "compare.md"
BEGIN, END = "<!-- begin scripts/right_ports.py -->", "<!-- end -->"
NANO = ROOT / "examples" / "nano" / "model"
sys.path.append(str(ROOT / "tests" / "golden"))
sys.path.append(str(ROOT / "tests" / "ports"))

VOCABULARY = {"tiny": 128, "odd": 300, "square": 128, "20b": 512}
SETS = {"all": "", "residuals": r"\.residual$", "logits": "^logits$"}  # sites by their names


@dataclasses.dataclass(frozen=True)
class Run:
    """A model and a prompt: random ids for generated weights; for nano a chat, or the LICENSE's begin."""

    model: str
    seed: int | None
    prompt: int | str
    n_layers: int | None = None                                 # fewer than the model has
    is_diagnosed: bool = True                                   # which takes a pass per mistake
    kinds: tuple[str, ...] | None = None                        # fewer than all

    def name(self):
        layers = f"-{self.n_layers}-layers" if self.n_layers else ""
        prompt = str(self.prompt).replace(" ", "_").replace("?", "").replace("/", "")
        return f"{self.model}{layers}-{self.seed}-{prompt}"


QUICK = [
    Run("tiny", 51, 5),
    Run("odd", 52, 40, kinds=("blocked", "fused", "bf16_products", "bf16", "float16_official")),
    Run("nano", None, "What is 17 + 25?",
        kinds=("one_sum", "tf32", "float16", "float16_stream", "bf16_official", "bf16_stream")),
]
MEASURED = [
    *(Run("tiny", seed, n) for seed, n in ((61, 5), (62, 12), (63, 60))),
    *(Run("odd", seed, n) for seed, n in ((64, 5), (65, 60), (66, 200))),
    *(Run("square", seed, n) for seed, n in ((69, 8), (70, 40))),
    *(Run("nano", None, n) for n in (5, 45, 100, 200, 400, 800)),
    *(Run("nano", None, text) for text in (
        "add 3 and 9", "What is 41 minus 23?", "Sort: dog tree sun", "Reverse these words: hat, cat, sun",
        "Repeat after me: red blue green", "Jon: red dog. Mia: blue car. What does Jon have?",
        "How many experts does gpt-oss-20b have?", "What is a sink?", "Hello", "Bye")),
    Run("20b", 67, 5, n_layers=1),
]
TESTED = [
    *(Run("tiny", seed, n) for seed, n in ((71, 7), (72, 30))),
    *(Run("odd", seed, n) for seed, n in ((73, 9), (74, 80))),
    *(Run("square", seed, n) for seed, n in ((75, 10), (76, 50))),
    *(Run("nano", None, text) for text in (
        "What is 17 + 25?", "What is 58 + 67?", "Sort: cup moon ant", "Reverse: king, pen, fox",
        "Repeat after me: one two", "Ann: old hat. Bob: new pen. What does Bob have?", "Who are you?",
        "Who made gpt-oss?", "What is the capital of France?", "Thanks")),
    Run("nano", None, 138),
    Run("nano", None, 700, is_diagnosed=False),
    Run("20b", 77, 4, n_layers=1, is_diagnosed=False),
]


def call(*command, text=None):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True,
                          text=True, input=text).stdout


def answer(*command):
    """Of compare and diagnose, whose exit status is their verdict."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if not done.stdout.startswith("{"):
        raise SystemExit(f"{command}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def ids_of(tool, run):
    if isinstance(run.prompt, str):
        chat = json.dumps({"messages": [{"role": "user", "content": run.prompt}]})
        words = call(tool, "harmony", "render", "--ids", "--model", NANO, "-", text=chat).split()
        return [int(word) for word in words]
    if run.model == "nano":
        text = (ROOT / "LICENSE").read_text(encoding="utf-8")
        words = call(tool, "tokenize", "encode", text, "--model", NANO).replace(",", " ").split()
        return [int(word) for word in words][: run.prompt]
    state, ids = 12345 + 7919 * run.seed, []
    for _ in range(run.prompt):
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
    if run.model == "square":                                   # tiny, but for two extents
        config = dict(configs.GOLDENS["tiny"].config)
        config.update(intermediate_size=config["hidden_size"], head_dim=32)
        what = ["--config", folder.parent / "config.json"]
        what[1].write_text(json.dumps(config))
    call(tool, "synth", *what, "--seed", run.seed, "--out", folder)
    return folder


def errors_of(comparison, alone):
    """site -> [pass max, pass rms, alone max, alone rms], each over rms; and their bounds."""
    return {
        row["name"]: [row["error"], row["relative"], *alone.get(row["name"], (0, 0)),
                      row["tolerance"], row["relative_tolerance"]]
        for row in comparison["sites"] if not row["name"].endswith("expert_ids")
    }


def policy_flags(arithmetic, name):
    """Of a dump that does not show how it was computed, the user has to say it."""
    shows_itself = name == "all" or arithmetic.policy == "float32" or arithmetic.keeps_short
    if name == "residuals" and arithmetic.stream is not None:
        shows_itself = False
    return [] if shows_itself else ["--policy", arithmetic.policy]


def result_of(tool, run, arithmetic, model, ids, plain, folder):
    """Verdicts of a port by set of sites, and its errors site by site."""
    import numpy as np
    import port

    ours = port.Port(model, arithmetic, port.EXACT)
    arrays = {site: values.astype(np.int32 if site.endswith("ids") else np.float32)
              for site, values in ours.forward(ids).items()}
    result, file = {}, folder / "port.npz"
    for name, pattern in SETS.items():
        kept = {site: values for site, values in arrays.items() if re.search(pattern, site)}
        np.savez(file, tokens=np.array(ids, np.int32), **kept)
        flags = policy_flags(arithmetic, name)
        c = answer(tool, "compare", plain, file, *flags, "--model", model, "--json")
        d = {"verdict": "", "reason": ""}
        if run.is_diagnosed:
            d = answer(tool, "diagnose", file, *flags, "--model", model, "--json")
        result[name] = {"compare": c["verdict"], "diagnose": d["verdict"],
                        "reasons": [c["reason"], d["reason"]]}
        if name == "all":
            result["sites"] = errors_of(c, ours.alone)
    return result


def measured(tool, run, arithmetic, model, ids, plain, folder):
    """The errors alone; float16's bounds are a share of those of bf16."""
    import numpy as np
    import port

    ours = port.Port(model, arithmetic, port.EXACT)
    arrays = {site: values.astype(np.int32 if site.endswith("ids") else np.float32)
              for site, values in ours.forward(ids).items()}
    np.savez(folder / "port.npz", tokens=np.array(ids, np.int32), **arrays)
    c = answer(tool, "compare", plain, folder / "port.npz", "--policy", "bf16", "--json")
    return {"sites": errors_of(c, ours.alone)}


def results_of(tool, run, kinds, keep, judge=result_of):
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
            result = judge(tool, run, port.KINDS[kind], model, ids, plain, folder)
            if file:
                file.write_text(json.dumps(result))
            yield kind, result


def worst_of(result):
    """The largest share of its bound that a site takes, and which."""
    shares = [(max(v[0] / v[4], v[1] / v[5]), site) for site, v in result["sites"].items()
              if v[4] > 0 and v[0] is not None]
    return max(shares)


def counted(results, command, name):
    verdicts = [result[name][command] for _, result in results if result[name][command]]
    return f"{verdicts.count('pass')} of {len(verdicts)}"


def tables_of(results):
    """results: kind -> [(run, result)]. Per kind and set of sites, then per kind and model."""
    import port

    heads = [f"{command}: {name}" for name in SETS for command in ("compare", "diagnose")]
    lines = ["| port | " + " | ".join(heads) + " |", "|---" * (1 + len(heads)) + "|"]
    for kind, of_kind in results.items():
        cells = [counted(of_kind, command, name) for name in SETS
                 for command in ("compare", "diagnose")]
        lines.append(f"| {port.KINDS[kind].what} | " + " | ".join(cells) + " |")
    models = list(dict.fromkeys(run.model for of_kind in results.values() for run, _ in of_kind))
    lines += ["", "| port | " + " | ".join(models) + " |", "|---" * (1 + len(models)) + "|"]
    for kind, of_kind in results.items():
        cells = []
        for model in models:
            verdicts = [result[name][command] for run, result in of_kind if run.model == model
                        for name in SETS for command in ("compare", "diagnose")
                        if result[name][command]]
            cells.append(f"{verdicts.count('pass')} of {len(verdicts)}")
        lines.append(f"| {port.KINDS[kind].what} | " + " | ".join(cells) + " |")
    n_dumps = sum(len(of_kind) for of_kind in results.values()) * len(SETS)
    return "\n".join([f"{n_dumps} dumps.", "", *lines])


def layer_of(site):
    words = site.split(".")
    return (int(words[1]), ".".join(words[2:])) if words[0] == "block" else (None, site)


def print_measured(results):
    """Twice the largest error per site: alone or in the first layer, and its steepest rise per layer."""
    largest = {}
    for run, kind, result in results:
        n_layers = 1 + max(layer_of(site)[0] or 0 for site in result["sites"])
        for site, values in result["sites"].items():
            layer, name = layer_of(site)
            layer = n_layers if layer is None and site != "embedding" else layer or 0
            for which, (in_pass, alone) in enumerate(((values[0], values[2]), (values[1], values[3]))):
                first, rises = largest.setdefault((name, which), [0, 0])
                best = max(alone, in_pass if layer == 0 else 0)
                largest[name, which][0] = max(first, best)
                largest[name, which].append((layer, in_pass))
    for (name, which), (first, _, *passes) in largest.items():
        rise = max([(in_pass - first) / layer for layer, in_pass in passes if layer], default=0)
        print(f"{name:22} {('max', 'rms')[which]}  first {2 * first:.2g}  per_layer {2 * max(rise, 0):.2g}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tool", type=pathlib.Path, default=ROOT / "build/release/bin/gptoss")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER")
    arguments = parser.parse_args()
    try:
        import port
    except (ImportError, FileNotFoundError) as error:
        print(f"SKIPPED: right_ports: {error}")
        return 77
    tool = arguments.tool.resolve()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    if arguments.measure:
        short = [kind for kind, a in port.KINDS.items() if a.policy != "float32"]
        print_measured([(run, kind, result) for run in MEASURED
                        for kind, result in results_of(tool, run, short, arguments.keep, measured)])
        return 0
    results, n_wrong = {}, 0
    for run in QUICK if arguments.quick else TESTED:
        for kind, result in results_of(tool, run, run.kinds or port.KINDS, arguments.keep):
            results.setdefault(kind, []).append((run, result))
            share, site = worst_of(result)
            print(f"{run.name():28.28} {kind:16} {share:.2f} at {site}", flush=True)
            for name in SETS:
                for command, reason in zip(("compare", "diagnose"), result[name]["reasons"]):
                    verdict = result[name][command]
                    n_wrong += verdict not in ("pass", "")
                    if verdict not in ("pass", ""):
                        print(f"    {command} {name}: {verdict}: {reason}")
    print(tables_of(results))
    if not arguments.quick:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{tables_of(results)}\n{END}{after}", encoding="utf-8")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
