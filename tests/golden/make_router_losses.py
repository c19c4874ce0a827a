#!/usr/bin/env python3
"""Prints the balance losses that tests/layers/router_losses_test.cpp has from Hugging Face.

    make_router_losses.py            the lines {n_tokens, n_experts, n_layers, top_k, balance, z},
    make_router_losses.py --check    and whether the test has these

balance is load_balancing_loss_func of transformers' gpt_oss, which sums in float32; z is
torch.logsumexp in float64, squared and averaged (Zoph et al. 2022, ST-MoE, equation 5).
"""
import sys
from pathlib import Path

import torch
from transformers.models.gpt_oss.modeling_gpt_oss import load_balancing_loss_func

from close_lines import missing_lines

TEST = Path(__file__).resolve().parent.parent / "layers" / "router_losses_test.cpp"
SHAPES = [(5, 4, 1, 1), (12, 8, 1, 2), (40, 32, 1, 4), (40, 32, 3, 4), (100, 16, 4, 4)]


def made_logits(n_rows: int, n_experts: int) -> torch.Tensor:
    """No two alike in a row: 101 is a prime. The test makes the same ones."""
    t = torch.arange(n_rows)[:, None] % 100 + 1
    e = torch.arange(n_experts)[None, :] + 1
    return (t * e % 101).double() / 16 - 3


def line(n_tokens: int, n_experts: int, n_layers: int, top_k: int) -> str:
    logits = made_logits(n_tokens * n_layers, n_experts)
    layers = tuple(logits.float().split(n_tokens))
    balance = load_balancing_loss_func(layers, n_experts, top_k).item()
    z = logits.logsumexp(-1).square().mean().item()
    return f"    {{{n_tokens}, {n_experts}, {n_layers}, {top_k}, {balance:.6f}, {z:.9f}}},"


def main() -> None:
    lines = [line(*shape) for shape in SHAPES]
    if sys.argv[1:] == ["--check"]:
        missing = missing_lines(lines, TEST)
        if missing:
            sys.exit(f"{TEST}: lacks\n" + "\n".join(missing))
        print(f"{len(lines)} router losses of Hugging Face are in {TEST.name}")
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
