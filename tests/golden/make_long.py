#!/usr/bin/env python3
"""Make or check the long golden: the last 16 of 4,110 positions, past YaRN's original context.

    make_long.py --check      compute it again and compare with data/long.tar.xz (2 GB of memory)
    make_long.py --write      write data/long.tar.xz and data/manifest_long.json

Hugging Face in float64, as for the other goldens: their eager attention over all positions at once,
in a model small enough for that. Kept are rows 4094 to 4109 of every site but scores and weights;
the dump's metadata have all tokens, and the first row kept as `first_row`. A shorter run with an
offset in its positions would be no substitute: rotation shows only how far apart two tokens are.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

import configs
import files
import hf_model
import weights
import dump
import hugging_face

MANIFEST = files.DATA / "manifest_long.json"
N_KEPT = 16

# Another CPU's cos and sin, at angles up to 4,110 radians, relative to a site's largest value.
RTOL = 2e-5


def make() -> dict[str, np.ndarray]:
    golden = configs.LONG
    with tempfile.TemporaryDirectory() as folder, hf_model.norm_in_float64():
        weights.write_checkpoint(Path(folder), golden.config, golden.seed)
        model = hf_model.load_model(Path(folder))
        recorder = hugging_face.Recorder(model, without=dump.LARGE_SITES)
        recorded = recorder.record(golden.tokens)
    sites = dump.in_order(recorded, golden.config, len(golden.tokens), dump.LARGE_SITES)
    return {site: hugging_face.as_array(values[-N_KEPT:]) for site, values in sites.items()}


def write() -> None:
    golden, sites = configs.LONG, make()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.safetensors"
        dtypes = {"float32": "F32", "int32": "I32"}
        tensors = [(site, dtypes[x.dtype.name], x.shape) for site, x in sites.items()]
        metadata = {
            "format": dump.FORMAT,
            "tokens": json.dumps(golden.tokens, separators=(",", ":")),
            "first_row": str(len(golden.tokens) - N_KEPT),
            "config": weights.config_text(golden.config),
            "producer": f"transformers {hf_model.transformers.__version__} float64 eager",
        }
        dump.write_safetensors(path, metadata, tensors, sites.values())
        archive = files.DATA / "long.tar.xz"
        files.pack(path, archive)
        facts = {
            "what": "positions 4094 to 4109 of a run, made by tests/golden/make_long.py",
            "licence": "Apache-2.0, as this repository: computed from synthetic weights",
            "producer_versions": {"torch": torch.__version__.split("+")[0],
                                  "transformers": hf_model.transformers.__version__},
            "purpose": golden.purpose, "token_rule": golden.token_rule, "seed": golden.seed,
            "config": golden.config,
            "dump_sha256": files.sha256(path), "archive_sha256": files.sha256(archive),
        }
    MANIFEST.write_text(json.dumps(facts, indent=1) + "\n")
    print(f"{archive.name}: {len(sites)} sites, {archive.stat().st_size:,} bytes")


def check() -> bool:
    _, committed = files.read_dump(files.unpack(files.DATA / "long.tar.xz"))
    made, all_hold = make(), True
    if list(made) != list(committed):
        print(f"sites differ: {sorted(set(made) ^ set(committed)) or 'in order'}")
        return False
    for site, expected in committed.items():
        gap = np.abs(made[site].astype(np.float64) - expected).max()
        if not gap <= RTOL * np.abs(expected).max():
            print(f"{site}: off by {gap}")
            all_hold = False
    print("the long golden is what Hugging Face computes" if all_hold else "DIFFERENT")
    return all_hold


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(files.check_or_write(__doc__, check, write))
