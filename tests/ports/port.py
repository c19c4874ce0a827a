"""A right port of gpt-oss in numpy whose arithmetic can be chosen, and what each of its steps is off by.

    run = Port(folder, KINDS["one_sum"]).forward(tokens)       # site name -> values

A step is a function of an arithmetic and its inputs. Given an `exact` arithmetic, the port computes
each step in float64 too, from the same inputs, and notes the difference: what one step alone adds.
It shares nothing with the C++ headers; reading a checkpoint is examples/validate/numpy_port.py's.
"""

import ctypes
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "examples" / "validate"))
import numpy_port  # noqa: E402

# One product after the other, as a plain loop in C does it; numpy adds in blocks. Columns are taken
# 64 at a time, which changes no order.
LOOPS = r"""
#include <math.h>
#define LOOP(name, step)                                                                          \
    void name(const float* x, const float* w, float* y, int rows, int n, int outs) {              \
        static float part[64 * 65536];                                                            \
        for (int first = 0; first < outs; first += 64) {                                          \
            const int width = outs - first < 64 ? outs - first : 64;                              \
            for (int j = 0; j < 64; ++j)                                                          \
                for (int i = 0; i < n; ++i)                                                       \
                    part[64 * i + j] = j < width ? w[(long)(first + j) * n + i] : 0;              \
            for (int r = 0; r < rows; ++r) {                                                      \
                float sum[64] = {0};                                                              \
                for (int i = 0; i < n; ++i)                                                       \
                    for (int j = 0; j < 64; ++j) step;                                            \
                for (int j = 0; j < width; ++j) y[(long)r * outs + first + j] = sum[j];           \
            }                                                                                     \
        }                                                                                         \
    }
LOOP(one_sum, sum[j] += x[(long)r * n + i] * part[64 * i + j])
LOOP(fused, sum[j] = fmaf(x[(long)r * n + i], part[64 * i + j], sum[j]))
void unpack(const unsigned char* blocks, const unsigned char* scales, float* out, long n_groups) {
    static const float fp4[16] = {0, .5, 1, 1.5, 2, 3, 4, 6, -0.f, -.5, -1, -1.5, -2, -3, -4, -6};
    for (long g = 0; g < n_groups; ++g)
        for (int i = 0; i < 16; ++i) {
            const unsigned char both = blocks[16 * g + i];
            out[32 * g + 2 * i] = ldexpf(fp4[both & 15], scales[g] - 127);
            out[32 * g + 2 * i + 1] = ldexpf(fp4[both >> 4], scales[g] - 127);
        }
}
"""


def compiled_loops() -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "loops.c", Path(folder) / "loops.so"
        source.write_text(LOOPS)
        flags = ["-O3", "-ffp-contract=off", "-march=native", "-shared", "-fPIC", "-lm"]
        subprocess.run(["cc", source, "-o", library, *flags], check=True)
        return ctypes.CDLL(str(library))


C = compiled_loops()


def pointer(x: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(x.ctypes.data)


def unpack_mxfp4(blocks: np.ndarray, scales: np.ndarray) -> np.ndarray:
    blocks, scales = np.ascontiguousarray(blocks), np.ascontiguousarray(scales)
    out = np.empty((len(scales), 32 * scales.shape[1]), np.float32)
    C.unpack(pointer(blocks), pointer(scales), pointer(out), ctypes.c_long(scales.size))
    return out


# ---- arithmetics -----------------------------------------------------------------------------


def as_it_is(x: np.ndarray) -> np.ndarray:
    return x


def keeps_bits(n_cut: int) -> Callable[[np.ndarray], np.ndarray]:
    """Rounds float32 to so many bits less of mantissa, to nearest, ties to even."""
    def rounded(x: np.ndarray) -> np.ndarray:
        bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
        half = np.uint32((1 << (n_cut - 1)) - 1) + ((bits >> np.uint32(n_cut)) & np.uint32(1))
        cut = (bits + half) & np.uint32(0xFFFFFFFF << n_cut & 0xFFFFFFFF)
        return np.where(np.isfinite(x), cut.view(np.float32), x)

    return rounded


def in_float16(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float16).astype(np.float32)


def blocked(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return x @ w.T


def by_loop(name: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    def product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        x, w = np.ascontiguousarray(x, np.float32), np.ascontiguousarray(w, np.float32)
        y = np.empty((len(x), len(w)), np.float32)
        getattr(C, name)(pointer(x), pointer(w), pointer(y), len(x), x.shape[1], len(w))
        return y

    return product


def pairwise(x: np.ndarray) -> np.ndarray:
    return x.sum(axis=-1, keepdims=True)


def one_by_one(x: np.ndarray) -> np.ndarray:
    return np.add.accumulate(x, axis=-1)[..., -1:]


@dataclass(frozen=True)
class Arithmetic:
    """How a port computes. Products are of x (T, n) and w (m, n); totals are over the last axis."""

    what: str
    policy: str = "float32"                                     # the bounds that it is held to
    dtype: type = np.float32
    matrix: Callable = blocked
    total: Callable = pairwise
    factor: Callable = as_it_is                                 # what a product's factors are rounded to
    store: Callable = as_it_is                                  # what an activation is rounded to
    within: Callable = as_it_is                                 # what each step inside an op is rounded to
    keeps_short: bool = False                                   # so that its values show it
    stream: Callable | None = None                              # residuals and what is added; else store

    def product(self, x: np.ndarray, w: np.ndarray) -> np.ndarray:
        x, w = self.factor(x.astype(self.dtype)), self.factor(w.astype(self.dtype))
        return self.matrix(x, w)

    def kept(self, site: str, values: np.ndarray) -> np.ndarray:
        is_added = site.endswith((".residual", ".out"))
        rounded = self.stream if self.stream is not None and is_added else self.store
        return rounded(values)


EXACT = Arithmetic("float64", dtype=np.float64)
KINDS = {
    "blocked": Arithmetic("float32, sums in blocks (PyTorch, numpy)"),
    "one_sum": Arithmetic("float32, one long sum (a plain loop)", matrix=by_loop("one_sum"),
                          total=one_by_one),
    "fused": Arithmetic("float32, one long sum by FMA", matrix=by_loop("fused"), total=one_by_one),
    "tf32": Arithmetic("products of 11 bits (TF32), float32 sums", "float16", factor=keeps_bits(13)),
    "bf16_products": Arithmetic("products of bf16, float32 sums", "bf16", factor=keeps_bits(16)),
    "float16": Arithmetic("float16 behind every op", "float16", keeps_short=True, store=in_float16),
    "float16_official": Arithmetic("float16 where the official model has bf16", "float16",
                                   keeps_short=True, store=in_float16, within=in_float16),
    "float16_stream": Arithmetic("float16 with a float32 residual stream", "float16",
                                 keeps_short=True, store=in_float16, stream=as_it_is),
    "bf16": Arithmetic("bf16 behind every op", "bf16", keeps_short=True, store=keeps_bits(16)),
    "bf16_official": Arithmetic("bf16 where the official model rounds", "bf16",
                                keeps_short=True, store=keeps_bits(16), within=keeps_bits(16)),
    "bf16_stream": Arithmetic("bf16 with a float32 residual stream", "bf16",
                              keeps_short=True, store=keeps_bits(16), stream=as_it_is),
}


# ---- steps -----------------------------------------------------------------------------------


def rmsnorm(a: Arithmetic, x: np.ndarray, gain: np.ndarray, eps: float) -> np.ndarray:
    x = x.astype(a.dtype)
    mean_square = a.total(x * x) / a.dtype(x.shape[-1])
    return x * (1 / np.sqrt(mean_square + a.dtype(eps))) * gain


def linear(a: Arithmetic, x: np.ndarray, w: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return a.product(x, w) + bias


def official_rope_table(config: dict, n_tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """As OpenAI's model makes it: float32 frequencies and angles; cosine and sine are float64 here."""
    yarn, f = config["rope_scaling"], np.float32
    half, base = config["head_dim"] // 2, float(config["rope_theta"])
    context = yarn["original_max_position_embeddings"]
    low, high = (half * math.log(context / (turns * 2 * math.pi)) / math.log(base)
                 for turns in (yarn["beta_fast"], yarn["beta_slow"]))
    freq = (base ** (np.arange(half) / half)).astype(f)
    mask = 1 - np.clip((np.arange(half, dtype=f) - f(low)) / f(high - low), f(0), f(1))
    inv_freq = 1 / (f(yarn["factor"]) * freq) * (1 - mask) + 1 / freq * mask
    angle = (np.arange(n_tokens, dtype=f)[:, None, None] * inv_freq).astype(np.float64)
    concentration = f(0.1 * math.log(yarn["factor"]) + 1)
    return np.cos(angle) * concentration, np.sin(angle) * concentration


def rotate(a: Arithmetic, x: np.ndarray, config: dict) -> np.ndarray:
    table = official_rope_table if a.dtype is np.float64 else numpy_port.rope_table
    x = x.astype(a.dtype).reshape(len(x), -1, config["head_dim"])
    cos, sin = (a.within(part) for part in table(config, len(x)))
    first, second = np.split(x, 2, axis=-1)
    turned = [a.within(first * cos) - a.within(second * sin), a.within(second * cos) + a.within(first * sin)]
    return np.concatenate(turned, axis=-1).reshape(len(x), -1)


def scores(a: Arithmetic, q: np.ndarray, k: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """q (heads, T, head_dim), k (kv_heads, T, head_dim) -> (heads, T, T)."""
    group = len(q) // len(k)
    products = np.stack([a.product(q_h, k[h // group]) for h, q_h in enumerate(q)])
    return np.where(hidden, -np.inf, a.within(products) / a.dtype(math.sqrt(q.shape[-1])))


def softmax(a: Arithmetic, x: np.ndarray) -> np.ndarray:
    x = x.astype(a.dtype)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / a.total(e)


def with_sinks(x: np.ndarray, sinks: np.ndarray) -> np.ndarray:
    shape = (*x.shape[:-1], 1)
    return np.concatenate([x, np.broadcast_to(sinks[:, None, None], shape)], axis=-1)


def mix(a: Arithmetic, shares: np.ndarray, v: np.ndarray) -> np.ndarray:
    """shares (heads, T, T), v (kv_heads, T, head_dim) -> (T, heads * head_dim)."""
    group = len(shares) // len(v)
    mixed = [a.product(own, v[h // group].T) for h, own in enumerate(shares)]
    return np.stack(mixed, axis=1).reshape(shares.shape[1], -1)


def add(a: Arithmetic, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return x.astype(a.dtype) + y


def swiglu(a: Arithmetic, h: np.ndarray, limit: float) -> np.ndarray:
    gate = np.minimum(h[..., 0::2].astype(a.dtype), a.dtype(limit))
    up = np.clip(h[..., 1::2].astype(a.dtype), a.dtype(-limit), a.dtype(limit))
    scaled = a.within(a.dtype(1.702) * gate)
    active = a.within(gate * a.within(1 / (1 + np.exp(-scaled))))
    return active * a.within(up + a.dtype(1))


def combine(a: Arithmetic, shares: np.ndarray, outs: np.ndarray) -> np.ndarray:
    products = shares.astype(a.dtype)[..., None] * outs         # (T, top_k, hidden)
    return a.total(np.moveaxis(products, 1, -1))[..., 0]


# ---- the port --------------------------------------------------------------------------------


class Port:
    def __init__(self, folder: Path, arithmetic: Arithmetic, exact: Arithmetic | None = None):
        self.config = json.loads((folder / "config.json").read_text())
        self.w = numpy_port.read_tensors(folder)
        self.a, self.exact = arithmetic, exact
        self.run: dict[str, np.ndarray] = {}                    # site name -> values
        self.alone: dict[str, tuple[float, float]] = {}         # max / rms, rms / rms of one step

    def keep(self, site: str, step: Callable, *inputs) -> np.ndarray:
        with np.errstate(invalid="ignore", over="ignore"):
            got = self.a.kept(site, np.asarray(step(self.a, *inputs), self.a.dtype))
            if self.exact is not None:
                self.alone[site] = difference(got, step(self.exact, *inputs))
        self.run[site] = got
        return got

    def forward(self, tokens: list[int]) -> dict[str, np.ndarray]:
        self.run["embedding"] = x = self.w["model.embed_tokens.weight"][tokens]
        for layer in range(self.config["num_hidden_layers"]):
            prefix = f"model.layers.{layer}."
            own = {k[len(prefix) :]: v for k, v in self.w.items() if k.startswith(prefix)}
            slides = self.config["layer_types"][layer] == "sliding_attention"
            x = self.attention(x, own, f"block.{layer}.attn", slides)
            x = self.experts(x, own, f"block.{layer}.mlp")
        eps = self.config["rms_norm_eps"]
        x = self.keep("final_norm", rmsnorm, x, self.w["model.norm.weight"], eps)
        head = self.w["lm_head.weight"]
        self.keep("logits", linear, x, head, np.float32(0))
        return self.run

    def attention(self, x: np.ndarray, w: dict, name: str, slides: bool) -> np.ndarray:
        c, n_tokens = self.config, len(x)
        norm = w["input_layernorm.weight"]
        t = self.keep(f"{name}.norm", rmsnorm, x, norm, c["rms_norm_eps"])
        parts = {}
        for part in "qkv":
            own = f"self_attn.{part}_proj"
            parts[part] = self.keep(f"{name}.{part}", linear, t, w[f"{own}.weight"], w[f"{own}.bias"])
        for part in "qk":
            parts[part] = self.keep(f"{name}.{part}_rope", rotate, parts[part], c)
        q, k, v = (part.reshape(n_tokens, -1, c["head_dim"]).swapaxes(0, 1)
                   for part in parts.values())                  # (heads, T, head_dim)
        age = np.arange(n_tokens)[:, None] - np.arange(n_tokens)  # (T, S): how far back a key is
        hidden = (age < 0) | (slides & (age >= c["sliding_window"]))
        s = self.keep(f"{name}.scores", scores, q, k, hidden)
        s = with_sinks(s, w["self_attn.sinks"])
        shares = self.keep(f"{name}.weights", lambda a: softmax(a, s)[..., :-1])
        self.keep(f"{name}.sink_share", lambda a: softmax(a, s)[..., -1].T)
        mixed = self.keep(f"{name}.mix", mix, shares, v)
        out = self.keep(f"{name}.out", linear, mixed, w["self_attn.o_proj.weight"],
                        w["self_attn.o_proj.bias"])
        return self.keep(f"{name}.residual", add, x, out)

    def experts(self, x: np.ndarray, w: dict, name: str) -> np.ndarray:
        c, limit = self.config, self.config["swiglu_limit"]
        norm = w["post_attention_layernorm.weight"]
        t = self.keep(f"{name}.norm", rmsnorm, x, norm, c["rms_norm_eps"])
        logits = self.keep(f"{name}.router_logits", linear, t, w["mlp.router.weight"],
                           w["mlp.router.bias"])
        ids = np.argsort(-logits, axis=-1, kind="stable")[:, : c["num_experts_per_tok"]]
        self.run[f"{name}.expert_ids"] = ids.astype(np.int32)
        chosen = np.take_along_axis(logits, ids, axis=-1)
        shares = self.keep(f"{name}.expert_weights", softmax, chosen)
        gate_up = self.keep(f"{name}.gate_up", by_expert, t[:, None], ids, w, "gate_up")
        active = self.keep(f"{name}.swiglu", swiglu, gate_up, limit)
        outs = self.keep(f"{name}.expert_out", by_expert, active, ids, w, "down")
        out = self.keep(f"{name}.out", combine, shares, outs)
        return self.keep(f"{name}.residual", add, x, out)


def by_expert(a: Arithmetic, x: np.ndarray, ids: np.ndarray, w: dict, part: str) -> np.ndarray:
    """x (T, 1 or top_k, in) -> (T, top_k, out): each row by the matrix of its own expert."""
    own = f"mlp.experts.{part}_proj"
    x = np.broadcast_to(x, (*ids.shape, x.shape[-1]))
    out = np.empty((*ids.shape, w[f"{own}_bias"].shape[-1]), a.dtype)
    for e in np.unique(ids):
        at = np.nonzero(ids == e)                               # tokens and ranks that chose it
        matrix = unpack_mxfp4(w[f"{own}_blocks"][e], w[f"{own}_scales"][e])
        out[at] = a.within(a.product(x[at], matrix)) + w[f"{own}_bias"][e]
    return out


def difference(got: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    """max |got - exact| and rms(got - exact), both over rms(exact)."""
    finite = np.isfinite(exact)
    gap, rms = np.abs(got[finite] - exact[finite]), np.sqrt(np.mean(exact[finite] ** 2))
    return float(gap.max() / rms), float(np.sqrt(np.mean(gap**2)) / rms)
