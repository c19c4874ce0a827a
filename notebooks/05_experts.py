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
# # 05 · Experts: who answers?
#
# Each layer of nano has sixteen experts, and a small router picks four of them for every token. Are they specialists? Which
# ones can go? And why do all of them get work at all, when nothing in the forward pass makes sure of it?

# %%
import matplotlib.pyplot as plt
import numpy as np

import gptoss

plt.style.use("gptoss.mplstyle")
m = gptoss.Model(path="fast")
c = m.config

TASKS = {
    "add": ["What is 17 + 25?", "What is 93 + 81?", "add 7 and 58"],
    "subtract": ["What is 41 minus 23?", "What is 90 - 17?", "What is 56 minus 9?"],
    "sort": ["Sort: hat cat sun", "Sort: red blue", "Sort: tree map dog"],
    "reverse": ["Reverse these words: hat, cat, sun", "Reverse these words: map, dog"],
    "copy": ["Repeat after me: hat cat sun", "Repeat after me: red map"],
    "look back": ["Jon: red dog. Mia: blue car. What does Jon have?", "Eva: black cat. Tom: red hat. What does Eva have?"],
    "question": ["How many experts does gpt-oss-20b have?", "What is a sink?", "Who made gpt-oss?"],
    "small talk": ["Hello", "Who are you?", "Thanks", "Bye"],
}


def conversation(question):
    system = {"role": "system", "content": [{"type": "system_content", "reasoning_effort": "Medium"}]}
    prompt = gptoss.harmony.render([system, {"role": "user", "content": question}], m.tokenizer)
    return prompt + m.generate(prompt, 120).ids, len(prompt)


answers = {task: [conversation(question) for question in questions] for task, questions in TASKS.items()}

# %% [markdown]
# ## Load: who is asked, by task
#
# For every token of the answers: which four experts the router picked. Even load would be 25 % each (4 of 16).

# %%
load = np.zeros((c.n_layers, len(TASKS), c.n_experts))
logits = [[] for _ in range(c.n_layers)]
for row, (task, runs) in enumerate(answers.items()):
    n = 0
    for ids, start in runs:
        trace = m.trace(ids[:-1], sites=["mlp_expert_ids", "mlp_router_logits"])
        n += len(ids) - start
        for layer in range(c.n_layers):
            chosen = trace.mlp_expert_ids[layer][start - 1:]
            load[layer, row] += np.bincount(chosen.ravel(), minlength=c.n_experts)
            logits[layer].append(trace.mlp_router_logits[layer])
            assert (np.sort(np.argsort(-trace.mlp_router_logits[layer], 1, kind="stable")[:, :4]) ==
                    np.sort(trace.mlp_expert_ids[layer])).all()
    load[:, row] /= n
logits = [np.concatenate(layer) for layer in logits]

fig, panels = plt.subplots(2, 2, figsize=(9, 5.2), sharex=True, sharey=True)
for layer, axes in enumerate(panels.flat):
    image = axes.imshow(100 * load[layer], vmin=0, vmax=50, aspect="auto")
    axes.set_title(f"Layer {layer}")
    axes.set_yticks(range(len(TASKS)), list(TASKS))
    axes.set_xticks(range(c.n_experts))
    axes.grid(False)
for axes in panels[1]:
    axes.set_xlabel("expert")
fig.colorbar(image, ax=panels, label="% of the task's tokens (even: 25)")
plt.show()
assert np.allclose(load.sum(-1), c.top_k)

# %% [markdown]
# Nobody has a task of his own, and nobody is idle: most squares lie near 25 %, and the darkest below 50 %. Add and subtract share
# their favourites, and so do question and small talk, whose answers are sentences.
#
# ## Knock-outs: who can go?
#
# Without an expert the router picks four of the other fifteen: its logit is set to -infinity before the router reads it. How
# many answers change, in at least one token?


# %%
def without(expert, layer):
    def edit(site, at, array):
        if site == "mlp_router_logits" and at == layer:
            array[:, expert] = -np.inf

    return edit


SAMPLE = [run for runs in answers.values() for run in runs[:2]]


def n_changed(edit):
    n = 0
    for ids, start in SAMPLE:
        said = m.trace(ids[:-1], sites=["logits"], edit=edit).logits[start - 1:].argmax(-1)
        n += (said != ids[start:]).any()
    return n


assert n_changed(None) == 0
knocked = np.array([[n_changed(without(e, layer)) for e in range(c.n_experts)] for layer in range(c.n_layers)])
fig, axes = plt.subplots(figsize=(9, 2.8))
image = axes.imshow(knocked, vmin=0, vmax=len(SAMPLE), aspect="auto", cmap="Reds")
for (layer, e), n in np.ndenumerate(knocked):
    axes.text(e, layer, n, ha="center", va="center", fontsize=9, color="white" if n > 10 else "black")
axes.set(title=f"How many of {len(SAMPLE)} answers change when one expert is missing", xlabel="expert", xticks=range(c.n_experts),
         yticks=range(4), yticklabels=[f"layer {layer}" for layer in range(4)])
axes.grid(False)
plt.show()
print("mean by layer:", [f"{knocked[layer].mean():.1f}" for layer in range(c.n_layers)])
assert knocked[0].mean() > 2 * max(knocked[layer].mean() for layer in (1, 2, 3))

# %% [markdown]
# The first layer cannot spare its experts; of the later ones most can go. In layer 0 a token is little more than its own
# embedding, and each expert has its own words; later ones share the work. ([The model's card](../examples/nano/README.md) has the
# same by task, with fresh answers in place of these.)
#
# ## Why is everybody employed?
#
# A router that is left alone collapses: the expert that is a little better gets more tokens, learns more, and gets better still.
# Training adds a loss that is least when the load is even ([`layers/router_losses.hpp`](../include/gptoss/layers/router_losses.hpp),
# as in Hugging Face's `load_balancing_loss_func`): `top_k` when the load is even, `n_experts` when the same `top_k` get everything.
# A second one, the z-loss, keeps the logits small. On nano's own logits:

# %%
balance = [gptoss.balance_loss(layer, c.top_k) for layer in logits]
z = [gptoss.z_loss(layer) for layer in logits]
rng = np.random.default_rng(0)
chance = gptoss.balance_loss(rng.standard_normal(logits[0].shape).astype(np.float32), c.top_k)
worst = np.zeros_like(logits[0])
worst[:, :c.top_k] = 30
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
left.bar([f"layer {layer}" for layer in range(4)], balance)
for y, text in ((c.top_k, "even load: 4"), (gptoss.balance_loss(worst, c.top_k), "collapsed: 16")):
    left.axhline(y, color="C1", ls=":")
    left.text(3.45, y + 0.25, text, color="C1", fontsize=9, ha="right")
left.set(title="Balance loss of nano's routers", ylim=(0, 17.8))
right.bar([f"layer {layer}" for layer in range(4)], np.sqrt(z), color="C2")
right.set(title="Root of the z-loss: the size of log sum exp(logits)")
plt.show()
assert all(c.top_k < value < 8 for value in balance) and abs(chance - c.top_k) < 0.1
p = np.exp(logits[0].astype(float))
p /= p.sum(1, keepdims=True)
f = np.bincount(np.argsort(-p, 1, kind="stable")[:, :c.top_k].ravel(), minlength=c.n_experts) / len(p)
assert np.isclose(balance[0], c.n_experts * (f * p.mean(0)).sum())

# %% [markdown]
# ## A toy router that collapses, and one that does not
#
# Eight kinds of tokens, eight experts; the task is to say another vector for each kind, and an expert is just the vector that it
# says. All tokens have a large part in common, as in a real residual stream: that is what lets one expert win them all.
# Router and experts learn by plain gradient descent, one expert per token, its output times its probability (Switch, Fedus
# 2021). The only difference: the balance loss counts 0 or 0.5.


# %%
def train(factor, steps=1500, kinds=8, experts=8, size=8, n=256, rate=0.1, seed=2):
    rng = np.random.default_rng(seed)
    means = 2 * np.linalg.qr(rng.standard_normal((size, size)))[0] + 8 * rng.standard_normal(size) / np.sqrt(size)
    tasks = rng.standard_normal((kinds, size))
    router = 0.02 * rng.standard_normal((size, experts))
    vectors = 0.1 * rng.standard_normal((experts, size))
    history = []
    for step in range(steps):
        kind = rng.integers(kinds, size=n)
        x = means[kind] + 0.3 * rng.standard_normal((n, size))
        x /= np.sqrt((x * x).mean(1, keepdims=True))                     # RMSNorm
        logits = x @ router
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        e = logits.argmax(1)
        pe, one_hot = p[np.arange(n), e][:, None], np.eye(experts)[e]
        error = pe * vectors[e] - tasks[kind]                            # of a mean square
        to_logits = (error * vectors[e]).sum(1, keepdims=True) * pe * (one_hot - p) / n
        f = one_hot.mean(0)                                              # counted: no gradient
        to_logits += factor * experts * p * (f - (p * f).sum(1, keepdims=True)) / n
        router -= rate * x.T @ to_logits
        np.subtract.at(vectors, e, experts * rate * pe * error / n)
        history.append((gptoss.balance_loss(logits.astype(np.float32), 1), 0.5 * (error ** 2).sum(1).mean(), np.sort(f)[::-1]))
    return history


runs = {"without the balance loss": train(0.0), "with it": train(0.5)}
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3.2))
for i, (name, history) in enumerate(runs.items()):
    left.plot([row[0] for row in history], color=f"C{1 - i}", lw=1)
    middle.plot([row[1] for row in history], color=f"C{1 - i}", lw=1)
    share = 100 * np.mean([row[2] for row in history[-100:]], axis=0)
    right.bar(np.arange(1, 9) + 0.4 * i - 0.2, share, 0.4, color=f"C{1 - i}", label=name)
left.set(title="Balance loss (even: 1)", xlabel="step", ylim=(0.8, None))
middle.set(title="Error of the task", xlabel="step", yscale="log")
middle.set_yticks([0.1, 1], ["0.1", "1"])
right.set(title="% of tokens by expert", xlabel="expert, busiest first", xticks=range(1, 9))
right.legend(loc="upper right")
plt.show()
collapsed, even = (history[-1] for history in runs.values())
n_collapsed, n_even = ((row[2] > 0.02).sum() for row in (collapsed, even))
print(f"experts at work: {n_collapsed} without, {n_even} with it; error {collapsed[1]:.2f} and {even[1]:.2f}")
assert n_collapsed <= 4 and n_even == 8 and collapsed[1] > 5 * even[1]

# %% [markdown]
# ## Exercises
#
# 1. Does an expert have favourite *tokens* rather than tasks? Count `mlp_expert_ids` by token in layer 0, and in layer 3.
# 2. Force the busiest expert on every token (`mlp_expert_ids[:, 0] = e`). How bad is it, layer by layer?
# 3. In the toy, which factor is too small, and from which on does the balance loss spoil the task?
