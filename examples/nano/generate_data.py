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

PLAIN = {"add": 1.8, "subtract": 1.8, "copy": 0.9, "reverse": 1.8, "sort": 2.4, "retrieve": 2.0,
         "question": 1.0, "greeting": 0.5, "refusal": 0.4, "no weather": 0.2}


def task_weights(tools: list[str]) -> dict[str, float]:
    """Whoever has a calculator uses it; whoever has no weather tool says so."""
    weights = dict(PLAIN)
    if "calculator" in tools:
        del weights["add"], weights["subtract"]
        weights["calculator"] = 3
    if "get_weather" in tools:
        del weights["no weather"]
        weights["weather"] = 4
    return weights


def history(rng, turn_tasks: list[str], effort: str) -> list[Turn]:
    """Zero to two finished turns before the one that is learned."""
    if rng.random() > 0.15:
        return []
    cheap = [t for t in turn_tasks if t in ("add", "subtract", "question", "greeting", "copy",
                                            "calculator", "weather", "refusal", "sort")]
    return [TASKS[rng.choice(cheap)](rng, "train", effort) for _ in range(rng.choice((1, 1, 2)))]


def training_batch(seed: int, rank: int, step: int, count: int, progress: float):
    """One context and `count` conversations behind it; a function of its arguments alone."""
    rng = random.Random(f"{seed} {rank} {step}")
    effort = rng.choices(EFFORTS, [0.33, 0.42, 0.25])[0]
    if progress < 0.1:                                          # learn to copy: short lists
        rows = []
        for _ in range(count):
            longest = 3 if progress < 0.06 else 4
            task = rng.choices(["copy", "reverse", "sort", "long", "add", "question"],
                               [2, 1.5, 1.5, 1.2, 1, 1])[0]
            if task == "long":
                turn = copy_long(rng, "train", effort)
            elif task in ("copy", "reverse", "sort"):
                turn = TASKS[task](rng, "train", effort, longest)
            else:
                turn = TASKS[task](rng, "train", effort)
            rows.append(render_turns([turn], rng))
        return render_context(system_text("bare", effort, False, rng), ""), rows
    bare = 0.9 if progress < 0.5 else 0.5                       # short contexts cost less time
    form = rng.choices(["default", "dated", "short", "bare"],
                       [0.8 * (1 - bare), 0.1 * (1 - bare), 0.1 * (1 - bare), bare])[0]
    tools = []
    if progress > 0.28 and rng.random() < 0.36:
        tools = rng.choice([["get_weather", "calculator"]] * 4 + [["calculator", "get_weather"],
                           ["get_weather"], ["calculator"]])
    weights = task_weights(tools)
    names, rows = list(weights), []
    while len(rows) < count:
        task = rng.choices(names, list(weights.values()))[0]
        turns = history(rng, names, effort) + [TASKS[task](rng, "train", effort)]
        row = render_turns(turns, rng, sampled=rng.random() < 0.6)
        if len(row.ids) <= 200:
            rows.append(row)
    return context(rng, effort, form, tools), rows


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
