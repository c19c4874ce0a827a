"""Conversations to train and to test nano: seeded, in the Harmony format, with held-out splits.

    python generate_data.py --count 200 --seed 7 --out held_out.jsonl

What is asked lies in tasks.py and words.py, how it is written down in render.py.
"""

import argparse
import json
import random
from pathlib import Path

from render import Rendered, Turn, context, render_context, render_turns, system_text, tools_section
from tasks import TASKS, copy_long
from vocabulary import decode

EFFORTS = ("low", "medium", "high")

# ---- batches for training --------------------------------------------------------------------

SECOND_PART_FROM, THIRD_PART_FROM = 7000, 13150                 # steps
LAST_PART_FROM, NAMES_FROM = 16650, 18650
LISTS = ("copy", "reverse", "sort")

FIRST_PART = {"add": 1.8, "subtract": 1.8, "copy": 0.9, "reverse": 1.8, "sort": 2.4, "retrieve": 2.0,
         "question": 1.0, "greeting": 0.5, "refusal": 0.4, "no weather": 0.2}

# What was still wrong at the end of the first part weighs more.
SECOND_PART = {"add": 2.0, "subtract": 1.6, "copy": 1.0, "reverse": 2.6, "sort": 3.2,
               "retrieve": 2.6, "question": 0.8, "greeting": 0.4, "refusal": 0.3,
               "no weather": 0.2}
# Lists in more wordings: "these words" are none of the words.
THIRD_PART = {"add": 1.5, "subtract": 1.0, "copy": 2.0, "reverse": 3.0, "sort": 3.0,
              "retrieve": 2.0, "question": 1.0, "greeting": 0.8, "refusal": 0.3,
              "no weather": 0.2}
# More wordings of sums, and names of any letters.
LAST_PART = THIRD_PART | {"add": 3.5, "subtract": 2.0}


def task_weights(tools: list[str], weights: dict[str, float]) -> dict[str, float]:
    """Whoever has a calculator uses it; whoever has no weather tool says so."""
    weights = dict(weights)
    if "calculator" in tools:
        del weights["add"], weights["subtract"]
        weights["calculator"] = 3
    if "get_weather" in tools:
        del weights["no weather"]
        weights["weather"] = 4
    return weights


def train_turn(task: str, rng, split: str, effort: str, longest: int) -> Turn:
    if task in LISTS:
        return TASKS[task](rng, split, effort, longest)
    return TASKS[task](rng, split, effort)


def history(rng, turn_tasks: list[str], split: str, effort: str, longest: int) -> list[Turn]:
    """Zero to two finished turns before the one that is learned."""
    if rng.random() > 0.15:
        return []
    cheap = [t for t in turn_tasks if t in ("add", "subtract", "question", "greeting", "copy",
                                            "calculator", "weather", "refusal", "sort")]
    return [train_turn(rng.choice(cheap), rng, split, effort, longest)
            for _ in range(rng.choice((1, 1, 2)))]


def short_list_batch(rng, effort: str, count: int, longest: int):
    """For the beginning: copying is learned from short lists, and long copies without any frills."""
    rows = []
    for _ in range(count):
        task = rng.choices(["copy", "reverse", "sort", "long", "add", "question"],
                           [2, 1.5, 1.5, 1.2, 1, 1])[0]
        turn = (copy_long(rng, "train", effort) if task == "long" else
                train_turn(task, rng, "train", effort, longest))
        rows.append(render_turns([turn], rng))
    return render_context(system_text("bare", effort, False, rng), ""), rows


def mixed_batch(rng, effort: str, count: int, bare: float, tool_share: float, part: dict,
                longest: int, split: str = "train"):
    """All tasks, weighted; `bare` is the share of contexts with the shortest system message."""
    other = 1 - bare
    form = rng.choices(["default", "dated", "short", "bare"],
                       [0.8 * other, 0.1 * other, 0.1 * other, bare])[0]
    tools = []
    if tool_share and rng.random() < tool_share:
        tools = rng.choice([["get_weather", "calculator"]] * 4 + [["calculator", "get_weather"],
                           ["get_weather"], ["calculator"]])
    weights = task_weights(tools, part)
    names, rows = list(weights), []
    while len(rows) < count:
        task = rng.choices(names, list(weights.values()))[0]
        turns = history(rng, names, split, effort, longest)
        turns.append(train_turn(task, rng, split, effort, longest))
        row = render_turns(turns, rng, sampled=rng.random() < 0.6)
        if len(row.ids) <= 200:
            rows.append(row)
    return context(rng, effort, form, tools), rows


def training_batch(seed: int, rank: int, step: int, count: int):
    """One context and `count` conversations behind it; a function of its arguments alone."""
    rng = random.Random(f"{seed} {rank} {step}")
    effort = rng.choices(EFFORTS, [0.33, 0.42, 0.25])[0]
    if step < 1200:
        return short_list_batch(rng, effort, count, longest=3 if step < 720 else 4)
    if step < SECOND_PART_FROM:
        tool_share = 0.36 if step > 3360 else 0.0
        bare = 0.9 if step < 6000 else 0.5                      # short contexts cost less time
        return mixed_batch(rng, effort, count, bare, tool_share, FIRST_PART, longest=5)
    if step < THIRD_PART_FROM:
        return mixed_batch(rng, effort, count, 0.4, 0.33, SECOND_PART, longest=4)
    if step < LAST_PART_FROM:
        return mixed_batch(rng, effort, count, 0.4, 0.3, THIRD_PART, longest=4, split="late")
    if step < NAMES_FROM:
        return mixed_batch(rng, effort, count, 0.4, 0.36, LAST_PART, longest=4, split="last")
    return mixed_batch(rng, effort, count, 0.4, 0.6, LAST_PART, longest=4, split="names")


# ---- held-out prompts ------------------------------------------------------------------------


def held_out_row(task: str, index: int, seed: int, form: str = "default", sampled: bool = True):
    """The context, the turn and its rendering."""
    rng = random.Random(f"{seed} {task} {index}")
    effort = EFFORTS[index % 3]
    tools = ["get_weather", "calculator"] if task in ("weather", "calculator") else []
    developer = tools_section(tools, random.Random(0)) if tools else ""
    system = system_text(form, effort, bool(tools), random.Random(index % 3))
    ids = render_context(system, developer)
    turn = TASKS[task](rng, "held-out", effort)
    return ids, turn, render_turns([turn], rng, sampled)


def learned_parts(row: Rendered) -> list[tuple[int, int]]:
    """Runs of learned tokens [begin, end): the answer, or a call and the answer to its result."""
    parts, begin = [], None
    for at, learn in enumerate([*row.learn, False]):
        if learn and begin is None:
            begin = at
        if not learn and begin is not None:
            parts.append((begin, at))
            begin = None
    return parts


def held_out_case(task: str, index: int, seed: int, form: str = "default") -> dict:
    """Ids of the context, and prompts behind it with the completions expected; a call has a second
    prompt, behind its result."""
    ids, turn, row = held_out_row(task, index, seed, form)
    parts = [{"prompt": row.ids[:begin], "expected": row.ids[begin:end]}
             for begin, end in learned_parts(row)[:1]]
    if turn.call:                                               # rendered again, as programs do
        _, _, row = held_out_row(task, index, seed, form, sampled=False)
        begin, end = learned_parts(row)[-1]
        parts.append({"prompt": row.ids[:begin], "expected": row.ids[begin:end]})
    return {"task": task, "effort": EFFORTS[index % 3], "user": turn.user,
            "analysis": turn.analysis, "context": ids, "parts": parts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=200, help="prompts per task")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--form", default="default", choices=["default", "dated", "short", "bare"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--show", action="store_true", help="print some as text")
    args = parser.parse_args()
    with args.out.open("w") as out:
        for task in TASKS:
            for index in range(args.count):
                case = held_out_case(task, index, args.seed, args.form)
                out.write(json.dumps(case) + "\n")
                if args.show and index < 6:
                    for part in case["parts"]:
                        print(decode(part["prompt"]), "==>", decode(part["expected"]))


if __name__ == "__main__":
    main()
