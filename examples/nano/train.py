"""Train nano: python train.py --out /tmp/nano/run

Two processes of one thread each take half of the conversations of a step, and average their
gradients through shared memory; on two cores that is faster than one process with two threads. With
a GPU, one process does both halves. A run is a function of its seed and its number of steps: the
same data, order and update, on the same machine the same numbers; an interrupted one continues from
its last checkpoint.

Schedule, in steps:
    0 .. 1200     short lists, long copies      (generate_data.py, training_batch)
    3360 ..       tools
    6000 ..       all forms of the system message; before, mostly the shortest
    240           end of warmup; the learning rate falls along a cosine that would end at 12000
    7000 ..       second part: what was still wrong weighs more; a cosine that would end at 14500
    11500 ..      experts rounded to MXFP4 in the forward, gradients straight through
    13150 ..      third part: lists in more wordings; a cosine from a fifth of the peak to nothing
    16650 ..      sums in more wordings, names of any letters; the same cosine again
    18650 .. end  more calls with such names; the same cosine again
"""

import argparse
import math
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
import torch.multiprocessing as multiprocessing

from generate_data import (LAST_PART_FROM, NAMES_FROM, SECOND_PART_FROM, THIRD_PART_FROM,
                           held_out_row, learned_parts, training_batch)
from model import Batch, Config, Parameters, forward
from tasks import TASKS

WORLD = 2                                                       # halves of a step
BALANCE_WEIGHT = 0.01
Z_WEIGHT = 1e-4
CLIP = 1.0
WARMUP = 240                                                    # steps
FIRST_COSINE, SECOND_COSINE = 12000, 14500                      # steps at which they would end
LATE_SHARE = 0.2                                                # of the peak learning rate
QUANTIZED_FROM = 11500                                          # step


def learning_rate(peak: float, step: int, steps: int) -> float:
    """A cosine for each part; the first two are left before their ends."""
    if step < WARMUP:
        return peak * (step / FIRST_COSINE + 1e-4) / 0.02

    def first(step: int) -> float:
        return peak * (0.02 + 0.98 * (1 + math.cos(math.pi * (step / FIRST_COSINE))) / 2)

    if step < SECOND_PART_FROM:
        return first(step)
    if step < THIRD_PART_FROM:
        progress = (step - SECOND_PART_FROM) / (SECOND_COSINE - SECOND_PART_FROM)
        return first(SECOND_PART_FROM) * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
    if step < LAST_PART_FROM:
        progress = (step - THIRD_PART_FROM) / (LAST_PART_FROM - THIRD_PART_FROM)
    elif step < NAMES_FROM:
        progress = (step - LAST_PART_FROM) / (NAMES_FROM - LAST_PART_FROM)
    else:
        progress = (step - NAMES_FROM) / (steps - NAMES_FROM)
    return LATE_SHARE * peak * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)


def quantizes(step: int) -> bool:
    return step >= QUANTIZED_FROM


class Trainer:
    """Parameters, their gradients and the optimizer, all over flat tensors."""

    def __init__(self, config: Config, seed: int):
        self.config = config
        self.parameters = Parameters(config)
        self.parameters.initialize(seed)
        flat, n = self.parameters.flat, self.parameters.n_matrix
        self.gradient = torch.zeros_like(flat)
        gradients = Parameters(config, self.gradient).views
        self.leaves = {}
        for name, view in self.parameters.views.items():
            leaf = view.detach().requires_grad_()               # same memory
            leaf.grad = gradients[name]                         # backward adds in place
            self.leaves[name] = leaf
        matrices, rest = flat[:n].detach(), flat[n:].detach()
        matrices.grad, rest.grad = self.gradient[:n], self.gradient[n:]
        self.optimizer = torch.optim.AdamW(
            [{"params": [matrices], "weight_decay": 0.05}, {"params": [rest], "weight_decay": 0.0}],
            lr=0, betas=(0.9, 0.98), fused=True)

    def backward(self, context, rows, quantize: bool) -> tuple[float, float, float, int]:
        """Adds the gradients of one half; returns loss, balance, z and the tokens it saw."""
        batch = Batch(self.config, context, rows)
        routing: list = []
        logits = forward(self.config, self.leaves, batch, routing, quantize)
        loss = torch.nn.functional.cross_entropy(logits, batch.targets)
        balance = sum(b for b, _ in routing) / len(routing)
        z = sum(z for _, z in routing) / len(routing)
        (loss + BALANCE_WEIGHT * balance * len(routing) + Z_WEIGHT * z * len(routing)).backward()
        return loss.item(), balance.item(), z.item(), len(batch.ids)

    def update(self, rate: float) -> float:
        norm = self.gradient.norm().item()
        self.gradient.mul_(min(1.0, CLIP / (norm + 1e-12)))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        return norm

    def save(self, path: Path, step: int, args) -> None:
        waiting = path.with_suffix(".partial")
        torch.save({"flat": self.parameters.flat, "optimizer": self.optimizer.state_dict(),
                    "step": step, "args": vars(args)}, waiting)
        waiting.replace(path)

    def load(self, path: Path) -> int:
        saved = torch.load(path, weights_only=False)
        self.parameters.flat.copy_(saved["flat"])
        self.optimizer.load_state_dict(saved["optimizer"])
        return saved["step"]


@torch.no_grad()
def scores(config: Config, views, count: int, seed: int = 7, quantize: bool = False,
           form: str = "default", **switches) -> dict[str, float]:
    """Share of held-out prompts whose every token is the most likely one: greedy decoding is right.

    `switches` go to Batch if it knows them (window_...), else to forward."""
    of_batch = {k: v for k, v in switches.items() if k.startswith("window")}
    of_forward = {k: v for k, v in switches.items() if not k.startswith("window")}
    by_context: dict = {}
    for task in TASKS:
        for index in range(count):
            context, _, row = held_out_row(task, index, seed, form)
            row.task = task
            by_context.setdefault(tuple(context), []).append(row)
    right: dict[str, list[bool]] = {}
    for context, rows in by_context.items():
        rows.sort(key=lambda row: len(row.ids))
        for first in range(0, len(rows), 24):
            batch = Batch(config, list(context), rows[first : first + 24], **of_batch)
            hits = (forward(config, views, batch, quantize=quantize, **of_forward).argmax(1)
                    == batch.targets).tolist()
            for row in batch.rows:
                for k, (begin, end) in enumerate(learned_parts(row)):
                    label = row.task if k == 0 else row.task + " final"
                    right.setdefault(label, []).append(all(hits[: end - begin]))
                    del hits[: end - begin]
    return {label: sum(hit) / len(hit) for label, hit in right.items()}


def say(args, text: str) -> None:
    with (args.out / "log.txt").open("a") as log:
        log.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def run(rank: int, args, shared, barrier) -> None:
    torch.set_num_threads(1)
    torch.set_default_device(args.device)
    trainer = Trainer(Config(), args.seed)
    checkpoint = args.out / "checkpoint.pt"
    step = trainer.load(checkpoint) if checkpoint.exists() else 0
    ranks = range(WORLD) if barrier is None else [rank]
    since, tokens, losses = time.time(), 0, []

    while step < args.steps:
        trainer.gradient.zero_()
        for half in ranks:
            context, rows = training_batch(args.seed, half, step, args.conversations)
            loss, balance, z, n = trainer.backward(context, rows, quantizes(step))
            losses.append(loss)
            tokens += n
        if barrier is not None:
            mine = shared[step % 2]                             # the other one may still be read
            mine[rank].copy_(trainer.gradient)
            barrier.wait()
            torch.add(mine[0], mine[1], out=trainer.gradient)
        trainer.gradient.mul_(1 / WORLD)
        norm = trainer.update(learning_rate(args.rate, step, args.steps))
        step += 1

        if rank != 0:
            continue
        if step % args.log_every == 0:
            say(args, f"step {step} loss {sum(losses) / len(losses):.4f} norm {norm:.2f} "
                      f"balance {balance:.3f} z {z:.1f} "
                      f"tokens/s {tokens * (WORLD // len(ranks)) / (time.time() - since):.0f}")
            since, tokens, losses = time.time(), 0, []
        if step % args.save_every == 0 or step == args.steps:
            trainer.save(checkpoint, step, args)
        if step % args.evaluate_every == 0 or step == args.steps:
            found = scores(trainer.config, trainer.parameters.views, args.evaluate_count,
                           quantize=quantizes(step),
                           form="bare" if step < 6000 else "default")
            say(args, f"scores at {step}: " + ", ".join(f"{k} {v:.2f}" for k, v in found.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train nano.")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint.pt and log.txt")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=19650)
    parser.add_argument("--conversations", type=int, default=8, help="per half of a step")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--log-every", type=int, default=50)
    parser.add_argument("--save-every", type=int, default=50)
    parser.add_argument("--evaluate-every", type=int, default=1000)
    parser.add_argument("--evaluate-count", type=int, default=24)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.device != "cpu":
        run(0, args, None, None)
        return
    torch.set_num_threads(1)
    n = Parameters(Config()).flat.numel()
    shared = torch.zeros(2, WORLD, n).share_memory_()
    barrier = multiprocessing.get_context("fork").Barrier(WORLD)
    multiprocessing.start_processes(run, (args, shared, barrier), WORLD, start_method="fork")


if __name__ == "__main__":
    main()
