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
# # 02 · Four bits: what does MXFP4 lose?
#
# The experts of gpt-oss, nine tenths and more of its parameters, are stored in 4.25 bits each: four for the number and an eighth of
# eight for a scale that 32 neighbours share. What numbers can that write, what is lost, and would another four-bit
# format lose less?

# %%
import matplotlib.pyplot as plt
import numpy as np

import gptoss

plt.style.use("gptoss.mplstyle")
m = gptoss.Model()

# %% [markdown]
# ## Sixteen numbers
#
# A code has a sign, two bits of exponent and one of mantissa (E2M1). To read off which numbers that makes we build one block of 32
# weights with the codes 0 to 15, twice, under the scale 127, which is 2 to the power of 0, and decode it.

# %%
codes = np.arange(32, dtype=np.uint8).reshape(1, 1, 1, 32) % 16
packed = (codes[..., 0::2] | codes[..., 1::2] << 4).astype(np.uint8)       # the low nibble comes first
one = gptoss.Experts(packed, np.full((1, 1, 1), 127, np.uint8))
VALUES = one.decode(0)[0, :16]
print(VALUES)
assert VALUES[:8].tolist() == [0, 0.5, 1, 1.5, 2, 3, 4, 6] and (VALUES[8:] == -VALUES[:8]).all()

INT4 = np.arange(-7, 8)
fig, axes = plt.subplots(figsize=(9, 1.7))
axes.scatter(np.unique(VALUES) / 6, np.ones(15), s=60, color="C1")
axes.scatter(INT4 / 7, np.zeros(15), s=60, color="C0")
axes.set_yticks([1, 0], ["MXFP4: denser near 0", "int4: even steps"])
axes.set(ylim=(-0.6, 1.6), xlabel="share of the largest number of a block", title="Which numbers four bits can write")
axes.grid(axis="x")
axes.grid(False, axis="y")
plt.show()

# %% [markdown]
# ## Which of them nano uses
#
# Two codes of 16 mean zero, plus and minus; nano's exporter writes the plus one only. The large codes are rare: a scale is a power of
# two, so it fits the largest of 32 weights roughly, and the others lie below that.

# %%
stacks = [stack for layer in m.weights.layers for stack in (layer.mlp.gate_up, layer.mlp.down)]
used = np.zeros(16)
for stack in stacks:
    used += np.bincount((stack.codes & 15).ravel(), minlength=16) + np.bincount((stack.codes >> 4).ravel(), minlength=16)
scales = np.concatenate([stack.scales.ravel() for stack in stacks]).astype(int) - 127
assert used.sum() == gptoss.model_size(m.config).mxfp4

fig, (left, right) = plt.subplots(1, 2, width_ratios=[3, 2])
order = np.argsort(VALUES - 0.01 * np.signbit(VALUES), kind="stable")
left.bar(range(16), 100 * used[order] / used.sum(), color=["C6" if VALUES[code] == 0 else "C1" for code in order])
left.set_xticks(range(16), [f"{VALUES[code]:g}" for code in order])
left.set(title="% of nano's weights by code", xlabel="value of the code, before the scale")
low, n = np.unique(scales, return_counts=True)
right.bar(low, 100 * n / n.sum(), color="C2")
right.set_xticks(low, [f"$2^{{{e}}}$" for e in low])
right.set(title="% of blocks by scale", xlabel="scale")
plt.show()


# %% [markdown]
# ## What is lost
#
# nano's experts were trained in MXFP4, so they lose nothing. To measure the format we need weights that were not: nano's attention
# matrices, in BF16, and normal noise. Each is written in five formats and read back; the error is the rms of the
# difference over the rms of the weights.
#
# The scale of an MXFP4 block is the power of two that puts its largest weight between 4 and 8 (OCP MX, section 6.3). int4 gets a
# scale of 16 bits for 32 weights and so 4.5 bits in all; int8 one for each row.


# %%
def mxfp4(x):
    blocks = x.reshape(-1, 32)
    largest = np.abs(blocks).max(1, keepdims=True)
    scale = 2.0 ** (np.floor(np.log2(np.maximum(largest, 1e-30))) - 2)
    grid, code = np.unique(VALUES), np.arange(15)
    nearest = code[np.abs((blocks / scale)[..., None] - grid).argmin(-1)]
    return (grid[nearest] * scale).reshape(x.shape)


def int4(x):
    blocks = x.reshape(-1, 32)
    scale = np.float16(np.abs(blocks).max(1, keepdims=True) / 7).astype(float)
    return (np.clip(np.round(blocks / scale), -7, 7) * scale).reshape(x.shape)


def int8(x):
    scale = np.abs(x).max(1, keepdims=True) / 127
    return np.round(x / scale) * scale


def bf16(x):
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def fp8(x):  # E4M3: four bits of exponent, three of mantissa
    import ml_dtypes
    scale = np.abs(x).max() / 448
    return (x / scale).astype(ml_dtypes.float8_e4m3fn).astype(float) * scale


rng = np.random.default_rng(0)
some = rng.standard_normal(2000).astype(np.float32) * 4
grid = np.unique(VALUES)
mine = grid[np.abs(some[:, None] - grid).argmin(1)]
theirs = VALUES[[gptoss.mxfp4_nearest_code(float(v)) for v in some]]
assert (mine == theirs).all()                                              # the library rounds alike

weights = {"normal noise": rng.standard_normal((512, 512)),
           "nano's attention": np.concatenate([getattr(layer.attn, name).astype(float).ravel() for layer in m.weights.layers
                                               for name in ("q", "k", "v", "out")]).reshape(-1, 96)}
formats = {"BF16\n16 bits": bf16, "int8, a scale per row\n8 bits": int8, "FP8 (E4M3)\n8 bits": fp8, "int4, blocks of 32\n4.5 bits": int4,
           "MXFP4\n4.25 bits": mxfp4}
error = {kind: [np.sqrt(((write(w) - w) ** 2).mean() / (w ** 2).mean()) for write in formats.values()] for kind, w in weights.items()}
fig, axes = plt.subplots(figsize=(9, 3.4))
for i, (kind, values) in enumerate(error.items()):
    x = np.arange(len(formats)) + 0.4 * i - 0.2
    axes.bar(x, values, 0.4, label=kind, color=f"C{i}")
    for at, value in zip(x, values):
        axes.text(at, max(value, 0.001) * 1.1, f"{100 * value:.2g} %" if value else "exact", ha="center", fontsize=9)
axes.set_xticks(range(len(formats)), list(formats))
axes.set(yscale="log", ylim=(1e-3, 0.5), title="What a weight loses: rms of the error / rms of the weights")
axes.set_yticks([0.001, 0.01, 0.1], ["0.1 %", "1 %", "10 %"])
axes.minorticks_off()
axes.legend(loc="upper left")
plt.show()
noise = error["normal noise"]
assert noise[0] < noise[1] < noise[3] < noise[4] < 0.15 and 0.1 < noise[4]

# %% [markdown]
# Four bits cost about a tenth of every weight, and MXFP4 a little more than int4 with a finer scale: it pays for the scale being a power of
# two. What it buys is arithmetic: a scale that is a power of two only moves exponents, and hardware multiplies the
# codes as they are. The released models do not show that tenth, because they were trained with it; a format
# written over finished weights does.
#
# ## What it saves
#
# Sizes of the two released models if their experts were in another format, from the configs alone.

# %%
bits = {"BF16": 16, "8 bits": 8, "int4": 4.5, "MXFP4": 4.25}
fig, panels = plt.subplots(1, 2, figsize=(9, 2.8))
for axes, preset in zip(panels, ("20b", "120b")):
    size = gptoss.model_size(gptoss.Config.preset(preset))
    rest = 2 * (size.total - size.mxfp4) / 1e9
    experts = [size.mxfp4 * b / 8 / 1e9 for b in bits.values()]
    axes.barh(list(bits), rest, color="C6", label="the rest, BF16")
    axes.barh(list(bits), experts, left=rest, color="C1", label="experts")
    for y, value in enumerate(experts):
        axes.text(rest + value, y, f" {rest + value:.1f} GB", va="center", fontsize=9)
    axes.invert_yaxis()
    axes.set(title=f"gpt-oss-{preset}", xlim=(0, 1.25 * (rest + experts[0])), xlabel="GB")
    axes.grid(False)
    assert np.isclose(1e9 * (rest + experts[-1]), size.payload_bytes)
panels[1].legend(loc="lower right")
plt.show()

# %% [markdown]
# 20b fits into 16 GB and 120b into 80 GB: the sizes of a laptop and of one large GPU.
#
# ## Exercises
#
# 1. With blocks of 16 or 64 in place of 32, what happens to the error, and what to the bits?
# 2. Choose the scale that gives the least error instead of the power of two below the maximum. What is it worth?
# 3. Round nano's attention matrices to MXFP4 (`mxfp4` above), multiply them with `attn_norm` of a trace, and compare with
#    `trace.attn_q`. Is the error of the result larger or smaller than that of the weights? Why?
