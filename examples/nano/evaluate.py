"""Scores of an exported nano, and what happens when a mechanism is switched off.

    python evaluate.py --model model --count 200
    python evaluate.py --model model --count 50 --ablations

An answer counts if every token of it is the likeliest one after the right tokens before it, so
greedy decoding gives it. The official table is printed by evaluate.cpp, which decodes; this one is
quick, and the model here (model.py) has the switches.
"""

import argparse
from pathlib import Path

import torch

from export import load
from model import Config
from train import scores

ABLATIONS = {
    "nothing off": {},
    "sinks off": {"no_sinks": True},
    "YaRN off (plain rope)": {"no_yarn": True},
    "full layers see only the window": {"window_everywhere": True},
    "window layers see everything": {"window_nowhere": True},
}


def print_table(rows: dict[str, dict[str, float]]) -> None:
    tasks = list(next(iter(rows.values())))
    print("| | " + " | ".join(tasks) + " |\n|---" + "|---" * len(tasks) + "|")
    for name, found in rows.items():
        print(f"| {name} | " + " | ".join(f"{found[task]:.2f}" for task in tasks) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=Path(__file__).parent / "model")
    parser.add_argument("--count", type=int, default=200, help="prompts per task")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--form", default="default", choices=["default", "dated", "short", "bare"])
    parser.add_argument("--ablations", action="store_true")
    parser.add_argument("--experts", action="store_true", help="switch off one expert at a time")
    args = parser.parse_args()
    torch.set_num_threads(1)
    config, views = Config(), load(args.model).views

    def measure(**switches) -> dict[str, float]:
        return scores(config, views, args.count, args.seed, form=args.form, **switches)

    if args.experts:
        print_table({f"layer {layer} without expert {e}": measure(forbidden_expert=(layer, e))
                     for layer in range(config.n_layers) for e in range(config.n_experts)})
    elif args.ablations:
        print_table({name: measure(**switches) for name, switches in ABLATIONS.items()})
    else:
        for task, share in measure().items():
            print(f"{share:.3f}  {task}")


if __name__ == "__main__":
    main()
