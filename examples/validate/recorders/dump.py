"""A dump: the names of the activation sites, their shapes, and the file that holds them.

Needs numpy alone. docs/sites.md says what each site is, docs/dump.md what the file holds.
"""

import argparse
import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

FORMAT = "gptoss-dump-1"
BYTES_PER_ELEMENT = {"BF16": 2, "U8": 1, "F32": 4, "I32": 4}

# Their size grows with the square of the prompt.
LARGE_SITES = ("attn.scores", "attn.weights")

LAYER_SITES = [
    "attn.norm", "attn.q", "attn.k", "attn.v", "attn.q_rope", "attn.k_rope", "attn.scores",
    "attn.weights", "attn.sink_share", "attn.mix", "attn.out", "attn.residual",
    "mlp.norm", "mlp.router_logits", "mlp.expert_ids", "mlp.expert_weights", "mlp.gate_up",
    "mlp.swiglu", "mlp.expert_out", "mlp.out", "mlp.residual",
]


# ---- names and shapes ------------------------------------------------------------------------


def site_shapes(config: dict, n_tokens: int) -> dict[str, tuple[int, ...]]:
    """Every site of a run over n_tokens tokens from position 0, in the forward pass's order.

    config is the content of a config.json in Hugging Face's layout or in OpenAI's.
    """
    hidden = config["hidden_size"]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    head_dim, inter = config["head_dim"], config["intermediate_size"]
    experts = config.get("num_local_experts", config.get("num_experts"))
    top_k = config.get("num_experts_per_tok", config.get("experts_per_token"))
    last = {                                                    # extents after T
        "attn.q": (heads * head_dim,), "attn.q_rope": (heads * head_dim,),
        "attn.k": (kv_heads * head_dim,), "attn.k_rope": (kv_heads * head_dim,),
        "attn.v": (kv_heads * head_dim,), "attn.sink_share": (heads,),
        "attn.mix": (heads * head_dim,), "mlp.router_logits": (experts,),
        "mlp.expert_ids": (top_k,), "mlp.expert_weights": (top_k,),
        "mlp.gate_up": (top_k, 2 * inter), "mlp.swiglu": (top_k, inter),
        "mlp.expert_out": (top_k, hidden),
    }
    shapes: dict[str, tuple[int, ...]] = {"embedding": (n_tokens, hidden)}
    for layer in range(config["num_hidden_layers"]):
        for site in LAYER_SITES:
            shape = (n_tokens, *last.get(site, (hidden,)))
            if site in ("attn.scores", "attn.weights"):
                shape = (heads, n_tokens, n_tokens)
            shapes[f"block.{layer}.{site}"] = shape
    shapes["final_norm"] = (n_tokens, hidden)
    shapes["logits"] = (n_tokens, config["vocab_size"])
    return shapes


def in_order(sites: dict, config: dict, n_tokens: int, without: tuple[str, ...] = ()) -> dict:
    """The recorded sites in the forward pass's order; stops if one is missing or misshapen."""
    shapes = site_shapes(config, n_tokens)
    shapes = {site: shape for site, shape in shapes.items() if not site.endswith(without)}
    if set(sites) != set(shapes):
        raise AssertionError(f"sites missing or unknown: {sorted(set(sites) ^ set(shapes))}")
    for site, shape in shapes.items():
        if tuple(sites[site].shape) != shape:
            raise AssertionError(f"{site}: is {tuple(sites[site].shape)}, expected {shape}")
    return {site: sites[site] for site in shapes}


# ---- the file --------------------------------------------------------------------------------


def write_safetensors(
    path: Path,
    metadata: dict[str, str],
    tensors: list[tuple[str, str, tuple[int, ...]]],
    data: Iterable[np.ndarray],
) -> None:
    """Write u64 header length, compact JSON padded to 8 bytes with spaces, then `data` in order.

    tensors: (name, dtype, shape) in file order; data: their elements, in pieces of any size.
    """
    header: dict = {"__metadata__": metadata}
    end = 0
    for name, dtype, shape in tensors:
        begin, end = end, end + math.prod(shape) * BYTES_PER_ELEMENT[dtype]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)                             # so that 8 + N is a multiple of 8
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for piece in data:
            file.write(np.ascontiguousarray(piece).tobytes())
        assert file.tell() == 8 + len(text) + end, f"{path}: data do not fill the header's ranges"


def write_dump(
    path: Path, sites: dict[str, np.ndarray], tokens: list[int], config_text: str, producer: str,
    more_metadata: dict[str, str] = {}
) -> None:
    """Write recorded sites as float32, expert ids as int32; widening bf16 to float32 is exact."""
    arrays = {}
    for site, values in sites.items():
        arrays[site] = values.astype("<i4" if site.endswith("expert_ids") else "<f4")
    metadata = {
        "format": FORMAT,
        "tokens": json.dumps(tokens, separators=(",", ":")),
        "config": config_text,
        "producer": producer,
        **more_metadata,
    }
    dtypes = {"f": "F32", "i": "I32"}
    tensors = [(site, dtypes[x.dtype.kind], x.shape) for site, x in arrays.items()]
    write_safetensors(path, metadata, tensors, arrays.values())


# ---- what every recorder's command line has --------------------------------------------------


def argument_parser(description: str) -> argparse.ArgumentParser:
    """--model, --ids, --out and --without-scores."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", metavar="DIR", type=Path, required=True,
                        help="the folder with config.json and *.safetensors")
    parser.add_argument("--ids", metavar="1,2,3", required=True,
                        help="token ids, as `gptoss tokenize encode TEXT` prints them")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True,
                        help="the dump to write, such as run.safetensors")
    parser.add_argument("--without-scores", dest="without", action="store_const", default=(),
                        const=LARGE_SITES, help="leave out attn.scores and attn.weights, whose "
                        "size grows with the square of the prompt")
    return parser


def ids_from(text: str) -> list[int]:
    return [int(word) for word in text.replace(",", " ").split()]
