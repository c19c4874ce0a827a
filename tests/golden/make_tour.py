#!/usr/bin/env python3
"""Make or check the golden of the tour in the debugger: the last of the 38 tokens of examples/step_through.cpp.

    make_tour.py --check      compute it again and compare with data/tour.json
    make_tour.py --write      write data/tour.json

Hugging Face in float64 with the trained model of examples/nano, as for the golden `nano`. Kept are the sites that the tour
shows: the row of the last token, of attention what every head gives for it (null: hidden). tests/house/check_tour.py
holds what docs/debugger.md prints against them.
"""

import json
import re
import sys

import numpy as np
import torch

import configs
import files
import hf_model
import record

GOLDEN = files.DATA / "tour.json"
PROGRAM = configs.ROOT / "examples" / "step_through.cpp"
SITES = ["embedding", *(f"block.0.attn.{name}" for name in ("norm", "q", "q_rope", "scores", "weights", "sink_share",
                                                             "out", "residual")),
         "block.1.attn.residual", *(f"block.1.mlp.{name}" for name in ("router_logits", "expert_ids", "expert_weights",
                                                                        "gate_up", "swiglu", "residual")), "logits"]
RTOL = 1e-6  # of a site's largest value: another CPU's sums of float64, and the float32 of cos and sin


def tokens_of_program() -> list[int]:
    array = re.search(r"kPrompt\[\] = \{(.*?)\};", PROGRAM.read_text(), re.DOTALL).group(1)
    return [int(number) for number in array.split(",")]


def make() -> dict[str, list]:
    tokens = tokens_of_program()
    with hf_model.norm_in_float64():
        sites = record.record(hf_model.load_model(configs.NANO), configs.NANO_TEXT.config, tokens)
    last = {site: sites[site][:, -1] if site.endswith((".scores", "attn.weights")) else sites[site][-1]
            for site in SITES}
    return {site: values.tolist() for site, values in last.items()}


def text_of(values: list | float | int) -> str:
    if isinstance(values, list):
        return f"[{','.join(text_of(value) for value in values)}]"
    if isinstance(values, float):
        return f"{values:.8g}" if np.isfinite(values) else "null"
    return str(values)


def write() -> None:
    facts = {
        "what": "the last row of every site of a run of examples/step_through.cpp, made by tests/golden/make_tour.py",
        "licence": "Apache-2.0, as this repository: computed from the trained model in examples/nano",
        "producer": f"transformers {hf_model.transformers.__version__} float64 eager",
        "tokens": tokens_of_program(),
    }
    head = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in facts.items()]
    sites = [f"{json.dumps(site)}: {text_of(values)}" for site, values in make().items()]
    GOLDEN.write_text("{\n" + ",\n".join([*head, '"sites": {\n' + ",\n".join(sites)]) + "\n}}\n")
    print(f"{GOLDEN.name}: {len(sites)} sites, {GOLDEN.stat().st_size:,} bytes")


def check() -> bool:
    golden, made = json.loads(GOLDEN.read_text()), make()
    if golden["tokens"] != tokens_of_program() or list(golden["sites"]) != list(made):
        print("tour.json: has other tokens or sites than the program")
        return False
    wrong = []
    for site, expected in golden["sites"].items():
        a, b = (np.array(values, dtype=np.float64) for values in (made[site], expected))
        finite = np.isfinite(b)
        if a.shape != b.shape or not (np.abs(a - b)[finite] <= RTOL * np.abs(b[finite]).max()).all():
            wrong.append(site)
    print(f"DIFFERENT: {', '.join(wrong)}" if wrong else "the golden of the tour is what Hugging Face computes")
    return not wrong


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(files.check_or_write(__doc__, check, write))
