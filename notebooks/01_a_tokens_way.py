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
# # 01 · A token's way: what happens to "7+5=" inside nano?
#
# nano has 1.8 million parameters and was trained to talk a little. Asked for 7 + 5 it first writes to itself: `7+5=12`. The
# moment to look at is the token `=`: behind it comes `12`, so whatever finds the answer happens on the way of that one
# token through four layers. Three ways to look: read the stream before it is finished, see which tokens the heads look at,
# and switch heads off.

# %%
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np

import gptoss

plt.style.use("gptoss.mplstyle")
m = gptoss.Model()
c = m.config

question = gptoss.harmony.render(
    [{"role": "system", "content": [{"type": "system_content", "reasoning_effort": "Low"}]},
     {"role": "user", "content": "What is 7 + 5?"}], m.tokenizer)
answer = m.generate(question, 100).ids
print(m.tokenizer.decode(answer))

# %%
words = [m.tokenizer.decode([id]) for id in answer]
n = words.index("=") + 1
ids = question + answer[:n]                       # up to and with the first "="
last = [m.tokenizer.decode([id]) for id in ids]
assert "".join(last[-4:]) == "7+5="
trace = m.trace(ids, sites="all")
print(f"{len(ids)} tokens, the last ones: {last[-8:]}; and then: {words[n]!r}")

# %% [markdown]
# ## The lens: what would it say, if it had to speak now?
#
# The unembedding reads the stream behind the last layer. Nothing forbids to read it earlier: the *logit lens* (nostalgebraist
# 2020) takes the residual stream after each half layer, norms it as the last one is normed, and shows the likeliest token.


# %%
def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


halves = {"embedding": trace.embedding}
for layer in range(c.n_layers):
    halves[f"attention {layer}"] = trace.attn_residual[layer]
    halves[f"experts {layer}"] = trace.mlp_residual[layer]
seen = {name: softmax(m.lens(stream)) for name, stream in halves.items()}

N = 8
best = np.array([p[-N:].argmax(-1) for p in seen.values()])
share = np.array([p[-N:].max(-1) for p in seen.values()])
fig, axes = plt.subplots(figsize=(9, 4.2))
image = axes.imshow(share, vmin=0, vmax=1, aspect="auto")
for row in range(len(halves)):
    for column in range(N):
        token = m.tokenizer.decode([best[row, column]]).replace("\n", "\\n").replace(" ", "␣")
        axes.text(column, row, token, ha="center", va="center", fontsize=9,
                  color="white" if share[row, column] > 0.6 else "black")
axes.set_xticks(range(N), [token.replace(" ", "␣") for token in last[-N:]])
axes.set_yticks(range(len(halves)), list(halves))
axes.set(title="The likeliest next token, read after every half layer", xlabel="token that is read")
axes.grid(False)
fig.colorbar(image, label="probability")
plt.show()

twelve = m.tokenizer.encode("12")
assert len(twelve) == 1
p_twelve = {name: float(p[-1, twelve[0]]) for name, p in seen.items()}
for name, p in p_twelve.items():
    print(f"{name:12} P(12) = {p:.3f}   likeliest {m.tokenizer.decode([int(seen[name][-1].argmax())])!r}")

# %% [markdown]
# Behind layer 0 the stream of `=` has no idea yet, at least none that the unembedding can read. Behind the experts of layer 1
# it says `12`, and nearly certain. Layers 2 and 3 have nothing to add here.

# %%
assert round(p_twelve["experts 1"], 3) == 0.999
assert m.tokenizer.decode([int(trace.logits[-1].argmax())]) == "12"

# %% [markdown]
# ## The heads: where does "=" look?
#
# To add 7 and 5 the token `=` has to get at both: they stand three places and one place before it. Attention is the only way from one
# token to another. So some head must look at `7` and one at `5`, and before layer 1.

# %%
weights = np.stack([layer[:, -1, -N:] for layer in trace.attn_weights])    # (layers, heads, last N tokens)
sinks = np.stack([layer[-1] for layer in trace.attn_sink_share])           # (layers, heads)
fig, panels = plt.subplots(1, 2, sharey=True, figsize=(9, 4.4))
for axes, layer in zip(panels, (0, 1)):
    shown = np.concatenate([sinks[layer][:, None], weights[layer]], axis=1)
    image = axes.imshow(shown, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(N + 1), ["sink", *(token.replace(" ", "␣") for token in last[-N:])])
    axes.set_yticks(range(c.n_heads))
    axes.set(title=f"Layer {layer}: what each head of '=' looks at", xlabel="the sink, and the last tokens")
    axes.grid(False)
panels[0].set_ylabel("head")
fig.colorbar(image, ax=panels, label="weight")
plt.show()

SEVEN, FIVE = -4, -2                                                       # places, from the end
on_five, on_seven = weights[0][:, FIVE], weights[0][:, SEVEN]
print(f"layer 0: head {on_five.argmax()} looks at '5' with {on_five.max():.3f}, "
      f"head {on_seven.argmax()} at '7' with {on_seven.max():.3f}")
assert on_five.argmax() == 7 and round(float(on_five.max()), 3) == 0.990
assert on_seven.argmax() == 11 and round(float(on_seven.max()), 2) == 0.96

# %% [markdown]
# ## The proof: switch them off
#
# That a head looks at something does not show that anything comes of it. So we run the model once more and set what the
# head found to zero, before the next op reads it: `edit` is asked at every site, and writes into `attn_mix`, where each head
# has 32 channels of its own.


# %%
def answer_without(*heads, layer=0):
    def edit(site, at, array):
        if site == "attn_mix" and at == layer:
            for head in heads:
                array[-1, head * c.head_dim:(head + 1) * c.head_dim] = 0    # of the token "=" only

    p = softmax(m.trace(ids, sites=["logits"], edit=edit).logits[-1])
    return m.tokenizer.decode([int(p.argmax())]), p


for heads in ((), (11,), (7,), (7, 11), (3, 13), (0, 5)):
    said, p = answer_without(*heads)
    print(f"without {str(heads or 'any'):10} {said!r}  with {p.max():.3f}")

assert answer_without(11)[0] == "11"
assert answer_without(7, 11)[0] == "10"
assert answer_without(3, 13)[0] == "12"            # two control heads

# %%
one_off = [answer_without(head)[1][twelve[0]] for head in range(c.n_heads)]
fig, axes = plt.subplots(figsize=(9, 2.8))
colors = ["C1" if head in (7, 11) else "C6" for head in range(c.n_heads)]
axes.bar(range(c.n_heads), one_off, color=colors)
for head, value in enumerate(one_off):
    axes.text(head, value + 0.02, answer_without(head)[0], ha="center", fontsize=9)
axes.set(xticks=range(c.n_heads), xlabel="head of layer 0 that is switched off at '='", ylim=(0, 1.15),
         title="P(12) without one head; above each bar the answer")
plt.show()

# %% [markdown]
# Without the head that looks at `7` the sum comes out wrong by a little, and without both it is `10`. Is that so of any
# two heads? There are 91 pairs among the other fourteen:

# %%
others = [head for head in range(c.n_heads) if head not in (7, 11)]
harmful = [pair for pair in combinations(others, 2) if answer_without(*pair)[0] != "12"]
print("pairs that change the answer:", harmful)
assert harmful == [(0, 5)]
for head in (0, 5):
    print(f"head {head} looks at {last[-N:][int(weights[0][head].argmax())]!r} with {weights[0][head].max():.2f}")

# %% [markdown]
# Only one: heads 0 and 5, and a look at the picture above says why: they are a second pair that reads `5` and `7`. The sum needs
# both pairs, and no other head. That is a small circuit, found in three steps: read, look, cut.
#
# ## Exercises
#
# 1. Take `What is 4 + 8?`: do the same heads look at the operands? What does cutting them do there?
# 2. Ask for 17 + 25. The tens come after the ones, `1+2+1=4`: which head carries the carry?
# 3. `edit` can also write into `mlp_router_logits`. Which expert of layer 1 can `=` not do without?
