"""A port of gpt-oss in numpy, written from shared/spec/model.md alone, into which bugs.py plants mistakes.

float32 throughout, or with is_bf16 rounded to BF16 after each op where OpenAI's model rounds. Every step is a
method, so that a bug replaces one. Nothing of it comes from gptoss or from tests/ports.

    python port.py MODEL 1,2,3 out.npz [--bf16] [--bug NAME]
"""
import json
import math
import pathlib

import numpy as np

F = np.float32
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], F)


def to_bf16(x):
    u = np.ascontiguousarray(x, F).view(np.uint32)
    rounded = ((u + np.uint32(0x7FFF) + ((u >> 16) & 1)) & np.uint32(0xFFFF0000)).view(F)
    return np.where(np.isfinite(x), rounded, x).astype(F)


def read_safetensors(path):
    raw = np.fromfile(path, "u1")
    n = int(raw[:8].view("<u8")[0])
    header = json.loads(bytes(raw[8:8 + n]))
    header.pop("__metadata__", None)
    tensors = {}
    for name, t in header.items():
        begin, end = t["data_offsets"]
        data = raw[8 + n + begin:8 + n + end].copy()
        if t["dtype"] == "BF16":
            data = (data.view("<u2").astype(np.uint32) << 16).view(F)
        elif t["dtype"] != "U8":
            raise ValueError(f"{path}: {name}: got {t['dtype']}, expected BF16 or U8")
        tensors[name] = data.reshape(t["shape"])
    return tensors


class Block:
    """The weights of one block, float32."""


class Port:
    def __init__(self, model, is_bf16=False, bug=None):
        model = pathlib.Path(model)
        c = json.loads((model / "config.json").read_text())
        self.hidden, self.inter = c["hidden_size"], c["intermediate_size"]
        self.n_heads, self.n_kv, self.dim = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
        self.n_experts, self.top_k = c["num_local_experts"], c["num_experts_per_tok"]
        self.n_layers, self.window = c["num_hidden_layers"], c["sliding_window"]
        self.slides = [t == "sliding_attention" for t in c["layer_types"]]
        self.eps, self.limit, self.alpha = F(c["rms_norm_eps"]), F(c["swiglu_limit"]), F(1.702)
        y = c["rope_scaling"]
        self.base, self.factor, self.context = c["rope_theta"], y["factor"], y["original_max_position_embeddings"]
        self.fast, self.slow = y["beta_fast"], y["beta_slow"]
        self.concentration = 0.1 * math.log(self.factor) + 1
        self.scale = F(1 / math.sqrt(self.dim))
        self.is_bf16, self.model, self.code, self.layer = is_bf16, model, E2M1, 0
        if bug:
            bug(self)
        self.load()
        for change in getattr(self, "after_load", []):
            change(self)

    def r(self, x):
        return to_bf16(x) if self.is_bf16 else x.astype(F)

    # ---- the checkpoint

    def exponent(self, scales):
        return scales.astype(np.int32) - 127

    def nibbles(self, blocks):
        return np.stack([blocks & 15, blocks >> 4], -1).reshape(*blocks.shape[:-1], -1)

    def dequantise(self, blocks, scales):
        with np.errstate(over="ignore", invalid="ignore"):
            w = np.ldexp(self.code[self.nibbles(blocks)], self.exponent(scales)[..., None]).astype(F)
        return w.reshape(*blocks.shape[:-2], -1)

    def load(self):
        t = read_safetensors(self.model / "model.safetensors")
        self.embedding, self.unembedding = t["model.embed_tokens.weight"], t["lm_head.weight"]
        self.final_gain, self.blocks = t["model.norm.weight"], []
        for n in range(self.n_layers):
            p, b = f"model.layers.{n}.", Block()
            b.attn_gain, b.mlp_gain = t[p + "input_layernorm.weight"], t[p + "post_attention_layernorm.weight"]
            for x in "qkvo":
                setattr(b, "w" + x, t[f"{p}self_attn.{x}_proj.weight"])
                setattr(b, "b" + x, t[f"{p}self_attn.{x}_proj.bias"])
            b.sinks = t[p + "self_attn.sinks"]
            b.router, b.router_bias = t[p + "mlp.router.weight"], t[p + "mlp.router.bias"]
            e = p + "mlp.experts."
            b.w1 = self.dequantise(t[e + "gate_up_proj_blocks"], t[e + "gate_up_proj_scales"])
            b.w2 = self.dequantise(t[e + "down_proj_blocks"], t[e + "down_proj_scales"])
            b.b1, b.b2 = t[e + "gate_up_proj_bias"], t[e + "down_proj_bias"]
            self.blocks.append(b)

    # ---- attention

    def embed(self, ids):
        return self.embedding[ids]

    def norm(self, x, gain):
        return self.r(x / np.sqrt(np.mean(x * x, -1, keepdims=True, dtype=F) + self.eps) * gain)

    def linear(self, x, w, b):
        return self.r(x @ w.T + b)

    def project(self, b, t):
        return self.linear(t, b.wq, b.bq), self.linear(t, b.wk, b.bk), self.linear(t, b.wv, b.bv)

    def frequencies(self):
        half = self.dim // 2
        freq = F(self.base) ** (np.arange(0, self.dim, 2, dtype=F) / F(self.dim))
        low = half * math.log(self.context / (self.fast * 2 * math.pi)) / math.log(self.base)
        high = half * math.log(self.context / (self.slow * 2 * math.pi)) / math.log(self.base)
        mask = 1 - self.ramp(low, high, np.arange(half, dtype=F))
        return (1 / (F(self.factor) * freq) * (1 - mask) + 1 / freq * mask).astype(F)

    def ramp(self, low, high, i):
        return np.clip((i - F(low)) / F(high - low), 0, 1)

    def table(self, positions):
        angle = positions.astype(F)[:, None] * self.frequencies()[None, :]
        c = F(self.concentration)
        return self.r(np.cos(angle) * c), self.r(np.sin(angle) * c)

    def turn(self, x, cos, sin):                                # x: T, heads, dim; cos, sin: T, 1, dim / 2
        r, half = self.r, self.dim // 2
        a, b = x[..., :half], x[..., half:]
        return np.concatenate([r(r(a * cos) - r(b * sin)), r(r(b * cos) + r(a * sin))], -1)

    def rotate(self, x, positions):
        cos, sin = self.table(positions)
        heads = x.reshape(len(x), -1, self.dim)
        return self.turn(heads, cos[:, None], sin[:, None]).reshape(len(x), -1)

    def rotate_q(self, q, positions):
        return self.rotate(q, positions)

    def rotate_k(self, k, positions):
        return self.rotate(k, positions)

    def positions(self, n):
        return np.arange(n)

    def visible(self, p, c, is_sliding):                        # p: T, 1 queries; c: 1, S keys
        seen = c <= p
        return seen & (c > p - self.window) if is_sliding else seen

    def kv_of_head(self):
        return np.arange(self.n_heads) // (self.n_heads // self.n_kv)

    def heads(self, x):
        return x.reshape(len(x), -1, self.dim).transpose(1, 0, 2)

    def score(self, q, k):
        return self.r(self.r(q @ k.transpose(0, 2, 1)) * self.scale)

    def hide(self, s, seen):
        return np.where(seen, s, F(-np.inf))

    def softmax(self, s, sinks):                                # s: heads, T, S
        sink = np.broadcast_to(sinks[:, None, None], (*s.shape[:2], 1))
        top = np.maximum(s.max(-1, keepdims=True), sink)
        w, e = np.exp(s - top), np.exp(sink - top)
        total = w.sum(-1, keepdims=True) + e
        return self.r(w / total), self.r(e / total)

    def mix(self, w, v):
        return self.r(w @ v)

    def merge(self, o):                                         # heads, T, dim -> T, heads * dim
        return o.transpose(1, 0, 2).reshape(o.shape[1], -1)

    def attend(self, b, q, k, v, see):
        n = np.arange(len(q))
        kv = self.kv_of_head()
        s = self.hide(self.score(self.heads(q), self.heads(k)[kv]),
                      self.visible(n[:, None], n[None, :], self.slides[self.layer]))
        w, share = self.softmax(s, b.sinks)
        mix = self.merge(self.mix(w, self.heads(v)[kv]))
        for name, x in (("scores", s), ("weights", w), ("sink_share", share[..., 0].T), ("mix", mix)):
            see("attn." + name, x)
        return mix

    def attention(self, b, x, see):
        t = see("attn.norm", self.norm(x, b.attn_gain))
        q, k, v = self.project(b, t)
        for name, y in (("q", q), ("k", k), ("v", v)):
            see("attn." + name, y)
        positions = self.positions(len(x))
        q, k = see("attn.q_rope", self.rotate_q(q, positions)), see("attn.k_rope", self.rotate_k(k, positions))
        return see("attn.out", self.linear(self.attend(b, q, k, self.values(v), see), b.wo, b.bo))

    def values(self, v):
        return v

    # ---- the experts

    def route_logits(self, b, t):
        return self.linear(t, b.router, b.router_bias)

    def choose(self, logits):
        return np.argsort(-logits, -1, kind="stable")[:, :self.top_k]

    def weigh(self, logits, ids):
        g = np.take_along_axis(logits, ids, -1)
        e = np.exp(g - g.max(-1, keepdims=True))
        return self.r(e / e.sum(-1, keepdims=True))

    def expert_linear(self, x, w, b):                           # x: T, K, in; w: T, K, out, in
        return self.r(self.r(np.einsum("tki,tkoi->tko", x, w, optimize=True)) + b)

    def split(self, h):
        return h[..., 0::2], h[..., 1::2]

    def clamp(self, a, b):
        return np.minimum(a, self.limit), np.clip(b, -self.limit, self.limit)

    def gated(self, a):
        r = self.r
        with np.errstate(over="ignore"):
            return r(a * r(1 / (1 + np.exp(-r(self.alpha * a)))))

    def swiglu(self, h):
        a, b = self.clamp(*self.split(h))
        return self.r(self.gated(a) * self.r(b + 1))

    def up(self, b, t, ids):
        x = np.repeat(t[:, None], ids.shape[1], 1)
        return self.expert_linear(x, b.w1[ids], b.b1[ids])

    def down(self, b, y, ids):
        return self.expert_linear(y, b.w2[ids], b.b2[ids])

    def combine(self, z, w):
        return self.r((z * w[..., None]).sum(1))

    def mlp(self, b, x, see):
        t = see("mlp.norm", self.norm(x, b.mlp_gain))
        logits = see("mlp.router_logits", self.route_logits(b, t))
        ids = see("mlp.expert_ids", self.choose(logits))
        w = see("mlp.expert_weights", self.weigh(logits, ids))
        y = see("mlp.swiglu", self.swiglu(see("mlp.gate_up", self.up(b, t, ids))))
        return see("mlp.out", self.combine(see("mlp.expert_out", self.down(b, y, ids)), w))

    # ---- the model

    def add(self, x, y):
        return self.r(x + y)

    def block(self, b, x, see):
        x = see("attn.residual", self.add(x, self.attention(b, x, see)))
        return see("mlp.residual", self.add(x, self.mlp(b, x, see)))

    def final(self, x):
        return self.norm(x, self.final_gain)

    def unembed(self, x):
        return self.r(x @ self.unembedding.T)

    def forward(self, ids):
        dump = {}

        def see(name, x):
            dump[name] = x.astype(np.int32 if name.endswith("ids") else F)
            return x

        x = see("embedding", self.embed(np.asarray(ids)))
        for n, b in enumerate(self.blocks):
            self.layer = n
            x = self.block(b, x, lambda name, y, n=n: see(f"block.{n}.{name}", y))
        see("logits", self.unembed(see("final_norm", self.final(x))))
        return dump


def main():
    import argparse

    p = argparse.ArgumentParser()
    for name in ("model", "ids", "out"):
        p.add_argument(name)
    p.add_argument("--bf16", action="store_true")
    p.add_argument("--bug")
    a = p.parse_args()
    bug = None
    if a.bug:
        import bugs
        bug = bugs.BUGS[a.bug].plant
    np.savez(a.out, **Port(a.model, a.bf16, bug).forward([int(i) for i in a.ids.split(",")]))


if __name__ == "__main__":
    main()
