#!/usr/bin/env python3
"""Make or check the op vectors: inputs and output of each op alone, for ports that start with one.

    make_ops.py --check      compute them again and compare with data/ops.tar.xz
    make_ops.py --write      write data/ops.tar.xz and data/manifest_ops.json

Every op is Hugging Face's module or function, run in float64 on the weights of `odd` (block 0, and
block 1 where attention is full). Inputs come from the weight generator's byte stream, so they are
exact in bf16 and in float32; weights stand in the file too, as a checkpoint has them.
docs/goldens.md lists the names.
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
from dump import write_safetensors
from hugging_face import hf
from produce import last_digits

MANIFEST = files.DATA / "manifest_ops.json"
GOLDEN = configs.ODD
CONFIG = GOLDEN.config
N_TOKENS = 9                                                    # crosses the window of 5
POSITIONS = [0, 1, 2, 3, 4, 5, 6, 7, 4100]                      # of rope alone

Vectors = dict[str, np.ndarray]


def generated(name: str, *shape: int, exponent: int = 0) -> torch.Tensor:
    """Odd multiples of 2^(exponent - 8) below 2^exponent in size, from the stream of `name`."""
    b = weights.stream_bytes(weights.stream_key(1, f"ops.{name}"), 0, int(np.prod(shape)))
    return torch.from_numpy(weights.uniform(b, exponent).astype(np.float64)).reshape(shape)


def bf16_bits(x: torch.Tensor) -> np.ndarray:
    return weights.to_bf16(x.to(torch.float32).numpy())


def norm_vectors(model: hf.GptOssForCausalLM) -> Vectors:
    module, x = model.model.layers[0].input_layernorm, generated("rmsnorm", 3, 96, exponent=2)
    return {"rmsnorm.x": x, "rmsnorm.gain": module.weight, "rmsnorm.y": module(x)}


def linear_vectors(model: hf.GptOssForCausalLM) -> Vectors:
    module, x = model.model.layers[0].self_attn.k_proj, generated("linear", 3, 96)
    return {"linear.x": x, "linear.w": bf16_bits(module.weight), "linear.bias": module.bias,
            "linear.y": module(x)}


def embedding_vectors(model: hf.GptOssForCausalLM) -> Vectors:
    ids, rows = torch.tensor([0, 299, 7]), generated("unembed", 2, 96)
    return {"embed.ids": ids.int(), "embed.table": bf16_bits(model.model.embed_tokens.weight),
            "embed.y": model.model.embed_tokens(ids), "unembed.x": rows,
            "unembed.w": bf16_bits(model.lm_head.weight), "unembed.logits": model.lm_head(rows)}


def rope_vectors(model: hf.GptOssForCausalLM) -> Vectors:
    """Six heads of 32; the table is their float32 one, cos and sin beside each other."""
    x = generated("rope", len(POSITIONS), 6, 32)
    positions = torch.tensor([POSITIONS])
    cos, sin = model.model.rotary_emb(torch.empty(0, dtype=torch.float32), positions)
    by_head = x.transpose(0, 1)[None]                           # (1, heads, T, head_dim)
    y, _ = hf.apply_rotary_pos_emb(by_head, by_head, cos.double(), sin.double())
    return {"rope.positions": positions[0].int(), "rope.x": x.flatten(1),
            "rope.table": torch.cat([cos[0], sin[0]], -1),
            "rope.y": y[0].transpose(0, 1).flatten(1)}


def attend_vectors(model: hf.GptOssForCausalLM, layer: int, name: str) -> Vectors:
    """Six query heads and two kv heads of 32; window 5 in layer 0, none in layer 1."""
    module = model.model.layers[layer].self_attn
    q, k, v = (generated(f"{name}.{part}", N_TOKENS, heads, 32, exponent=1)
               for part, heads in (("q", 6), ("keys", 2), ("values", 2)))
    age = torch.arange(N_TOKENS)[:, None] - torch.arange(N_TOKENS)[None]
    window = CONFIG["sliding_window"] if layer == 0 else 0
    hidden = (age < 0) | ((age >= window) if window else False)
    mask = torch.zeros(age.shape, dtype=torch.float64).masked_fill(hidden, -torch.inf)
    mix, shares = hf.eager_attention_forward(
        module, *(part.transpose(0, 1)[None] for part in (q, k, v)), mask[None, None],
        scaling=module.scaling)
    return {f"{name}.q": q.flatten(1), f"{name}.keys": k.flatten(1), f"{name}.values": v.flatten(1),
            f"{name}.sinks": module.sinks, f"{name}.window": torch.tensor([window]).int(),
            f"{name}.weights": shares[0], f"{name}.sink_share": (1 - shares[0].sum(-1)).T,
            f"{name}.mix": mix[0].flatten(1)}


def route_vectors(model: hf.GptOssForCausalLM) -> Vectors:
    """Softmax over the chosen three of six; the second token's logits are far apart."""
    logits = generated("route", 4, 6, exponent=2)
    logits[1] *= 8
    values, ids = logits.topk(3, dim=-1)
    return {"route.logits": logits, "route.ids": ids.int(), "route.weights": values.softmax(-1)}


def expert_vectors(model: hf.GptOssForCausalLM, tensors: dict[str, np.ndarray]) -> Vectors:
    """Three tokens, three of six experts each; both matrices, SwiGLU and the weighted sum."""
    experts = model.model.layers[0].mlp.experts
    x, shares = generated("experts", 3, 96, exponent=1), generated("shares", 3, 3).abs()
    ids = torch.tensor([[5, 0, 2], [0, 1, 2], [3, 5, 4]])
    gate_up = torch.einsum("ti,tjio->tjo", x, experts.gate_up_proj[ids])
    gate_up = gate_up + experts.gate_up_proj_bias[ids]
    h = generated("swiglu", 4, 128, exponent=4)                 # up to 16: both clamps act
    inner = generated("down", 9, 64, exponent=2)
    down = torch.einsum("tjc,tjci->tji", inner.reshape(3, 3, 64), experts.down_proj[ids])
    down = down + experts.down_proj_bias[ids]
    theirs = experts(x, ids, shares)
    out = torch.einsum("tjc,tjci->tji", experts._apply_gate(gate_up), experts.down_proj[ids])
    out = ((out + experts.down_proj_bias[ids]) * shares[..., None]).sum(1)
    assert (out - theirs).abs().max() < 1e-12, "the steps do not add up to their module"
    vectors = {"gate_up.x": x, "gate_up.ids": ids.int(), "gate_up.y": gate_up.flatten(0, 1),
               "gate_up.bias": experts.gate_up_proj_bias, "swiglu.h": h,
               "swiglu.y": experts._apply_gate(h), "down.x": inner, "down.ids": ids.int(),
               "down.y": down.flatten(0, 1), "down.bias": experts.down_proj_bias,
               "combine.expert_out": down.flatten(0, 1).float(), "combine.weights": shares,
               "combine.out": (down.float().double() * shares[..., None]).sum(1)}
    for part in ("gate_up", "down"):
        for kind in ("blocks", "scales"):
            name = f"model.layers.0.mlp.experts.{part}_proj_{kind}"
            vectors[f"{part}.{kind}"] = tensors[name]
    return vectors


def packed_tensors() -> dict[str, np.ndarray]:
    """The MXFP4 bytes of block 0 as the checkpoint has them."""
    packed = {}
    for tensor in weights.layer_tensors(0, CONFIG):
        if tensor.dtype == "U8":
            elements = np.concatenate(list(tensor.chunks(CONFIG, GOLDEN.seed)))
            packed[tensor.name] = elements.reshape(tensor.shape)
    return packed


def make() -> Vectors:
    """Every vector, rounded once to what the file holds."""
    with tempfile.TemporaryDirectory() as folder, torch.no_grad(), hf_model.norm_in_float64():
        weights.write_checkpoint(Path(folder), CONFIG, GOLDEN.seed)
        model = hf_model.load_model(Path(folder))
        vectors = {
            **embedding_vectors(model), **norm_vectors(model), **linear_vectors(model),
            **rope_vectors(model), **attend_vectors(model, 0, "attend_sliding"),
            **attend_vectors(model, 1, "attend_full"), **route_vectors(model),
            **expert_vectors(model, packed_tensors()),
        }
    return {name: as_stored(value) for name, value in vectors.items()}


def as_stored(value: torch.Tensor | np.ndarray) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value                                            # bf16 bits, or bytes
    return value.numpy().astype("<f4" if value.is_floating_point() else "<i4")


DTYPES = {"float32": "F32", "int32": "I32", "uint16": "BF16", "uint8": "U8"}


def write() -> None:
    vectors = make()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ops.safetensors"
        tensors = [(name, DTYPES[x.dtype.name], x.shape) for name, x in vectors.items()]
        write_safetensors(path, {"format": "gptoss-ops-1"}, tensors, vectors.values())
        archive = files.DATA / "ops.tar.xz"
        files.pack(path, archive)
        facts = {
            "what": "inputs and outputs of single ops, made by tests/golden/make_ops.py",
            "licence": "Apache-2.0, as this repository: computed from synthetic weights",
            "producer_versions": {"torch": torch.__version__.split("+")[0],
                                  "transformers": hf_model.transformers.__version__},
            "dump_sha256": files.sha256(path), "archive_sha256": files.sha256(archive),
        }
    MANIFEST.write_text(json.dumps(facts, indent=1) + "\n")
    print(f"{archive.name}: {len(vectors)} arrays, {archive.stat().st_size:,} bytes")


def check() -> bool:
    _, committed = files.read_dump(files.unpack(files.DATA / "ops.tar.xz"))
    made, all_hold = make(), True
    for name in committed.keys() | made.keys():
        same = name in committed and name in made and made[name].shape == committed[name].shape
        if same and made[name].dtype.kind == "f":
            largest = np.abs(committed[name]).max()
            n_tokens = max(POSITIONS) + 1 if name.startswith("rope.") else N_TOKENS
            allowed = last_digits(n_tokens) * largest              # another CPU's cos and sin
            same = np.abs(made[name] - committed[name]).max() <= allowed
        elif same:
            same = np.array_equal(made[name], committed[name])
        if not same:
            print(f"{name}: differs")
        all_hold = all_hold and same
    print("the committed op vectors are what Hugging Face computes" if all_hold else "DIFFERENT")
    return all_hold


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(files.check_or_write(__doc__, check, write))
