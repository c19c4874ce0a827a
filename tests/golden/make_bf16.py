#!/usr/bin/env python3
"""Make or check the bf16 goldens: every activation of OpenAI's own PyTorch model on known weights.

    make_bf16.py --check              regenerate all but block20b, compare with data/; print shares
    make_bf16.py --check --all        block20b too (a minute, 6 GB of memory)
    make_bf16.py --write              regenerate data/*_bf16.tar.xz and data/manifest_bf16.json
    make_bf16.py --write --trained    only what the shipped model's weights go into

Needs the official package (`pip install gpt-oss --no-deps --ignore-requires-python`) beside
requirements.txt. The models, tokens and weights are those of the float64 goldens; the checkpoint
is written in OpenAI's layout and their own loader reads it; that of the trained model by its own
exporter, examples/nano/export.py.

One choice is ours: of experts with equal logits the lower id is taken, where torch.topk leaves open
which. The manifest counts the tokens for which torch chose otherwise, and records how Hugging
Face's model in bf16 compares: as it is, and with the two places mended in which it rounds
otherwise.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
import transformers

import configs
import files
import weights
import dump
import hugging_face
import official
import produce

MANIFEST = files.DATA / "manifest_bf16.json"

# Keys of the manifest: how many values of Hugging Face's bf16 run equal the official one's.
AS_IT_IS = "equal_share_of_hugging_face"
MENDED = "equal_share_of_hugging_face_in_official_order"

# Another CPU adds up in another order, so single roundings differ, and spread from layer to layer.
# Measured on a CPU without AVX-512, the goldens being from one with it: in the first layer 0.9998 of
# the values of a site are equal or more, further on they are off by 0.022 of the site's rms or less.
# Experts flip at 2 tokens of 45, which are left out where each chosen expert has its own values.
SHARE_IN_FIRST_LAYER = 0.999
MOST_GAP = 0.05
SHARE_OF_EXPERTS = 0.95
PER_EXPERT = ("mlp.gate_up", "mlp.swiglu", "mlp.expert_out")


def checkpoint_of(golden: configs.Golden, directory: Path, layout: str) -> Path:
    """The folder of the weights in a layout; `directory`, unless they lie there already."""
    if golden.trained is None:
        weights.write_checkpoint(directory, golden.config, golden.seed, layout)
        return directory
    if layout == "hf":
        return golden.trained
    export = configs.ROOT / "examples" / "nano" / "export.py"
    subprocess.run([sys.executable, export, "--from", golden.trained, "--out", directory,
                    "--layout", layout], check=True, stdout=subprocess.DEVNULL)
    return directory


def arrays_of(golden: configs.Golden, tokens: list[int], sites: dict) -> dict[str, np.ndarray]:
    ordered = dump.in_order(sites, golden.config, len(tokens))
    return {site: official.as_array(configs.kept_rows(site, values, golden.last_rows_in_bf16))
            for site, values in ordered.items()}


def equal_shares(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> dict[str, float]:
    """The share of exactly equal values per kind of site, all layers together."""
    n_equal, n_values = defaultdict(int), defaultdict(int)
    for site, values in theirs.items():
        kind = site.split(".", 2)[2] if site.startswith("block.") else site
        n_equal[kind] += int((ours[site] == values).sum())
        n_values[kind] += values.size
    return {kind: round(n_equal[kind] / n_values[kind], 5) for kind in n_values}


def gap(ours: np.ndarray, theirs: np.ndarray) -> float:
    """rms(difference) / rms(theirs), over what is finite in both."""
    finite = np.isfinite(ours) & np.isfinite(theirs)
    a, b = ours[finite].astype(np.float64), theirs[finite].astype(np.float64)
    return float(np.sqrt(((a - b) ** 2).mean() / max((b**2).mean(), 1e-30)))


def differences(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> list[str]:
    """What another CPU does not explain."""
    problems = []
    for site, expected in theirs.items():
        got = ours[site]
        if site.endswith(PER_EXPERT):
            ids = site.rsplit(".", 1)[0] + ".expert_ids"
            alike = (ours[ids] == theirs[ids]).all(axis=-1)
            got, expected = got[alike], expected[alike]
        equal, off = float((got == expected).mean()), gap(got, expected)
        is_ids = site.endswith("expert_ids")
        holds = equal >= SHARE_OF_EXPERTS if is_ids else off <= MOST_GAP
        if site.startswith("block.0."):
            holds = holds and equal >= SHARE_IN_FIRST_LAYER
        if not holds:
            problems.append(f"{site}: {equal:.4f} equal, off by {off:.4f}")
    return problems


def record_official(golden: configs.Golden, tokens: list[int], directory: Path) -> tuple:
    """The sites, and for how many tokens and layers torch.topk would have chosen otherwise."""
    recorder = official.Recorder(official.load_model(directory), official.topk_lower_id_first)
    sites = recorder.record(tokens)
    return arrays_of(golden, tokens, sites), recorder.other_choices


def record_hugging_face(golden: configs.Golden, tokens: list[int], directory: Path,
                        official_order: bool) -> dict[str, np.ndarray]:
    """Hugging Face's in bf16, with the same choice among equal logits."""
    model = hugging_face.load_model(directory, torch.bfloat16)
    seen = official.SeenTorch(torch.softmax, torch.einsum, topk)
    with hugging_face.replaced(hugging_face.hf, "torch", seen):
        sites = hugging_face.Recorder(model, official_order).record(tokens)
    return arrays_of(golden, tokens, sites)


def topk(x: torch.Tensor, k: int, dim: int) -> tuple:
    return official.topk_lower_id_first(x, k, dim, sorted=True)


def make(golden: configs.Golden) -> tuple[dict, str, dict]:
    """The sites, the text of their config, and what the manifest says of them."""
    tokens = produce.tokens_of(golden)
    with tempfile.TemporaryDirectory() as temporary:
        checkpoint = checkpoint_of(golden, Path(temporary) / "openai", "openai")
        sites, other_choices = record_official(golden, tokens, checkpoint)
        config_text = (checkpoint / "config.json").read_text()
        facts = {"tokens": tokens, "seed": golden.seed,
                 "other_choices_of_torch_topk": other_choices}
        if not golden.is_large:
            theirs = checkpoint_of(golden, Path(temporary) / "hf", "hf")
            as_it_is = record_hugging_face(golden, tokens, theirs, False)
            mended = record_hugging_face(golden, tokens, theirs, True)
            facts[AS_IT_IS] = equal_shares(as_it_is, sites)
            facts[MENDED] = equal_shares(mended, sites)
    return sites, config_text, facts


def versions() -> dict[str, str]:
    from importlib.metadata import version

    return {
        "gpt-oss": version("gpt-oss"),
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
    }


def write(only_trained: bool) -> None:
    entries = json.loads(MANIFEST.read_text())["goldens"] if only_trained else {}
    for name, golden in configs.GOLDENS.items():
        if not golden.in_bf16 or (only_trained and golden.trained is None):
            continue
        sites, config_text, facts = make(golden)
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / f"{name}_bf16.safetensors"
            producer = f"gpt-oss {versions()['gpt-oss']} torch bf16, of equal experts the lower id"
            tokens = facts["tokens"]
            rows = configs.row_metadata(len(tokens), golden.last_rows_in_bf16)
            dump.write_dump(path, sites, tokens, config_text, producer, rows)
            archive = files.DATA / f"{name}_bf16.tar.xz"
            files.pack(path, archive)
            entries[name] = {**facts, "dump_sha256": files.sha256(path),
                             "archive_sha256": files.sha256(archive)}
        print(f"{archive.name}: {archive.stat().st_size:,} bytes")
    manifest = {
        "what": "bf16 goldens recorded by tests/golden/make_bf16.py; README.md there explains them",
        "licence": configs.LICENCE,
        "producer_versions": versions(),
        "goldens": entries,
    }
    MANIFEST.write_text(json.dumps(manifest, indent=1) + "\n")


def check(include_large: bool) -> bool:
    """Regenerate and compare; print the shares of equal values; True if the goldens hold."""
    manifest = json.loads(MANIFEST.read_text())
    all_hold = True
    for name, golden in configs.GOLDENS.items():
        if not golden.in_bf16 or (golden.is_large and not include_large):
            continue
        _, committed = files.read_dump(files.unpack(files.DATA / f"{name}_bf16.tar.xz"))
        sites, _, facts = make(golden)
        again = equal_shares(sites, committed)
        columns = [again, facts.get(AS_IT_IS, again), facts.get(MENDED, again)]
        print(f"{name}: share of equal values\n  {'site':16} {'again':>9} {'Hugging Face':>13} "
              f"{'in official order':>18}")
        for kind in again:
            row = [f"{column[kind]:.5f}" for column in columns]
            print(f"  {kind:16} {row[0]:>9} {row[1]:>13} {row[2]:>18}")
        archive_is_listed = manifest["goldens"][name]["archive_sha256"] == files.sha256(
            files.DATA / f"{name}_bf16.tar.xz")
        problems = differences(sites, committed)
        print("".join(f"  {problem}\n" for problem in problems), end="")
        all_hold = (all_hold and archive_is_listed and list(sites) == list(committed)
                    and not problems)
    print("the committed bf16 goldens are what the official model computes" if all_hold
          else "DIFFERENT")
    return all_hold


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true")
    action.add_argument("--write", action="store_true")
    parser.add_argument("--all", action="store_true", help="with --check: block20b too")
    parser.add_argument("--trained", action="store_true",
                        help="with --write: only those of the shipped model, examples/nano/model")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if args.check:
        return 0 if check(args.all) else 1
    write(args.trained)
    return 0


if __name__ == "__main__":
    sys.exit(main())
