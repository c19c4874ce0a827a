#!/usr/bin/env python3
"""gpt-oss in plain numpy: one forward pass over a few tokens, and every activation of it in a file.

    numpy_port.py --model DIR --ids 1,2,3 --out run.npz

A port as anybody might write one, in float32, without a cache and without speed. It shares nothing
with the C++ headers: it reads config.json and *.safetensors in Hugging Face's layout itself. What
makes it comparable is `keep`: each activation is put down under its name in docs/sites.md.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np

FP4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32)
RUN: dict[str, np.ndarray] = {}                                 # site name -> values


def keep(site: str, values: np.ndarray) -> np.ndarray:
    """Put an activation down, (T, ...) flattened to what docs/sites.md says, and hand it on."""
    RUN[site] = values
    return values


# ---- the checkpoint --------------------------------------------------------------------------


def read_tensors(folder: Path) -> dict[str, np.ndarray]:
    """Every tensor of every shard: bf16 widened to float32, bytes as they are."""
    tensors = {}
    for shard in sorted(folder.glob("*.safetensors")):
        raw = np.memmap(shard, np.uint8, mode="r")
        start = 8 + int(raw[:8].view("<u8")[0])
        header = json.loads(bytes(raw[8:start]))
        header.pop("__metadata__", None)
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            data = np.array(raw[start + begin : start + end])   # a copy, so that it is aligned
            if entry["dtype"] == "BF16":
                data = (data.view("<u2").astype(np.uint32) << 16).view(np.float32)
            tensors[name] = data.reshape(entry["shape"])
    return tensors


def unpack_mxfp4(blocks: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """(out, in / 32, 16) bytes and (out, in / 32) exponents -> (out, in): low nibble first."""
    codes = np.stack([blocks & 15, blocks >> 4], axis=-1)       # (out, in / 32, 16, 2)
    values = FP4[codes].reshape(*scales.shape, 32)
    return np.ldexp(values, scales.astype(np.int32)[..., None] - 127).reshape(len(scales), -1)


# ---- the pieces ------------------------------------------------------------------------------


def rmsnorm(x: np.ndarray, gain: np.ndarray, eps: float) -> np.ndarray:
    mean_square = np.mean(x * x, axis=-1, keepdims=True)
    return x / np.sqrt(mean_square + np.float32(eps)) * gain


def rope_table(config: dict, n_tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin, (T, 1, head_dim / 2), times YaRN's concentration."""
    yarn = config.get("rope_scaling") or config["rope_parameters"]
    base = float(config.get("rope_theta", yarn.get("rope_theta")))
    context, half = yarn["original_max_position_embeddings"], config["head_dim"] // 2
    pair = np.arange(half)

    def pair_with_turns(turns: float) -> float:                 # a real number: it is not rounded
        return half * math.log(context / (turns * 2 * math.pi)) / math.log(base)

    low, high = pair_with_turns(yarn["beta_fast"]), pair_with_turns(yarn["beta_slow"])
    slowed = np.clip((pair - low) / (high - low), 0, 1)
    frequency = base ** (-pair / half)
    frequency = frequency * (1 - slowed) + frequency / yarn["factor"] * slowed
    angle = np.arange(n_tokens, dtype=np.float32)[:, None] * frequency.astype(np.float32)
    concentration = np.float32(0.1 * math.log(yarn["factor"]) + 1)
    return np.cos(angle)[:, None] * concentration, np.sin(angle)[:, None] * concentration


def rotate(x: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
    """x (T, heads, head_dim): pairs are (d, d + half)."""
    first, second = np.split(x, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def swiglu(h: np.ndarray, limit: float) -> np.ndarray:
    """gate and up alternate; the gate is clamped from above only."""
    gate = np.minimum(h[..., 0::2], np.float32(limit))
    up = np.clip(h[..., 1::2], np.float32(-limit), np.float32(limit))
    sigmoid = 1 / (1 + np.exp(np.float32(-1.702) * gate))
    return gate * sigmoid * (up + 1)


# ---- a layer ---------------------------------------------------------------------------------


def attention(
    x: np.ndarray, w: dict, name: str, config: dict, slides: bool, rope: tuple
) -> np.ndarray:
    n_tokens, head_dim = len(x), config["head_dim"]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    eps = config["rms_norm_eps"]
    t = keep(f"{name}.norm", rmsnorm(x, w["input_layernorm.weight"], eps))

    def project(part: str, x: np.ndarray) -> np.ndarray:
        return x @ w[f"self_attn.{part}_proj.weight"].T + w[f"self_attn.{part}_proj.bias"]

    q, k, v = (keep(f"{name}.{part}", project(part, t)) for part in "qkv")
    q = rotate(q.reshape(n_tokens, heads, head_dim), *rope)
    k = rotate(k.reshape(n_tokens, kv_heads, head_dim), *rope)
    v = v.reshape(n_tokens, kv_heads, head_dim)
    keep(f"{name}.q_rope", q.reshape(n_tokens, -1))
    keep(f"{name}.k_rope", k.reshape(n_tokens, -1))

    k, v = (np.repeat(part, heads // kv_heads, axis=1) for part in (k, v))  # consecutive groups
    scores = np.einsum("thd,shd->hts", q, k) / np.float32(math.sqrt(head_dim))
    position = np.arange(n_tokens)
    age = position[:, None] - position[None, :]                 # (T, S): how far back a key is
    hidden = age < 0
    if slides:
        hidden |= age >= config["sliding_window"]
    scores = keep(f"{name}.scores", np.where(hidden, np.float32(-np.inf), scores))

    sinks = np.broadcast_to(w["self_attn.sinks"][:, None, None], (heads, n_tokens, 1))
    shares = softmax(np.concatenate([scores, sinks], axis=-1))
    weights = keep(f"{name}.weights", shares[..., :-1])
    keep(f"{name}.sink_share", shares[..., -1].T)
    mix = keep(f"{name}.mix", np.einsum("hts,shd->thd", weights, v).reshape(n_tokens, -1))
    return keep(f"{name}.residual", x + keep(f"{name}.out", project("o", mix)))


def experts(x: np.ndarray, w: dict, name: str, config: dict) -> np.ndarray:
    eps, limit = config["rms_norm_eps"], config["swiglu_limit"]
    t = keep(f"{name}.norm", rmsnorm(x, w["post_attention_layernorm.weight"], eps))
    logits = keep(f"{name}.router_logits", t @ w["mlp.router.weight"].T + w["mlp.router.bias"])
    ids = np.argsort(-logits, axis=-1, kind="stable")[:, : config["num_experts_per_tok"]]
    keep(f"{name}.expert_ids", ids.astype(np.int32))
    shares = keep(f"{name}.expert_weights", softmax(np.take_along_axis(logits, ids, axis=-1)))

    def linear_of(e: int, part: str, x: np.ndarray) -> np.ndarray:
        own = f"mlp.experts.{part}_proj"
        matrix = unpack_mxfp4(w[f"{own}_blocks"][e], w[f"{own}_scales"][e])  # (out, in)
        return x @ matrix.T + w[f"{own}_bias"][e]

    gate_up = np.empty((*ids.shape, 2 * config["intermediate_size"]), np.float32)
    expert_out = np.empty((*ids.shape, config["hidden_size"]), np.float32)
    for e in np.unique(ids):
        at = np.nonzero(ids == e)                               # tokens and ranks that chose it
        gate_up[at] = linear_of(e, "gate_up", t[at[0]])
        expert_out[at] = linear_of(e, "down", swiglu(gate_up[at], limit))
    keep(f"{name}.gate_up", gate_up)
    keep(f"{name}.swiglu", swiglu(gate_up, limit))
    keep(f"{name}.expert_out", expert_out)
    out = keep(f"{name}.out", (shares[..., None] * expert_out).sum(axis=1))
    return keep(f"{name}.residual", x + out)


# ---- the whole -------------------------------------------------------------------------------


def forward(config: dict, w: dict[str, np.ndarray], tokens: list[int]) -> np.ndarray:
    x = keep("embedding", w["model.embed_tokens.weight"][tokens])
    rope = rope_table(config, len(tokens))
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        own = {key[len(prefix) :]: value for key, value in w.items() if key.startswith(prefix)}
        slides = config["layer_types"][layer] == "sliding_attention"
        x = attention(x, own, f"block.{layer}.attn", config, slides, rope)
        x = experts(x, own, f"block.{layer}.mlp", config)
    x = keep("final_norm", rmsnorm(x, w["model.norm.weight"], config["rms_norm_eps"]))
    return keep("logits", x @ w["lm_head.weight"].T)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", metavar="DIR", type=Path, required=True)
    parser.add_argument("--ids", metavar="1,2,3", required=True)
    parser.add_argument("--out", metavar="FILE.npz", required=True)
    args = parser.parse_args()
    config = json.loads((args.model / "config.json").read_text())
    tokens = [int(word) for word in args.ids.split(",")]
    logits = forward(config, read_tensors(args.model), tokens)
    np.savez(args.out, tokens=np.array(tokens, np.int32), **RUN)  # stored, not deflated
    print(f"{args.out}: {len(RUN)} sites; the likeliest next token is {logits[-1].argmax()}")


if __name__ == "__main__":
    main()
