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
# # 03 · Positions: how does a token know where it is?
#
# Attention by itself does not know any order: shuffle the keys, and the sum is the same. GPT-2 adds a learned vector for each
# place; gpt-oss turns queries and keys by an angle that grows with the place (RoPE), and stretches the slow turns so
# that 131,072 places fit where 4,096 were trained (YaRN). What does each make of `q.k`, and how exact must it be?

# %%
import matplotlib.pyplot as plt
import numpy as np

import gptoss
from gptoss import ops

plt.style.use("gptoss.mplstyle")
config = gptoss.Config.preset("20b")
D, half = config.head_dim, config.head_dim // 2
rng = np.random.default_rng(3)


def plain(c):
    """The same model without YaRN."""
    other = gptoss.Config.preset("20b")
    other.rope_scaling_factor = 1.0
    return other


def rotated(x, positions, c):
    """One head's vectors (n, D), turned as the model turns them."""
    return ops.rope(np.ascontiguousarray(x, np.float32), ops.rope_table(c, np.asarray(positions, np.int32)))


# %% [markdown]
# ## Three ways, one picture
#
# Take one query vector and one key vector, the same at every place, and let only the places differ. What is `q.k` of a query at `t` and
# a key at `s`? With learned positions (a random table here, as before training) nothing says that 5 places apart should mean
# the same everywhere. Turned, it does: equal along every diagonal, by construction.

# %%
T = 64
q, k = rng.standard_normal((2, 1, D))
table = 0.7 * rng.standard_normal((T, D))
learned = (q + table) @ (k + table).T
turned = rotated(np.repeat(q, T, 0), range(T), config) @ rotated(np.repeat(k, T, 0), range(T), config).T
nothing = np.full((T, T), (q @ k.T).item())
fig, panels = plt.subplots(1, 3, figsize=(9, 3.2), sharey=True)
for axes, (name, scores) in zip(panels, {"no positions": nothing, "a table, before training": learned, "RoPE with YaRN": turned}.items()):
    size = np.abs(turned).max() * 1.3
    image = axes.imshow(scores, cmap="RdBu", vmin=-size, vmax=size)
    axes.set(title=name, xlabel="place of the key")
    axes.grid(False)
panels[0].set_ylabel("place of the query")
fig.colorbar(image, ax=panels, label="q.k")
plt.show()
assert all(np.ptp(np.diag(turned, -a)) < 1e-4 for a in range(T)) and np.ptp(np.diag(learned, -5)) > 5

# %% [markdown]
# GPT-2's table has 1,024 rows; place 1,024 does not exist there. An angle exists for every place. Whether the model
# has *seen* that angle is another question, and YaRN's.
#
# ## Wavelengths
#
# A head's 64 channels are 32 pairs, and pair `d` turns by `theta^(-2d/64)` radians per place: the first once in 6 places, the last once in
# 650,000. Within the 4,096 places of the first training a slow pair never comes around: at place 5,000 it shows an angle that
# the model has never seen. YaRN slows those pairs by 32, so that 131,072 places show no more than the old 4,096 did; pairs that turn
# often are left alone, and between `low` and `high` there is a ramp.

# %%
turns = {"plain RoPE": plain(config), "with YaRN": config}
length = {name: np.array([2 * np.pi / gptoss.rope_inv_freq(c, d) for d in range(half)]) for name, c in turns.items()}
low, high = gptoss.yarn_bound(config, config.rope_ntk_beta), gptoss.yarn_bound(config, config.rope_ntk_alpha)
print(f"ramp from pair {low:.2f} to {high:.2f}")
theta = config.rope_theta ** (-2 * np.arange(half) / D)
ramp = np.clip((np.arange(half) - low) / (high - low), 0, 1)
by_hand = theta / 32 * ramp + theta * (1 - ramp)
assert np.allclose(2 * np.pi / length["with YaRN"], by_hand, rtol=1e-6)

fig, axes = plt.subplots(figsize=(9, 3.4))
for i, (name, values) in enumerate(length.items()):
    axes.plot(values, f"C{1 - i}o-", ms=4, lw=1, label=name)
axes.axvspan(low, high, color="0.93")
axes.text((low + high) / 2, 8, "the ramp", ha="center", color="0.4", fontsize=9)
for places, text in ((4096, "4,096: the first training"), (131072, "131,072: the context")):
    axes.axhline(places, color="0.5", ls=":", lw=1)
    axes.text(-0.4, places * 1.25, text, color="0.4", fontsize=9)
axes.set(yscale="log", title="Places until a pair has turned once", xlabel="pair d")
axes.legend(loc="lower right")
plt.show()
assert (length["with YaRN"][int(high) + 1:] > 131072).all()

# %% [markdown]
# ## q.k over the distance
#
# The mean over 300 random vectors, each compared with itself at a distance (the same word, further and further back). Plain RoPE
# and YaRN fall alike at first; what differs is the far end, and the height: YaRN's concentration makes queries and keys
# 1.35 times as long, so scores are 1.81 times as large. That keeps attention sharp over many more keys.

# %%
x = rng.standard_normal((300, D)) / np.sqrt(D)
distance = np.unique(np.round(np.geomspace(1, 131071, 220)).astype(int))
fig, axes = plt.subplots(figsize=(9, 3.2))
mean = {}
for i, (name, c) in enumerate(turns.items()):
    here = rotated(x, [0] * len(x), c)
    mean[name] = np.array([(here * rotated(x, [int(a)] * len(x), c)).sum(1).mean() for a in distance])
    axes.plot(distance, mean[name], f"C{1 - i}", label=name)
axes.set(xscale="log", title="q.k of a vector with itself, by distance (without positions: 1)", xlabel="places between them")
axes.axhline(0, color="0.5", lw=0.8)
axes.legend()
plt.show()
concentration = gptoss.rope_concentration(config)
print(f"concentration {concentration:.4f}, squared {concentration ** 2:.3f}")
assert abs(concentration - (0.1 * np.log(32) + 1)) < 1e-6 and mean["with YaRN"][0] > 1.7 * mean["plain RoPE"][0] > 1.6


# %% [markdown]
# ## How exact must it be? Rounding the bounds
#
# `low` and `high` are 8.09 and 17.40. Several programs round them to 8 and 18, as YaRN's own code does; gpt-oss was trained without
# (`truncate: false` in its config). The frequencies of the pairs on the ramp then differ a little, and an angle by that times the place.

# %%
rounded_ramp = np.clip((np.arange(half) - np.floor(low)) / (np.ceil(high) - np.floor(low)), 0, 1)
rounded = theta / 32 * rounded_ramp + theta * (1 - rounded_ramp)
places = np.array([100, 1000, 10_000, 100_000])
fig, (left, right) = plt.subplots(1, 2)
for i, place in enumerate(places):
    moved = np.flatnonzero(by_hand != rounded)
    left.plot(moved, np.abs(by_hand - rounded)[moved] * place, f"C{i}", marker="o", ms=3, lw=1, label=f"place {place:,}")
left.axhline(np.pi, color="0.5", ls=":")
left.text(0, np.pi * 1.3, "half a turn", color="0.4", fontsize=9)
left.set(yscale="log", xlim=(-1, 32), ylim=(1e-3, 100), title="Error of the angle, in radians", xlabel="pair d")
left.legend(loc="lower right")


def score(frequencies, place):
    """q.k of vectors with themselves, place places apart, relative to no distance."""
    pairs = x.reshape(-1, 2, half)
    return (((pairs ** 2).sum(1)) * np.cos(frequencies * place)).sum(1)


wrong = [np.sqrt(((score(by_hand, a) - score(rounded, a)) ** 2).mean()) for a in distance]
size = [np.sqrt((score(by_hand, a) ** 2).mean()) for a in distance]
right.plot(distance, np.array(wrong) / np.array(size), "C1")
right.set(xscale="log", title="Error of q.k / size of q.k", xlabel="places between them", ylim=(0, None))
plt.show()
at = {int(place): float(np.abs(by_hand - rounded).max() * place) for place in places}
print("largest error of an angle:", {place: f"{value:.2g} rad" for place, value in at.items()})
assert at[100] < 0.03 and at[100_000] > 20

# %% [markdown]
# At a hundred places nobody sees it; at a hundred thousand nine pairs are off by one turn or several, so they point anywhere. That is why it is on the list of mistakes that pass
# every short test (`gptoss.pitfalls["yarn_bounds_rounded"]`), and why the reference computes the angle as the official model
# does. nano, with the same numbers and a head of 32 channels, shows where such a run leaves the right one first:

# %%
pitfall = gptoss.pitfalls["yarn_bounds_rounded"]
print(pitfall.mistake, "|", pitfall.symptom)
m = gptoss.Model()
ids = m.ids_of("<|start|>user<|message|>" + "Sort: hat cat sun. " * 8)
comparison = gptoss.compare(m.trace(ids), m.trace(ids, pitfall="yarn_bounds_rounded"))
print(comparison.reason)
assert comparison.first_divergence == "block.0.attn.q_rope"

# %% [markdown]
# ## Exercises
#
# 1. What does `q.k` over the distance look like for a head that uses only the eight fastest pairs? Only the eight slowest?
# 2. In the first figure of "How exact", how many bits must a float have for place 131,071 to be right to 0.01 radians?
# 3. Turn by place - 1000 in place of place, everywhere. Which activations of a trace change, and which must not?
