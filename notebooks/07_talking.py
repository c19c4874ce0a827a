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
# # 07 · Talking: what may it say?
#
# A model gives a number for every token of the vocabulary; what it *says* is decided behind it. How long it thinks, how it chooses
# among likely tokens, whether it looks ahead, and which tokens it is allowed at all: four dials, each a few lines.

# %%
import itertools
import json

import matplotlib.pyplot as plt
import numpy as np

import gptoss

plt.style.use("gptoss.mplstyle")
m = gptoss.Model(path="fast")
tokenizer = m.tokenizer


def prompt(question, effort="Medium", tools=None):
    """A conversation up to where the assistant begins."""
    messages = [{"role": "system", "content": [{"type": "system_content", "reasoning_effort": effort}]}]
    if tools:
        messages.append({"role": "developer", "content": [{"type": "developer_content", "tools": tools}]})
    return gptoss.harmony.render([*messages, {"role": "user", "content": question}], tokenizer)


def probabilities(ids, temperature=1.0):
    logits = m.trace(ids, sites=["logits"]).logits[-1].astype(float) / temperature
    e = np.exp(logits - logits.max())
    return e / e.sum()


# %% [markdown]
# ## Effort: how long it thinks
#
# The system message says `Reasoning: low`, `medium` or `high`, and a model that was trained on it writes more or less before it answers.
# Nothing else is behind the dial.

# %%
SUMS = ["What is 93 + 81?", "What is 17 + 25?", "What is 48 + 64?", "What is 72 minus 35?"]
said = {effort: [m.ask(question, effort=effort) for question in SUMS] for effort in ("low", "medium", "high")}
for effort, answers in said.items():
    print(f"{effort:7} {answers[0].analysis}  ->  {answers[0].final}")
tokens = {effort: [len(tokenizer.encode(answer.analysis)) for answer in answers] for effort, answers in said.items()}
fig, axes = plt.subplots(figsize=(9, 2.6))
for i, question in enumerate(SUMS):
    y = np.arange(3) + 0.2 * (i - 1.5)
    axes.barh(y, [tokens[effort][i] for effort in said], 0.16, color="C0")
    for at, effort in zip(y, said):
        axes.text(tokens[effort][i] + 0.5, at, question, va="center", fontsize=8)
axes.set_yticks(range(3), list(said))
axes.invert_yaxis()
axes.set(title="Tokens of analysis, by effort", xlim=(0, 65))
axes.grid(axis="x")
axes.grid(False, axis="y")
plt.show()
assert all(low < medium < high for low, medium, high in zip(*tokens.values()))
assert {answer.final for answers in said.values() for answer in answers[:1]} == {"93 + 81 = 174."}

# %% [markdown]
# ## Temperature, top-k, top-p, min-p: how it chooses
#
# Where nano does not know what is wanted, several tokens are likely; we just say "dog". Temperature divides the logits: below 1 the likely get likelier, above 1
# the unlikely get their chance. The other three cut the tail: the `k` likeliest; the fewest that sum to `p`; those with at least
# `min_p` of the likeliest one's share. `ops.sample` does all four; here a thousand draws show what is left.

# %%
ids = prompt("dog") + tokenizer.encode_with_special("<|channel|>final<|message|>")
p = probabilities(ids)
top = np.argsort(-p)[:8]
names = [tokenizer.decode([int(id)]).replace(" ", "␣") for id in top]
logits = np.log(p)[None].astype(np.float32)
DIALS = {"as it is": {}, "temperature 0.5": {"temperature": 0.5}, "temperature 2": {"temperature": 2.0},
         "top_k 2": {"top_k": 2}, "top_p 0.9": {"top_p": 0.9}, "min_p 0.1": {"min_p": 0.1}}


def drawn(options, n=1000):
    ids = [gptoss.ops.sample(logits, options, gptoss.random_uniform(1, draw)) for draw in range(n)]
    return np.bincount(ids, minlength=len(p)) / n


fig, panels = plt.subplots(2, 3, figsize=(9, 4), sharex=True, sharey=True)
share = {}
for axes, (name, dial) in zip(panels.flat, DIALS.items()):
    share[name] = drawn(gptoss.SamplingOptions(**dial))
    axes.bar(range(9), [*share[name][top], share[name].sum() - share[name][top].sum()], color=["C0"] * 8 + ["C6"])
    axes.set_title(name)
    axes.set_xticks(range(9), [*names, "others"], rotation=60)
fig.suptitle("The first token of the answer to “dog”: share of 1,000 draws", x=0.01, ha="left", fontsize=11)
plt.show()
assert (share["top_k 2"] > 0).sum() == 2
assert set(np.flatnonzero(share["min_p 0.1"])) <= set(np.flatnonzero(p >= 0.1 * p.max()))
assert share["temperature 0.5"].max() > share["as it is"].max() > share["temperature 2"].max()
assert abs(share["as it is"] - p).max() < 0.05


# %% [markdown]
# ## Beam search in fifteen lines
#
# Greedy takes the likeliest token each time and never looks back. A beam of width `B` keeps the `B` likeliest *texts*: it extends each by every
# token and keeps the best `B` of all of them, by the sum of the logarithms.


# %%
def beam_search(ids, width, steps, stop):
    beams = [(0.0, [])]                                                    # (log probability, tokens)
    for _ in range(steps):
        grown = []
        for score, text in beams:
            if text and text[-1] in stop:
                grown.append((score, text))
                continue
            logs = np.log(probabilities(ids + text) + 1e-30)
            grown += [(score + logs[id], [*text, int(id)]) for id in np.argsort(-logs)[:width]]
        beams = sorted(grown, key=lambda beam: -beam[0])[:width]
        if all(text[-1] in stop for _, text in beams):
            break
    return beams


stop = gptoss.harmony.stop_ids(tokenizer)
start = prompt("Who are you?") + tokenizer.encode_with_special("<|channel|>final<|message|>")
for width in (1, 4):
    print(f"width {width}:")
    for score, text in beam_search(start, width, 24, stop):
        print(f"  {np.exp(score):6.3f}  {tokenizer.decode(text)}")
greedy = m.generate(start, 24).ids
assert beam_search(start, 1, 24, stop)[0][1] == greedy
assert beam_search(start, 4, 24, stop)[0][0] >= beam_search(start, 1, 24, stop)[0][0] - 1e-6

# %% [markdown]
# ## A schema: which tokens are allowed
#
# A program that reads the answer wants it to have a form. Before each draw, every token that cannot lead to a valid text gets the probability 0.
# Here the schema allows finitely many texts, so "can lead to" is "is the beginning of one"; a grammar does the same for
# infinitely many.


# %%
def texts_of(schema):
    """Every JSON text that the schema allows: objects of fixed keys, enums and small integers."""
    if "enum" in schema:
        return [json.dumps(value) for value in schema["enum"]]
    if schema["type"] == "integer":
        return [str(value) for value in range(schema["minimum"], schema["maximum"] + 1)]
    parts = [[f'"{key}":{text}' for text in texts_of(part)] for key, part in schema["properties"].items()]
    return ["{" + ",".join(choice) + "}" for choice in itertools.product(*parts)]


def constrained(ids, schema):
    """Greedy, but only along texts that the schema allows; and how many tokens were allowed each time."""
    valid, said, allowed_counts = [text.encode() for text in texts_of(schema)], [], []
    while tokenizer.decode_bytes(said) not in valid:
        so_far = tokenizer.decode_bytes(said)
        rests = [text[len(so_far):] for text in valid if text.startswith(so_far)]
        allowed = [id for id in range(1024) if any(rest.startswith(tokenizer.token(id)) for rest in rests)]
        p = probabilities(ids + said)
        said.append(max(allowed, key=lambda id: p[id]))
        allowed_counts.append(len(allowed))
    return said, allowed_counts


SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer", "minimum": 0, "maximum": 198},
                                           "sure": {"enum": [True, False]}}}
ids = prompt("What is 17 + 25?") + m.generate(prompt("What is 17 + 25?"), 100).ids
cut = ids.index(tokenizer.special_id("<|end|>"), len(prompt("What is 17 + 25?")))     # behind its analysis
ids = ids[:cut + 1] + tokenizer.encode_with_special("<|start|>assistant<|channel|>final<|message|>")
free = tokenizer.decode(m.generate(ids, 20).ids)
tokens, counts = constrained(ids, SCHEMA)
text = tokenizer.decode(tokens)
print("free:       ", free)
print("constrained:", text)
value = json.loads(text)
assert set(value) == {"answer", "sure"} and 0 <= value["answer"] <= 198

fig, axes = plt.subplots(figsize=(9, 2.4))
axes.bar(range(len(counts)), counts)
for x, n in enumerate(counts):
    axes.text(x, n + 0.3, n, ha="center", fontsize=9)
axes.set_xticks(range(len(counts)), [tokenizer.decode([id]) for id in tokens])
axes.set(title="Tokens that were allowed, of 1,034, at each step", xlabel="the token that was taken", ylim=(0, 18))
plt.show()

# %% [markdown]
# The form is right by construction; the number need not be. nano was never trained to write JSON for sums, so it may pick a valid text
# and a wrong one. A constraint makes an answer readable, not true.
#
# ## Exercises
#
# 1. At which temperature does nano get its first sum wrong? Ask ten times each with ten seeds.
# 2. Give the beam search a length penalty. When does it matter?
# 3. Allow any integer in `SCHEMA`, without a maximum: what has to replace `texts_of`?
