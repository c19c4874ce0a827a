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
# # 04 · Attention: who looks at whom, and why sinks?
#
# In every layer every token asks the ones before it. Who answers is decided by masks (what may be seen at all), by scores (what
# is worth seeing), and, in gpt-oss, by a *sink*: a learned number per head that competes with the tokens and gives
# nothing. Here are all three in nano, and what it says when the sinks are switched off.

# %%
import matplotlib.pyplot as plt
import numpy as np

import gptoss

plt.style.use("gptoss.mplstyle")
m = gptoss.Model()
c = m.config


def conversation(question, effort="Medium"):
    """A question and what nano answers, as one list of ids; and where the answer begins."""
    system = {"role": "system", "content": [{"type": "system_content", "reasoning_effort": effort}]}
    prompt = gptoss.harmony.render([system, {"role": "user", "content": question}], m.tokenizer)
    return prompt + m.generate(prompt, 120).ids, len(prompt)


ids, start = conversation("Jon: red dog. Mia: blue car. What does Jon have?")
words = [m.tokenizer.decode([id]) for id in ids]
trace = m.trace(ids, sites="all")
print(len(ids), "tokens; the answer:", repr("".join(words[start:])))

# %% [markdown]
# ## Masks: what may be seen
#
# Nobody sees the future. Even layers see a window (nano: the last 16 tokens, itself included; the released models: 128), odd
# layers everything. A score that is hidden is -infinity, and its weight 0 exactly.

# %%
fig, panels = plt.subplots(1, 2, figsize=(8, 4), sharey=True)
for axes, layer in zip(panels, (0, 1)):
    visible = np.isfinite(trace.attn_scores[layer][0])                     # (T, S) of head 0
    axes.imshow(visible, vmin=0, vmax=1.6)
    axes.grid(False)
    kind = f"the last {c.window(layer)}" if c.window(layer) else "everything before"
    axes.set(title=f"Layer {layer}: {kind}", xlabel="token that is looked at")
    for h in range(c.n_heads):
        assert (np.isfinite(trace.attn_scores[layer][h]) == visible).all()
    age = np.arange(len(ids))[:, None] - np.arange(len(ids))
    assert (visible == ((age >= 0) & (age < (c.window(layer) or 10 ** 9)))).all()
panels[0].set_ylabel("token that looks")
plt.show()

# %% [markdown]
# ## Heads: what is worth seeing
#
# Sixteen heads per layer, each with weights of its own. Here are those of layer 0 among the last 24 tokens: a line beside the diagonal
# is a head that looks a fixed way back, a column is a token that many look at, and a pale head gives its weight to its
# sink.

# %%
n = 24
fig, panels = plt.subplots(2, 8, figsize=(9, 3.0), sharex=True, sharey=True)
for h, axes in enumerate(panels.flat):
    axes.imshow(trace.attn_weights[0][h][-n:, -n:], vmin=0, vmax=0.8)
    axes.set_title(f"head {h}", fontsize=9)
    axes.grid(False)
    axes.set(xticks=[], yticks=[])
panels[1, 0].set(xlabel="looked at", ylabel="looks")
fig.suptitle("Layer 0: who of the last 24 tokens looks at whom", x=0.01, ha="left", fontsize=11)
plt.show()

# %% [markdown]
# How far back does a head look? The mean distance, over the tokens of the answer; half of the layers cannot look
# further than 15.

# %%
age = np.arange(len(ids))[:, None] - np.arange(len(ids))
distance = np.array([[(w[start:] * age[start:]).sum() / w[start:].sum() for w in layer] for layer in trace.attn_weights])
fig, axes = plt.subplots(figsize=(9, 2.8))
for layer in range(c.n_layers):
    axes.scatter(np.sort(distance[layer]), [layer] * c.n_heads, s=40, alpha=0.7, color="C1" if c.window(layer) else "C0")
axes.axvline(c.sliding_window - 1, color="C1", ls=":")
axes.text(c.sliding_window, 3.35, "end of the window", color="C1", fontsize=9)
axes.set(yticks=range(4), yticklabels=[f"layer {l}, {'window' if c.window(l) else 'full'}" for l in range(4)], ylim=(-0.6, 3.8),
         title="How far back a head looks, in tokens (a point per head)", xlabel="mean distance of what it looks at")
plt.show()
assert distance[0].max() < c.sliding_window and distance[1].max() > c.sliding_window

# %% [markdown]
# ## Sinks: what is not spent
#
# A softmax gives away all of its weight: a head that has nothing to say must still look at something. The sink takes part in the
# softmax and has no value, so what it gets is not spent:
#
# $$w_s = \frac{e^{score_s}}{\sum_s e^{score_s} + e^{sink}}$$

# %%
share = np.array([layer.mean(0) for layer in trace.attn_sink_share])       # (layers, heads)
fig, axes = plt.subplots(figsize=(9, 2.6))
image = axes.imshow(share, vmin=0, vmax=1, aspect="auto")
for layer in range(c.n_layers):
    for h in range(c.n_heads):
        axes.text(h, layer, f"{100 * share[layer, h]:.0f}", ha="center", va="center", fontsize=9,
                  color="white" if share[layer, h] > 0.6 else "black")
axes.set(title="Share of each head that goes to its sink, in %", xlabel="head", xticks=range(c.n_heads), yticks=range(4),
         yticklabels=[f"layer {l}" for l in range(4)])
axes.grid(False)
plt.show()
for layer in range(c.n_layers):                                            # what is not in the weights is in the sink
    total = trace.attn_weights[layer].sum(-1).T + trace.attn_sink_share[layer]
    assert np.allclose(total, 1, atol=1e-5)

# %% [markdown]
# ## Sinks off
#
# With the sinks at -infinity every head has to spend everything. nano learned with sinks and is not used to that. Of its answers to
# sixteen questions, how many would still be the same, token for token?

# %%
QUESTIONS = ["What is 17 + 25?", "What is 93 + 81?", "What is 41 minus 23?", "add 7 and 5", "Sort: hat cat sun", "Sort: red blue cat",
             "Reverse these words: hat, cat, sun", "Repeat after me: hat cat sun", "Jon: red dog. Mia: blue car. What does Jon have?",
             "How many experts does gpt-oss-20b have?", "What is a sink?", "Hello", "Who are you?", "Thanks", "Bye",
             "What is the capital of France?"]
tuned = gptoss.Model(path="fast")


def sinks_off(layers):
    def edit(site, layer, array):
        if site == "attn_sinks" and layer in layers:
            array[:] = -np.inf

    return edit


def n_same(edit):
    """Answers of which every token is still the likeliest."""
    n = 0
    for tokens, begin in answers:
        said = tuned.trace(tokens[:-1], sites=["logits"], edit=edit).logits[begin - 1:].argmax(-1)
        n += (said == tokens[begin:]).all()
    return n


answers = [conversation(question) for question in QUESTIONS]
cases = {"as it is": (), "off in layer 0": (0,), "off in layer 1": (1,), "off in layer 2": (2,), "off in layer 3": (3,),
         "off in the window layers": (0, 2), "off in the full layers": (1, 3), "off everywhere": (0, 1, 2, 3)}
result = {name: n_same(sinks_off(layers) if layers else None) for name, layers in cases.items()}
assert result["as it is"] == len(answers)
assert result["off everywhere"] <= 2

fig, axes = plt.subplots(figsize=(9, 2.9))
axes.barh(list(result), list(result.values()), color=["C0"] + ["C1"] * 7)
for y, value in enumerate(result.values()):
    axes.text(value + 0.15, y, value, va="center", fontsize=9)
axes.invert_yaxis()
axes.set(title="Answers of 16 that stay the same with sinks off", xlim=(0, 17.5), xticks=[0, 4, 8, 12, 16])
axes.grid(axis="x")
axes.grid(False, axis="y")
plt.show()

# %% [markdown]
# The edit is exactly the mistake that a port makes when it leaves the sinks out, bit for bit:

# %%
edited = m.trace(ids, sites="all", edit=sinks_off((0, 1, 2, 3)))
mistaken = m.trace(ids, sites="all", pitfall="sinks_missing")
assert all((edited[name] == mistaken[name]).all() for name in mistaken)
print(edited.edited)
print(gptoss.diagnose(mistaken, m).reason)

# %% [markdown]
# ## Exercises
#
# 1. Switch the window off instead (`"attn_window"`, set to 0). Which layers mind, and from which length of the prompt on?
# 2. Which single head can nano least do without? Set its channels of `attn_mix` to 0, head by head, as in notebook 01.
# 3. Raise all sinks by 1. Is that better or worse than lowering them by 1?
