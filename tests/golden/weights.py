"""Deterministic weights for any gpt-oss config, and their Hugging Face checkpoint, with numpy.

Every weight is a pure function of (seed, tensor name, index), exact in bf16. All integer arithmetic
is modulo 2^64:

    mix(z):          z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
                     z = (z ^ (z >> 27)) * 0x94D049BB133111EB
                     return z ^ (z >> 31)
    fnv(s):          h = 0xCBF29CE484222325; for each byte: h = (h ^ byte) * 0x100000001B3
    key(seed, name): mix( fnv(name) ^ mix(seed + GOLDEN) )          GOLDEN = 0x9E3779B97F4A7C15
    word(key, w):    mix( key + (w + 1) * GOLDEN )
    byte(key, i):    byte i & 7 (least significant first) of word(key, i >> 3)

`name` is the tensor's name in OpenAI's layout and i the flat row-major index there; Hugging Face's
layout is the same model renamed, with qkv split in three. Hence no golden needs stored weights, and
the C++ `synth` command has to produce the same file byte for byte.

Source: mix is the finalizer of splitmix64 (Steele, Lea and Flood 2014, Fast Splittable Pseudorandom
Number Generators); fnv is FNV-1a, 64 bits (Fowler, Noll and Vo).
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from configs import openai_config
from files import write_safetensors

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
FNV_START = 0xCBF29CE484222325
CHUNK = 1 << 22                                                 # elements generated at a time


# ---- the byte stream -------------------------------------------------------------------------


def mix(z: int) -> int:
    """Finalizer of splitmix64: a bijection of 64-bit words in which every input bit matters."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def fnv1a64(data: bytes, h: int = FNV_START) -> int:
    """FNV-1a over bytes; pass the last result as `h` to continue."""
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def stream_key(seed: int, name: str) -> int:
    return mix(fnv1a64(name.encode()) ^ mix((seed + GOLDEN) & MASK))


def stream_words(key: int, begin: int, end: int) -> np.ndarray:
    """Words [begin, end) of a stream, uint64: `mix` written once more, over a whole array."""
    index = np.arange(begin + 1, end + 1, dtype=np.uint64)
    z = np.uint64(key) + index * np.uint64(GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def stream_bytes(key: int, begin: int, end: int) -> np.ndarray:
    """Bytes [begin, end) of a stream, uint8."""
    first_word = begin // 8
    words = stream_words(key, first_word, (end + 7) // 8).astype("<u8")
    return words.view(np.uint8)[begin - 8 * first_word : end - 8 * first_word]


# ---- from bytes to weights -------------------------------------------------------------------


def half_log2(n: int) -> int:
    """f(n) = floor(log2(n) / 2): about log2 of sqrt(n), the growth of a sum of n random terms."""
    return (n.bit_length() - 1) // 2


def uniform(b: np.ndarray, exponent: int) -> np.ndarray:
    """(2 S + 1) * 2^(exponent - 8), S the signed byte: 8 significant bits, never zero."""
    odd = 2 * b.view(np.int8).astype(np.float32) + 1
    return odd * np.float32(2.0 ** (exponent - 8))


def norm_gain(b: np.ndarray) -> np.ndarray:
    """1 + ((B >> 2) - 32) / 128, in [0.75, 1.2421875]."""
    return 1 + ((b >> 2).astype(np.float32) - 32) / 128


def to_bf16(x: np.ndarray) -> np.ndarray:
    """The upper halves of float32 bit patterns, uint16; the lower halves must be zero already."""
    bits = x.astype("<f4").view("<u4")
    assert not np.any(bits & 0xFFFF), "a generated weight is not exact in bf16"
    return (bits >> 16).astype("<u2")


def uniform_exponent(kind: str, config: dict) -> int:
    """The exponent p of `uniform` for an OpenAI tensor name without its 'block.n.'."""
    fan_in_hidden = half_log2(config["hidden_size"])
    fan_in_heads = half_log2(config["num_attention_heads"] * config["head_dim"])
    return {
        "embedding.weight": 0,
        "unembedding.weight": -fan_in_hidden,
        "attn.qkv.weight": -fan_in_hidden,
        "attn.qkv.bias": -1,
        "attn.sinks": 1,
        "attn.out.weight": -fan_in_heads,
        "attn.out.bias": -3,
        "mlp.gate.weight": 2 - fan_in_hidden,
        "mlp.gate.bias": -1,
        "mlp.mlp1_bias": 3,                                     # large, so that the clamps at 7 act
        "mlp.mlp2_bias": -3,
    }[kind]


def values(openai_name: str, config: dict, b: np.ndarray) -> np.ndarray:
    """The weights that bytes `b` of a tensor's stream stand for: float32, or uint8 for MXFP4."""
    kind = openai_name.split(".", 2)[2] if openai_name.startswith("block.") else openai_name
    if kind.endswith(".blocks"):
        return b                                                # two MXFP4 codes per byte
    if kind == "mlp.mlp1_weight.scales":
        return (124 - half_log2(config["hidden_size"]) + (b & 1)).astype(np.uint8)
    if kind == "mlp.mlp2_weight.scales":
        return (124 - half_log2(config["intermediate_size"]) + (b & 1)).astype(np.uint8)
    if kind.endswith("norm.scale"):
        return norm_gain(b)
    return uniform(b, uniform_exponent(kind, config))


# ---- the tensors of a checkpoint -------------------------------------------------------------


@dataclass(frozen=True)
class Tensor:
    """A tensor of a checkpoint, and where its elements stand in OpenAI's layout."""

    name: str
    shape: tuple[int, ...]
    dtype: str                                                  # "BF16" or "U8"
    openai_name: str
    first: int = 0                                              # flat index of element 0 there

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def chunks(self, config: dict, seed: int) -> Iterator[np.ndarray]:
        """The stored elements in order, CHUNK at a time: uint16 (bf16 bits) or uint8."""
        key = stream_key(seed, self.openai_name)
        for begin in range(0, self.size, CHUNK):
            end = min(begin + CHUNK, self.size)
            b = stream_bytes(key, self.first + begin, self.first + end)
            x = values(self.openai_name, config, b)
            yield x if self.dtype == "U8" else to_bf16(x)


def layer_tensors(layer: int, config: dict) -> list[Tensor]:
    """The 19 tensors of one block, in the order in which we write them."""
    hidden = config["hidden_size"]
    inter = config["intermediate_size"]
    heads = config["num_attention_heads"]
    experts = config["num_local_experts"]
    q_rows = heads * config["head_dim"]
    kv_rows = config["num_key_value_heads"] * config["head_dim"]
    # part of qkv -> (first row, rows): all queries, then all keys, then all values
    qkv = {"q": (0, q_rows), "k": (q_rows, kv_rows), "v": (q_rows + kv_rows, kv_rows)}

    hf, openai = f"model.layers.{layer}", f"block.{layer}"

    def bf16(name: str, shape: tuple[int, ...], openai_name: str, first: int = 0) -> Tensor:
        return Tensor(f"{hf}.{name}", shape, "BF16", f"{openai}.{openai_name}", first)

    def mxfp4(name: str, shape: tuple[int, ...], openai_name: str) -> Tensor:
        return Tensor(f"{hf}.{name}", shape, "U8", f"{openai}.{openai_name}")

    return [
        bf16("input_layernorm.weight", (hidden,), "attn.norm.scale"),
        *[bf16(f"self_attn.{part}_proj.weight", (rows, hidden), "attn.qkv.weight", first * hidden)
          for part, (first, rows) in qkv.items()],
        *[bf16(f"self_attn.{part}_proj.bias", (rows,), "attn.qkv.bias", first)
          for part, (first, rows) in qkv.items()],
        bf16("self_attn.sinks", (heads,), "attn.sinks"),
        bf16("self_attn.o_proj.weight", (hidden, q_rows), "attn.out.weight"),
        bf16("self_attn.o_proj.bias", (hidden,), "attn.out.bias"),
        bf16("post_attention_layernorm.weight", (hidden,), "mlp.norm.scale"),
        bf16("mlp.router.weight", (experts, hidden), "mlp.gate.weight"),
        bf16("mlp.router.bias", (experts,), "mlp.gate.bias"),
        mxfp4("mlp.experts.gate_up_proj_blocks", (experts, 2 * inter, hidden // 32, 16),
              "mlp.mlp1_weight.blocks"),
        mxfp4("mlp.experts.gate_up_proj_scales", (experts, 2 * inter, hidden // 32),
              "mlp.mlp1_weight.scales"),
        bf16("mlp.experts.gate_up_proj_bias", (experts, 2 * inter), "mlp.mlp1_bias"),
        mxfp4("mlp.experts.down_proj_blocks", (experts, hidden, inter // 32, 16),
              "mlp.mlp2_weight.blocks"),
        mxfp4("mlp.experts.down_proj_scales", (experts, hidden, inter // 32),
              "mlp.mlp2_weight.scales"),
        bf16("mlp.experts.down_proj_bias", (experts, hidden), "mlp.mlp2_bias"),
    ]


def openai_tensors(config: dict) -> list[Tensor]:
    """The same tensors in OpenAI's layout: 3 + 15 per layer, with q, k and v stacked in qkv."""
    stacked: dict[str, Tensor] = {}
    for part in checkpoint_tensors(config):
        name = part.openai_name
        n_rows = stacked[name].shape[0] if name in stacked else 0
        shape = (n_rows + part.shape[0], *part.shape[1:])
        stacked[name] = Tensor(name, shape, part.dtype, name)
    return list(stacked.values())


def checkpoint_tensors(config: dict) -> list[Tensor]:
    """All tensors in Hugging Face's layout, in file order: 3 + 19 per layer."""
    table = (config["vocab_size"], config["hidden_size"])
    tensors = [Tensor("model.embed_tokens.weight", table, "BF16", "embedding.weight")]
    for layer in range(config["num_hidden_layers"]):
        tensors += layer_tensors(layer, config)
    tensors.append(Tensor("model.norm.weight", table[1:], "BF16", "norm.scale"))
    tensors.append(Tensor("lm_head.weight", table, "BF16", "unembedding.weight"))
    return tensors


# ---- writing checkpoints ---------------------------------------------------------------------


def config_text(config: dict) -> str:
    return json.dumps(config, indent=2) + "\n"


def write_checkpoint(directory: Path, config: dict, seed: int, layout: str = "hf") -> Path:
    """Write `config.json` and `model.safetensors` of a model; return the path of the latter.

    config is Hugging Face's, whatever the layout ("hf" or "openai").
    """
    is_openai = layout == "openai"
    directory.mkdir(parents=True, exist_ok=True)
    written_config = openai_config(config) if is_openai else config
    (directory / "config.json").write_text(config_text(written_config))
    tensors = openai_tensors(config) if is_openai else checkpoint_tensors(config)
    path = directory / "model.safetensors"
    write_safetensors(
        path,
        {"format": "pt"},
        [(tensor.name, tensor.dtype, tensor.shape) for tensor in tensors],
        (piece for tensor in tensors for piece in tensor.chunks(config, seed)),
    )
    return path


def write_with_safetensors_package(directory: Path, config: dict, seed: int) -> Path:
    """The same checkpoint written by Python's `safetensors` package: its order, its header."""
    import torch                                                # bf16 does not exist in numpy
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(config_text(config))
    state = {}
    for tensor in checkpoint_tensors(config):
        elements = np.concatenate(list(tensor.chunks(config, seed)))
        if tensor.dtype == "U8":
            state[tensor.name] = torch.from_numpy(elements).reshape(tensor.shape)
        else:
            bits = torch.from_numpy(elements.view(np.int16))
            state[tensor.name] = bits.view(torch.bfloat16).reshape(tensor.shape)
    path = directory / "model.safetensors"
    save_file(state, path, metadata={"format": "pt"})
    return path
