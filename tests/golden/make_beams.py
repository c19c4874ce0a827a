#!/usr/bin/env python3
"""Prints what Hugging Face's beam search finds on tiny, for tests/run/beam_search_test.cpp.

    make_beams.py            the lines {n_beams, length_penalty, stop id, ids, score}
    make_beams.py --check    and whether the test has these

The model is their GptOssForCausalLM in float64 on the weights of `tiny`; generate with num_beams,
early_stopping False, and all finished beams returned.
"""
import sys
import tempfile
from pathlib import Path

import torch

import configs
import hf_model
import weights
from close_lines import missing_lines

TEST = Path(__file__).resolve().parent.parent / "run" / "beam_search_test.cpp"
PROMPT = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42]
NO_STOP = -1
CASES = [(1, 1.0, NO_STOP), (2, 1.0, NO_STOP), (4, 1.0, NO_STOP), (1, 1.0, 6), (2, 1.0, 6), (4, 1.0, 6),
         (2, 0.0, 6), (4, 0.0, 6), (4, 2.0, 6)]
MAX_TOKENS = 12


def lines_of(model: torch.nn.Module) -> list[str]:
    lines = []
    for n_beams, penalty, stop in CASES:
        found = model.generate(
            torch.tensor([PROMPT]), num_beams=n_beams, num_return_sequences=n_beams, do_sample=False,
            max_new_tokens=MAX_TOKENS, length_penalty=penalty, early_stopping=False, pad_token_id=0,
            eos_token_id=None if stop == NO_STOP else stop, return_dict_in_generate=True,
            output_scores=True)
        scores = found.sequences_scores.tolist() if n_beams > 1 else [greedy_score(found, stop, penalty)]
        for ids, score in zip(found.sequences[:, len(PROMPT):].tolist(), scores):
            if stop in ids:
                ids = ids[:ids.index(stop) + 1]
            lines.append(f"    {{{n_beams}, {penalty}, {stop}, {{{', '.join(map(str, ids))}}}, {score:.5f}}},")
    return lines


def greedy_score(found: object, stop: int, penalty: float) -> float:
    """A width of 1 is greedy there, and has no score of its own."""
    ids = found.sequences[0, len(PROMPT):].tolist()
    log_p = [scores[0].log_softmax(-1)[id].item() for scores, id in zip(found.scores, ids)]
    return sum(log_p) / len(ids) ** penalty


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, torch.no_grad(), hf_model.norm_in_float64():
        weights.write_checkpoint(Path(folder), configs.TINY.config, configs.TINY.seed)
        lines = lines_of(hf_model.load_model(Path(folder)))
    if sys.argv[1:] == ["--check"]:
        missing = missing_lines(lines, TEST)
        if missing:
            sys.exit(f"{TEST}: lacks\n" + "\n".join(missing))
        print(f"{len(lines)} beams of Hugging Face are in {TEST.name}")
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
