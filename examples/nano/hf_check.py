"""Hugging Face's GptOssForCausalLM reads nano: the same logits and the same greedy answers.

    python hf_check.py --model model --count 5

Their loader unpacks MXFP4 on the CPU and their eager code runs in float32. Compared are the logits
at every learned position of held-out conversations with those of model.py, and answers decoded by
their generate() with the expected ones. Needs transformers (tests/golden/requirements.txt).
"""

import argparse
from pathlib import Path

import torch
import transformers

from export import load
from generate_data import TASKS, held_out_case, held_out_row
from model import Batch, Config, forward
from vocabulary import CONTROL_ID, decode, encode

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=Path(__file__).parent / "model")
    parser.add_argument("--count", type=int, default=5, help="conversations per task")
    args = parser.parse_args()
    torch.set_num_threads(1)

    check_tokenizer(args.model)
    theirs, views, config = load_theirs(args.model), load(args.model).views, Config()
    worst = largest = 0.0
    positions = agreed = total = right = 0
    for task in TASKS:
        for index in range(args.count):
            context, _, row = held_out_row(task, index, seed=7)
            batch = Batch(config, context, [row])
            with torch.no_grad():
                ours = forward(config, views, batch)
                logits = theirs(torch.tensor([context + row.ids])).logits[0, batch.predict_at]
            worst = max(worst, (ours - logits).abs().max().item())
            largest = max(largest, logits.abs().max().item())
            positions += len(ours)
            agreed += (ours.argmax(1) == logits.argmax(1)).sum().item()
            for part in held_out_case(task, index, seed=7)["parts"]:
                prompt = torch.tensor([context + part["prompt"]])
                with torch.no_grad():
                    out = theirs.generate(prompt, attention_mask=torch.ones_like(prompt),
                                          max_new_tokens=len(part["expected"]), do_sample=False)
                answer = out[0, prompt.shape[1]:].tolist()
                total += 1
                right += answer == part["expected"]
                if answer != part["expected"]:
                    print(f"{task}: {decode(answer)}")
    print(f"logits: largest difference {worst:.1e}, largest logit {largest:.1f}")
    print(f"the same token is the likeliest at {agreed} of {positions} positions")
    print(f"their greedy answers: {right} of {total} as expected")


if __name__ == "__main__":
    main()
