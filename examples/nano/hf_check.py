"""Hugging Face's GptOssForCausalLM reads nano: the same logits and the same greedy answers.

    python generate_data.py --count 200 --out cases.jsonl
    nano_evaluate model cases.jsonl answers.jsonl
    python hf_check.py --model model --cases cases.jsonl --answers answers.jsonl --every 10

Their loader unpacks MXFP4 on the CPU and their eager code runs in float32. At every position of
an answer their logits are compared with those of model.py, and what their generate() says with what
the C++ program said. Status 1 if something differs. Needs transformers (tests/golden/requirements.txt).
"""

import argparse
import json
import sys
from pathlib import Path

import torch
import transformers

from export import load
from render import Rendered
from model import Batch, Config, forward
from vocabulary import CONTROL_ID, decode, encode

# Measured: 2.4e-5 where the largest logit is 28; float32 sums in another order.
MOST_DIFFERENCE = 2e-4

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def load_theirs(directory: Path):
    model = transformers.GptOssForCausalLM.from_pretrained(
        directory, local_files_only=True, dtype=torch.bfloat16, attn_implementation="eager",
        experts_implementation="eager",
        quantization_config=transformers.Mxfp4Config(dequantize=True))
    return model.float().eval()                                 # from bf16, so exact


def check_tokenizer(directory: Path) -> None:
    theirs = transformers.PreTrainedTokenizerFast(tokenizer_file=str(directory / "tokenizer.json"))
    for text in ("What is 17 + 25?", "  Zoë's\n\n\ttest, 日本語!", "x" * 50):
        assert theirs.encode(text, add_special_tokens=False) == encode(text), text
    for name, id in CONTROL_ID.items():
        assert theirs.encode(f"<|{name}|>") == [id], name


def parts_of(cases: Path, answers: Path):
    """Context, prompt and the C++ program's answer to it, for every part of every case."""
    lines = iter(answers.read_text().splitlines())
    for line in cases.read_text().splitlines():
        case = json.loads(line)
        for part in case["parts"]:
            yield case["context"], part["prompt"], json.loads(next(lines))
    assert next(lines, None) is None, "more answers than parts"


def main() -> int:
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=here / "model")
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--answers", type=Path, required=True, help="from nano_evaluate")
    parser.add_argument("--every", type=int, default=10, help="check every Nth answer")
    args = parser.parse_args()
    torch.set_num_threads(1)

    check_tokenizer(args.model)
    theirs, views, config = load_theirs(args.model), load(args.model).views, Config()
    worst = largest = 0.0
    positions = likeliest = answers = same = 0
    for context, prompt, answer in list(parts_of(args.cases, args.answers))[:: args.every]:
        ids = prompt + answer
        row = Rendered(ids, [False] * len(prompt) + [True] * len(answer))
        batch = Batch(config, context, [row])
        start = torch.tensor([context + prompt])
        with torch.no_grad():
            ours = forward(config, views, batch)
            logits = theirs(torch.tensor([context + ids])).logits[0, batch.predict_at]
            said = theirs.generate(start, attention_mask=torch.ones_like(start),
                                   max_new_tokens=len(answer), do_sample=False)
        worst = max(worst, (ours - logits).abs().max().item())
        largest = max(largest, logits.abs().max().item())
        positions += len(ours)
        likeliest += (ours.argmax(1) == logits.argmax(1)).sum().item()
        said = said[0, start.shape[1]:].tolist()
        answers += 1
        same += said == answer
        if said != answer:
            print(f"they: {decode(said)}\nC++:  {decode(answer)}", file=sys.stderr)
    print(f"logits: largest difference {worst:.1e}, largest logit {largest:.1f}")
    print(f"the same token is the likeliest at {likeliest} of {positions} positions")
    print(f"greedy answers: {same} of {answers} are the same as those of the C++ program")
    all_same = same == answers and likeliest == positions and answers > 0
    return 0 if all_same and worst < MOST_DIFFERENCE else 1


if __name__ == "__main__":
    sys.exit(main())
