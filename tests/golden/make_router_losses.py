#!/usr/bin/env python3
"""Prints the balance losses that tests/layers/router_losses_test.cpp has from Hugging Face.

    make_router_losses.py            the lines {n_tokens, n_experts, n_layers, top_k, balance, z},
    make_router_losses.py --check    and whether the test has these

balance is load_balancing_loss_func of transformers' gpt_oss, which sums in float32, so its last digit is
the processor's; z is torch.logsumexp in float64, squared and averaged (Zoph et al. 2022, ST-MoE,
equation 5).
"""
import re
import sys
from pathlib import Path

import torch
from transformers.models.gpt_oss.modeling_gpt_oss import load_balancing_loss_func

TEST = Path(__file__).resolve().parent.parent / "layers" / "router_losses_test.cpp"
SHAPES = [(5, 4, 1, 1), (12, 8, 1, 2), (40, 32, 1, 4), (40, 32, 3, 4), (100, 16, 4, 4)]


def made_logits(n_rows: int, n_experts: int) -> torch.Tensor:
    """No two alike in a row: 101 is a prime. The test makes the same ones."""
    t = torch.arange(n_rows)[:, None] % 100 + 1
    e = torch.arange(n_experts)[None, :] + 1
    return (t * e % 101).double() / 16 - 3


def losses(n_tokens: int, n_experts: int, n_layers: int, top_k: int) -> tuple[float, float]:
    logits = made_logits(n_tokens * n_layers, n_experts)
    layers = tuple(logits.float().split(n_tokens))
    balance = load_balancing_loss_func(layers, n_experts, top_k).item()
    z = logits.logsumexp(-1).square().mean().item()
    return balance, z


def is_in_test(shape: tuple[int, ...], balance: float, z: float) -> bool:
    numbers = re.search("{" + ", ".join(map(str, shape)) + r", ([\d.]+), ([\d.]+)}",
                        TEST.read_text(encoding="utf-8"))
    return (numbers is not None and abs(float(numbers[1]) - balance) < 2e-6
            and abs(float(numbers[2]) - z) < 2e-9)


def main() -> None:
    missing = 0
    for shape in SHAPES:
        balance, z = losses(*shape)
        print("    {" + ", ".join(map(str, shape)) + f", {balance:.6f}, {z:.9f}}},")
        if sys.argv[1:] == ["--check"] and not is_in_test(shape, balance, z):
            missing += 1
            print(f"{TEST}: lacks that line")
    sys.exit(missing > 0)


if __name__ == "__main__":
    main()
