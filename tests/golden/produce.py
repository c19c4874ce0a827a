"""Make one golden: checkpoint, model, recorded sites, proofs, and the facts for the manifest."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"                              # everything needed is on this disk

import numpy as np
import torch
import transformers

import configs
import hf_model
import proofs
import weights
from files import sha256
from record import record

N_THREADS = 2


def last_digits(n_tokens: int) -> float:
    """The largest change, relative to a site's largest value, that float32 inside one step may
    cause: 2e-6 is 17 units in the last place of float32, a change in the seventh digit. A phase
    of that many radians is off by half its own last place, which is more for a long prompt."""
    return max(2e-6, float(np.spacing(np.float32(n_tokens))) / 2)


@dataclass
class Made:
    """A freshly made golden: the dump and what the manifest says about it."""

    sites: dict[str, np.ndarray]                                # float32, or int32 ids
    metadata: dict[str, str]
    facts: dict


def largest_effect(reference: dict, changed: dict, allowed: float) -> dict:
    """The site that moved most between two runs, relative to its largest finite value."""
    effects = {}
    for site, expected in reference.items():
        if expected.dtype == np.int32:
            proofs.require(f"{site}, changed in the last digits", changed[site].tolist(),
                           expected.tolist())
            continue
        finite = np.isfinite(expected)                          # hidden scores are -inf
        change = np.abs(changed[site][finite] - expected[finite]).max()
        effects[site] = float(change / np.abs(expected[finite]).max())
        if not effects[site] <= allowed:
            raise AssertionError(f"{site}: moved by {effects[site]}, over {allowed}")
    worst = max(effects, key=effects.get)
    return {"site": worst, "relative": float(f"{effects[worst]:.2e}")}


def smallest_router_gap(sites: dict, config: dict) -> float:
    """The smallest distance between neighbouring logits of ranks 0..top_k: how near a flip is."""
    top_k = config["num_experts_per_tok"]
    gaps = []
    for layer in range(config["num_hidden_layers"]):
        ranked = -np.sort(-sites[f"block.{layer}.mlp.router_logits"], axis=-1)  # (T, experts)
        gaps.append((ranked[:, :top_k] - ranked[:, 1 : top_k + 1]).min())
    return float(f"{min(gaps):.3e}")


def tokens_of(golden: configs.Golden) -> list[int]:
    """Of a trained model: what Hugging Face's tokenizer makes of the rendered conversation."""
    if golden.trained is None:
        return golden.tokens
    file = str(golden.trained / "tokenizer.json")
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=file)
    prompt = json.loads((configs.PROMPTS / f"{golden.name}.json").read_text())
    return tokenizer.encode(prompt["expected_text"], add_special_tokens=False)


def checkpoint_of(golden: configs.Golden, directory: Path) -> Path:
    """The weights: written into `directory`, unless they are trained and lie elsewhere."""
    if golden.trained is not None:
        return golden.trained / "model.safetensors"
    return weights.write_checkpoint(directory, golden.config, golden.seed)


def make(golden: configs.Golden, directory: Path) -> Made:
    """Write the checkpoint into `directory`, load it with transformers, record, prove, round."""
    torch.set_num_threads(N_THREADS)
    config, tokens = golden.config, tokens_of(golden)
    checkpoint = checkpoint_of(golden, directory)
    model = hf_model.load_model(checkpoint.parent)

    def run() -> dict[str, np.ndarray]:
        return {k: v.numpy() for k, v in record(model, config, tokens).items()}

    with hf_model.norm_in_float64():
        sites = run()
        with hf_model.rotary_in_float64():
            all_float64 = run()
    with_their_cast = run()

    if golden.name == "tiny":
        proofs.prove_tiny(all_float64)
    if golden.name == "block20b":
        proofs.prove_block20b(model, all_float64)

    facts = {
        "purpose": golden.purpose,
        "tokens": tokens,
        "token_rule": golden.token_rule,
        "seed": golden.seed,
        "config": config,
        "checkpoint_sha256": sha256(checkpoint),
        "inv_freq_bits": hf_model.rotary_bits(model),
        "rotary_table_sha256": hashlib.sha256(
            hf_model.rotary_table(model, len(tokens)).numpy().tobytes()).hexdigest(),
        "rotary_effect": largest_effect(sites, all_float64, last_digits(len(tokens))),
        "norm_effect": largest_effect(sites, with_their_cast, last_digits(len(tokens))),
        "smallest_router_gap": smallest_router_gap(sites, config),
    }
    if not golden.is_large:                                     # plain Python: 7 MB per second
        facts["checkpoint_fnv1a64"] = f"{weights.fnv1a64(checkpoint.read_bytes()):016x}"
    metadata = {
        "format": "gptoss-dump-1",
        "tokens": json.dumps(tokens, separators=(",", ":")),
        **configs.row_metadata(len(tokens), golden.last_rows),
        "config": (checkpoint.parent / "config.json").read_text(),
        "producer": f"transformers {transformers.__version__} float64 eager",
    }
    kept = {k: configs.kept_rows(k, v, golden.last_rows) for k, v in sites.items()}
    return Made({k: v if v.dtype == np.int32 else v.astype(np.float32) for k, v in kept.items()},
                metadata, facts)


def versions() -> dict[str, str]:
    return {
        "transformers": transformers.__version__,
        "torch": torch.__version__.split("+")[0],
        "numpy": np.__version__,
    }
