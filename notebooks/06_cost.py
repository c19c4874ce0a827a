# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 · What does it cost?
#
# A model is a number of parameters to store, bytes to read for each token, multiplications to do, and a cache that grows
# with the context. All four follow from a dozen numbers in `config.json`. Here they are for four models, counted from
# their configs: GPT-2 of 2019, Qwen3-30B-A3B, gpt-oss-20b and gpt-oss-120b.

# %%
from dataclasses import dataclass, replace

import matplotlib.pyplot as plt
import numpy as np

import gptoss

plt.style.use("gptoss.mplstyle")

# %% [markdown]
# ## Parameters
#
# One function counts all four. What differs is in the fields: GPT-2 has one dense layer instead of experts, learned
# positions, biases everywhere, norms with a bias, and one table for embedding and unembedding. Qwen3 has no biases, and norms
# on queries and keys. gpt-oss has biases in attention and in the experts, and a sink per head.


# %%
@dataclass
class Model:
    name: str
    vocab: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    experts: int = 1            # 1: a dense layer
    top_k: int = 1
    matrices: int = 3           # of an expert: gate, up and down
    attention_bias: int = 0     # 1: q, k, v and out have one
    expert_bias: int = 0        # 1: every matrix of an expert has one
    router_bias: int = 0
    norm_size: int = 1          # 2: a norm has a bias too
    learned_positions: int = 0  # rows of that table
    tied: bool = False          # embedding and unembedding are one table
    qk_norm: int = 0            # 1: a norm on queries and on keys
    sinks: int = 0
    window: int = 0             # of every other layer; 0: all layers see everything
    expert_bits: float = 16     # of a parameter of an expert's matrices

    def norm(self):
        return self.norm_size * self.hidden

    def attention(self):
        q, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        matrices = self.hidden * (q + 2 * kv) + q * self.hidden
        biases = self.attention_bias * (q + 2 * kv + self.hidden)
        return self.norm() + matrices + biases + self.qk_norm * 2 * self.head_dim + self.sinks * self.heads

    def expert_matrices(self):
        return self.matrices * self.hidden * self.intermediate

    def expert(self):
        return self.expert_matrices() + self.expert_bias * ((self.matrices - 1) * self.intermediate + self.hidden)

    def router(self):
        return self.experts * (self.hidden + self.router_bias) if self.experts > 1 else 0

    def tables(self):
        return (1 if self.tied else 2) * self.vocab * self.hidden + self.learned_positions * self.hidden

    def parts(self):
        return {"tables": self.tables(),
                "attention": self.layers * self.attention(),
                "router and norms": self.layers * (self.router() + self.norm()) + self.norm(),
                "experts": self.layers * self.experts * self.expert()}

    def total(self):
        return sum(self.parts().values())

    def active(self):  # what one token meets; of the tables the unembedding only, as the model card counts
        layer = self.attention() + self.norm() + self.router() + self.top_k * self.expert()
        return self.vocab * self.hidden + self.norm() + self.layers * layer

    def bytes(self):
        packed = self.layers * self.experts * self.expert_matrices()
        return (self.total() - packed) * 2 + packed * self.expert_bits / 8


def from_config(name, preset):
    c = gptoss.Config.preset(preset)
    return Model(name, c.vocab_size, c.hidden_size, c.n_layers, c.n_heads, c.n_kv_heads, c.head_dim,
                 c.intermediate_size, c.n_experts, c.top_k, attention_bias=1, expert_bias=1, router_bias=1, sinks=1,
                 window=c.sliding_window, expert_bits=4.25)


GPT2 = Model("GPT-2", 50257, 768, 12, 12, 12, 64, 3072, matrices=2, attention_bias=1, expert_bias=1, norm_size=2,
             learned_positions=1024, tied=True)
QWEN3 = Model("Qwen3-30B-A3B", 151936, 2048, 48, 32, 4, 128, 768, experts=128, top_k=8, qk_norm=1)
M20B, M120B = from_config("gpt-oss-20b", "20b"), from_config("gpt-oss-120b", "120b")
MODELS = [GPT2, QWEN3, M20B, M120B]

print(f"{'':16}{'parameters':>18}{'met by a token':>18}{'bytes':>18}")
for m in MODELS:
    print(f"{m.name:16}{m.total():18,}{m.active():18,}{m.bytes():18,.0f}")

# %% [markdown]
# The published numbers, to the parameter; and the library counts gpt-oss the same way.

# %%
assert GPT2.total() == 124_439_808
assert QWEN3.total() == 30_532_122_624
assert M20B.total() == 20_914_757_184
assert M120B.total() == 116_829_156_672
for m, preset in ((M20B, "20b"), (M120B, "120b")):
    size = gptoss.model_size(gptoss.Config.preset(preset))
    assert (m.total(), m.active(), m.bytes()) == (size.total, size.active, size.payload_bytes)

# %%
fig, (left, right) = plt.subplots(1, 2, width_ratios=[3, 2], figsize=(9, 3.2))
start = np.zeros(len(MODELS))
names = [m.name for m in MODELS]
for part in GPT2.parts():
    share = np.array([100 * m.parts()[part] / m.total() for m in MODELS])
    bars = left.barh(names, share, left=start, label=part if part != "experts" else "experts (GPT-2: one)")
    for y, (s, x) in enumerate(zip(share, start)):
        if s > 6:
            left.text(x + s / 2, y, f"{s:.0f} %", ha="center", va="center", color="white", fontsize=9)
    start += share
left.set(title="Where the parameters are", xlim=(0, 100), xlabel="% of all parameters")
left.invert_yaxis()
left.grid(False)
left.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.2), columnspacing=1, handlelength=1)
y = np.arange(len(MODELS))
right.barh(y - 0.2, [m.total() / 1e9 for m in MODELS], 0.4, label="stored", color="C6")
right.barh(y + 0.2, [m.active() / 1e9 for m in MODELS], 0.4, label="met by one token", color="C1")
for i, m in enumerate(MODELS):
    right.text(m.total() / 1e9 * 1.15, i - 0.2, f"{m.total() / 1e9:.3g}", va="center", fontsize=9)
    right.text(m.active() / 1e9 * 1.15, i + 0.2, f"{m.active() / 1e9:.3g}", va="center", fontsize=9)
right.set(xscale="log", xlim=(0.05, 900), title="Billions of parameters", yticks=[], xlabel="logarithmic")
right.invert_yaxis()
right.grid(False)
right.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2), handlelength=1)
plt.show()

# %% [markdown]
# Nine tenths of a mixture of experts are experts, and a token meets few of them: a thirtieth of 120b's parameters work on it.
#
# ## Bytes and multiplications per token
#
# To decode one token, every weight it meets is read once and used for one multiplication and one addition. A machine does
# hundreds of multiplications in the time it takes to fetch a byte, so decoding costs what reading costs. Attention adds the
# cache: its bytes and its multiplications grow with the context, except in the layers whose window is full.


# %%
def visible(m, context):
    """Keys that a token sees, summed over the layers."""
    windowed = m.layers // 2 if m.window else 0
    return (m.layers - windowed) * context + windowed * np.minimum(context, m.window or context)


def weight_bytes_per_token(m):
    packed = m.layers * m.top_k * m.expert_matrices()
    return (m.active() - packed) * 2 + packed * m.expert_bits / 8


def cache_bytes(m, context):  # BF16, keys and values
    return visible(m, context) * 2 * m.kv_heads * m.head_dim * 2


def flops(m, context):
    return 2 * m.active() + 2 * 2 * m.heads * m.head_dim * visible(m, context)


for preset, m in (("20b", M20B), ("120b", M120B)):
    config = gptoss.Config.preset(preset)
    size = gptoss.model_size(config)
    assert weight_bytes_per_token(m) == size.bytes_per_token
    assert flops(m, 1000) == gptoss.flops_per_token(config, 1000)
    assert 2 * cache_bytes(m, 4096) == gptoss.kv_cache_bytes(config, 4096, config.sliding_window)  # float32 there

context = 2 ** np.arange(8, 18)
fig, (left, right) = plt.subplots(1, 2)
for i, m in enumerate(MODELS):
    c = context[context <= (m.learned_positions or 131072)]
    left.plot(c, (weight_bytes_per_token(m) + cache_bytes(m, c)) / 1e9, f"C{i}", label=m.name)
    left.axhline(weight_bytes_per_token(m) / 1e9, color=f"C{i}", lw=0.8, ls=":")
    right.plot(c, flops(m, c) / 1e9, f"C{i}", label=m.name)
for axes, title in ((left, "GB read to decode a token (dotted: weights only)"), (right, "GFLOP to decode a token")):
    axes.set(xscale="log", yscale="log", title=title, xlabel="tokens in the context")
    axes.set_xticks([256, 1024, 4096, 16384, 65536], ["256", "1k", "4k", "16k", "64k"])
    axes.minorticks_off()
left.set_yticks([0.3, 1, 3, 10], ["0.3", "1", "3", "10"])
right.set_yticks([0.3, 1, 10, 100], ["0.3", "1", "10", "100"])
left.legend(loc="center right")
plt.show()

# %% [markdown]
# Up to some thousand tokens the dotted lines hold: weights are all that counts. At 128k tokens Qwen3 reads more cache than
# weights; gpt-oss, with fewer layers and half of them windowed, still does not by far.
#
# ## The cache: from every head to a window
#
# What would 20b's cache be with the attention of 2017, where each of its 64 heads keeps keys and values of its own (MHA)?
# Eight heads share one pair (GQA): an eighth. Every other layer keeps 128 positions only: half of that again.

# %%
steps = {"each head its own (MHA)": replace(M20B, kv_heads=64, window=0),
         "8 heads share (GQA)": replace(M20B, window=0),
         "and every other layer has a window": M20B}
fig, axes = plt.subplots(figsize=(9, 3.4))
for i, (name, m) in enumerate(steps.items()):
    axes.plot(context, cache_bytes(m, context) / 1e9, f"C{i}")
    axes.annotate(f"{name}: {cache_bytes(m, 131072) / 1e9:.3g} GB", (131072, cache_bytes(m, 131072) / 1e9), (8, 0),
                  textcoords="offset points", va="center", color=f"C{i}", fontsize=9)
axes.axhline(M20B.bytes() / 1e9, color="0.4", ls=":")
axes.text(300, M20B.bytes() / 1e9 * 1.2, "20b's weights, 13.8 GB", color="0.4", fontsize=9)
axes.set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
axes.set(xscale="log", yscale="log", title="20b's key-value cache of one conversation, BF16, in GB",
         xlabel="tokens in the context", xlim=(256, 2e6))
axes.set_xticks([256, 1024, 4096, 16384, 65536], ["256", "1k", "4k", "16k", "64k"])
axes.minorticks_off()
plt.show()
mha, gqa, windowed = (cache_bytes(m, 131072) for m in steps.values())
assert mha == 8 * gqa and 1.99 < gqa / windowed < 2
assert round(M20B.bytes() / 1e9, 1) == 13.8

# %% [markdown]
# ## Exercises
#
# 1. What would 20b take with its experts in BF16? In 8 bits? On which of your machines does each fit?
# 2. Which context makes 120b read as many bytes of cache as of weights? And Qwen3?
# 3. Add a model that you know as a line of `MODELS`, and check its total against the published one.
