#!/usr/bin/env python3
"""Make or check the goldens: every activation of Hugging Face's gpt-oss on known weights.

    make_golden.py --check                    regenerate all but those at 20b widths, compare with data/
    make_golden.py --check --all              these too (two minutes, 5 GB of memory)
    make_golden.py --write                    regenerate everything in data/
    make_golden.py --write --trained          only what the shipped model's weights go into
    make_golden.py --write-checkpoint DIR --config odd
                                              only the checkpoint; needs numpy alone
    make_golden.py --model DIR --prompt FILE --out run.safetensors
                                              for those who have the real weights: what Hugging
                                              Face's model computes on a text of yours

Each golden is made in this order: weights.py writes the checkpoint, hf_model.py loads it, record.py
runs it, proofs.py compares what is known beforehand, files.py packs. README.md says what the
archives hold.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import configs
import files
import proofs
import weights

MANIFEST = files.DATA / "manifest.json"

# Two float64 runs differ in their last digits (another BLAS, another CPU). After rounding to
# float32 that is one unit in the last place or, where terms cancel, this much of the largest value.
FLOAT64_NOISE = 1e-12

ROTARY_NOTE = (
    "transformers computes rotary phases, cos and sin in float32, in its float64 runs too, and the "
    "goldens keep that: phase = float32(position) * float32(inv_freq), then float32 cos and sin, "
    "times the concentration in float32. inv_freq_bits are the float32 bit patterns per pair. "
    "rotary_effect is the change at each golden's most affected site, relative to the site's "
    "largest value, when the whole rotary table is float64."
)
NORM_NOTE = (
    "GptOssRMSNorm casts to float32 inside; the goldens replace that one cast by float64. "
    "norm_effect is the change at the most affected site, relative to the site's largest value, "
    "when the cast is left in place."
)


# ---- writing data/ ---------------------------------------------------------------------------


def write_golden(golden: configs.Golden) -> dict:
    """Make a golden, pack it into data/, and return its entry for the manifest."""
    from produce import make

    with tempfile.TemporaryDirectory() as temporary:
        made = make(golden, Path(temporary) / "checkpoint")
        dump = Path(temporary) / f"{golden.name}.safetensors"
        dtypes = {np.dtype(np.float32): "F32", np.dtype(np.int32): "I32"}
        tensors = [(site, dtypes[x.dtype], x.shape) for site, x in made.sites.items()]
        files.write_safetensors(dump, made.metadata, tensors, made.sites.values())
        archive = files.DATA / f"{golden.name}.tar.xz"
        files.pack(dump, archive)
        return {**made.facts, "dump_sha256": files.sha256(dump),
                "archive_sha256": files.sha256(archive)}


def write_all(only_trained: bool) -> None:
    from produce import versions

    files.DATA.mkdir(exist_ok=True)
    proofs.prove_generator(configs.BLOCK20B.config)
    entries = json.loads(MANIFEST.read_text())["goldens"] if only_trained else {}
    for name, golden in configs.GOLDENS.items():
        if only_trained and golden.trained is None:
            continue
        start = time.monotonic()
        entries[name] = write_golden(golden)
        size = (files.DATA / f"{name}.tar.xz").stat().st_size
        print(f"{name:10} {size:>9,} bytes  {time.monotonic() - start:6.1f} s", flush=True)
    manifest = {
        "what": "goldens recorded by tests/golden/make_golden.py; README.md there explains them",
        "licence": configs.LICENCE,
        "producer_versions": versions(),
        "rotary_note": ROTARY_NOTE,
        "norm_note": NORM_NOTE,
        "goldens": entries,
    }
    MANIFEST.write_text(json.dumps(manifest, indent=1) + "\n")


# ---- checking data/ --------------------------------------------------------------------------


def count_differing(ours: np.ndarray, theirs: np.ndarray, noise: float) -> int:
    """Values that differ by over 1 float32 ulp and over `noise` times the site's largest value."""
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return theirs.size
    if ours.dtype == np.int32:
        return int((ours != theirs).sum())
    largest = np.abs(theirs[np.isfinite(theirs)]).max()
    with np.errstate(invalid="ignore"):                         # -inf - -inf: hidden in both
        gap = np.abs(ours.astype(np.float64) - theirs)
        allowed = np.fmax(np.spacing(np.abs(theirs)), noise * largest)
    return int((~((ours == theirs) | (gap <= allowed))).sum())


def differences(name: str, made_sites: dict, made_metadata: dict, noise: float) -> list[str]:
    """What differs between a fresh golden and the committed archive, one line each."""
    metadata, sites = files.read_dump(files.unpack(files.DATA / f"{name}.tar.xz"))
    problems = []
    for key in ("format", "tokens", "config"):
        if made_metadata[key] != metadata.get(key):
            problems.append(f"metadata: {key} is {metadata.get(key)}, made {made_metadata[key]}")
    if list(sites) != list(made_sites):
        return [*problems, f"sites differ: {sorted(set(sites) ^ set(made_sites)) or 'in order'}"]
    for site, theirs in sites.items():
        n = count_differing(made_sites[site], theirs, noise)
        if n:
            problems.append(f"{site}: {n} of {theirs.size} values differ")
    return problems


def check_golden(golden: configs.Golden, entry: dict) -> tuple[list[str], str]:
    """Regenerate one golden; return what differs and the table's row for it."""
    from produce import last_digits, make

    start = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        made = make(golden, Path(temporary))
    problems = []
    for key in ("seed", "tokens", "config", "checkpoint_sha256", "checkpoint_fnv1a64"):
        if made.facts.get(key) != entry.get(key):
            problems.append(f"manifest: {key} is {entry.get(key)}, made {made.facts.get(key)}")

    result, noise = "equal", FLOAT64_NOISE
    if made.facts["rotary_table_sha256"] != entry["rotary_table_sha256"]:
        # This CPU rounds float32 cos and sin otherwise; nobody's float64 can undo that.
        noise = last_digits(len(made.facts["tokens"]))
        result = f"equal to {noise:.1g} (other float32 cos and sin)"
    problems += differences(golden.name, made.sites, made.metadata, noise)

    n_values = sum(x.size for x in made.sites.values())
    if problems:
        result = f"{len(problems)} problems"
    seconds = time.monotonic() - start
    return problems, f"{golden.name:10} {len(made.sites):6} {n_values:10,} {seconds:8.1f}  {result}"


def check(include_large: bool) -> bool:
    """Regenerate and compare; print a table; True if nothing differs."""
    from produce import versions

    manifest = json.loads(MANIFEST.read_text())
    n_known = proofs.prove_generator(configs.BLOCK20B.config)
    print(f"weight generator: {n_known} known values met")
    if versions() != manifest["producer_versions"]:
        print(f"note: recorded with {manifest['producer_versions']}, checking with {versions()}")

    print(f"{'golden':10} {'sites':>6} {'values':>10} {'seconds':>8}  result")
    all_equal = True
    for name, golden in configs.GOLDENS.items():
        entry = manifest["goldens"][name]
        problems = []
        row = f"{name:10} {'-':>6} {'-':>10} {'-':>8}  not regenerated without --all"
        if include_large or not golden.is_large:
            problems, row = check_golden(golden, entry)
        if files.sha256(files.DATA / f"{name}.tar.xz") != entry["archive_sha256"]:
            problems.append(f"manifest: archive_sha256 is not that of {name}.tar.xz")
        print(row, flush=True)
        for problem in problems:
            print(f"    {problem[:300]}")
        all_equal = all_equal and not problems
    print("the committed goldens are what Hugging Face computes" if all_equal else "DIFFERENT")
    return all_equal


# ---- a model of yours ------------------------------------------------------------------------


def prompt_ids(directory: Path, prompt: Path) -> list[int]:
    """The tokens of a text file by the model's own tokenizer; nothing is added to the text."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    return tokenizer(prompt.read_text(), add_special_tokens=False)["input_ids"]


def record_model(args: argparse.Namespace) -> None:
    """Hugging Face's model on the prompt, without the two large sites."""
    import torch

    import dump
    import hf_model  # noqa: F401  (keeps transformers quiet)
    import hugging_face

    directory: Path = args.model
    tokens = dump.ids_from(args.ids) if args.ids else prompt_ids(directory, args.prompt)
    config_text = (directory / "config.json").read_text()
    model = hugging_face.load_model(directory, getattr(torch, args.dtype))
    recorder = hugging_face.Recorder(model, without=dump.LARGE_SITES)
    sites = dump.in_order(recorder.record(tokens), json.loads(config_text), len(tokens),
                          dump.LARGE_SITES)
    arrays = {site: hugging_face.as_array(values) for site, values in sites.items()}
    dump.write_dump(args.out, arrays, tokens, config_text, f"transformers {args.dtype} eager")
    print(f"{args.out}: {len(arrays)} sites, {len(tokens)} tokens")


# ---- command line ----------------------------------------------------------------------------


def read_config(name_or_path: str) -> dict:
    if name_or_path in configs.GOLDENS:
        return configs.GOLDENS[name_or_path].config
    return json.loads(Path(name_or_path).read_text())


def parse_arguments() -> argparse.Namespace:
    names = ", ".join(configs.GOLDENS)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true",
                        help="regenerate, compare with data/, exit 1 on any difference")
    action.add_argument("--write", action="store_true",
                        help="regenerate all archives and the manifest in data/")
    action.add_argument("--write-checkpoint", metavar="DIR", type=Path,
                        help="write config.json and model.safetensors of --config into DIR")
    action.add_argument("--model", metavar="DIR", type=Path,
                        help="record this model, in Hugging Face's layout, on --prompt or --ids")
    parser.add_argument("--prompt", metavar="FILE", type=Path, help="with --model: a text")
    parser.add_argument("--ids", metavar="1,2,3", help="with --model: token ids instead")
    parser.add_argument("--out", metavar="FILE", type=Path, default=Path("golden.safetensors"),
                        help="with --model: the dump to write (default: golden.safetensors)")
    parser.add_argument("--dtype", choices=("bfloat16", "float32", "float64"), default="bfloat16",
                        help="with --model: of the arithmetic. 20b takes 42, 84 or 167 GB")
    parser.add_argument("--all", action="store_true", help="with --check: the large golden too")
    parser.add_argument("--trained", action="store_true",
                        help="with --write: only those of the shipped model, examples/nano/model")
    parser.add_argument("--config", default="tiny", metavar="NAME|FILE",
                        help=f"{names}, or a Hugging Face config.json (default: tiny)")
    parser.add_argument("--layout", choices=("hf", "openai"), default="hf",
                        help="of --write-checkpoint (default: hf)")
    parser.add_argument("--seed", type=int, default=1, help="of the weights (default: 1)")
    parser.add_argument("--with-safetensors-package", action="store_true",
                        help="with --write-checkpoint: let Python's safetensors package write the"
                             " file (needs torch)")
    args = parser.parse_args()
    if args.model is not None and (args.prompt is None) == (args.ids is None):
        parser.error("--model needs --prompt FILE or --ids 1,2,3")
    return args


def main() -> int:
    args = parse_arguments()
    if args.write_checkpoint is not None:
        target, config = args.write_checkpoint, read_config(args.config)
        if args.with_safetensors_package:
            print(weights.write_with_safetensors_package(target, config, args.seed))
        else:
            print(weights.write_checkpoint(target, config, args.seed, args.layout))
        return 0
    try:
        import produce  # noqa: F401
    except ImportError as error:
        print(f"make_golden.py: {error}: pip install -r tests/golden/requirements.txt",
              file=sys.stderr)
        return 1
    if args.model is not None:
        record_model(args)
        return 0
    if args.check:
        return 0 if check(args.all) else 1
    write_all(args.trained)
    return 0


if __name__ == "__main__":
    sys.exit(main())
