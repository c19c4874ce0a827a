#!/usr/bin/env python3
"""Make or check what Hugging Face computes for every way to write a config.json.

    make_configs.py --check               compute again and compare with data/configs.json
    make_configs.py --write               write data/configs.json
    make_configs.py --tool build/release/bin/gptoss
                                          run the tool on a folder with each config

The weights are those of `tiny`, unpacked to bf16; Hugging Face runs them in float32 with eager
attention. A config that the tool reads must give the same last logits as theirs, or be refused in
ten lines at most. What they refuse the tool may read only if that means the config as saved: a key
without effect, or a number in another spelling.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"                              # a folder's name is no repository's

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

import configs
import files
import weights
from config_variants import all_variants, base_config, edit
from hugging_face import hf, load_model

FILE = files.DATA / "configs.json"
TOLERANCE = 1e-5                                                # ours are within 4e-6; a doubled key does 1.7e-5
KEPT = 8                                                        # logits that the file keeps
NOTHING = None                                                  # of a config that is refused

Logits = list[float] | None


# What else a file may hold: every weight (or some) times 1 + 2^-9, which bf16 cannot say.
STORED_AS = {
    "F32": lambda name: torch.float32,
    "F16": lambda name: torch.float16,
    "F32 router and sinks": lambda name: torch.float32 if ("router" in name or "sinks" in name)
    else torch.bfloat16,
}


def stored_as(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    scale = 1 if dtype == torch.bfloat16 else 1 + 2.0**-9
    return (tensor.to(torch.float32) * scale).to(dtype).contiguous()


def write_unpacked(directory: Path, dtype_of=lambda name: torch.bfloat16) -> None:
    """`tiny` as a checkpoint whose experts are unpacked."""
    packed = directory / "packed"
    weights.write_checkpoint(packed, configs.TINY.config, configs.TINY.seed)
    state = load_model(packed, torch.bfloat16).state_dict()
    save_file({name: stored_as(tensor, dtype_of(name)) for name, tensor in state.items()},
              directory / "model.safetensors", metadata={"format": "pt"})


def write_config(directory: Path, config: dict) -> None:
    (directory / "config.json").write_text(json.dumps(config))


def their_logits(directory: Path, config: dict) -> Logits:
    write_config(directory, config)
    tokens = torch.tensor([configs.TINY.tokens])
    try:
        model, report = hf.GptOssForCausalLM.from_pretrained(
            directory, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
        with torch.no_grad():
            logits = model(tokens).logits[0, -1]
    except Exception:                                           # whatever they raise: it is refused
        return NOTHING
    made_up = bool(report["missing_keys"]) or not bool(logits.isfinite().all())
    return NOTHING if made_up else [round(x, 6) for x in logits[:KEPT].tolist()]


def all_logits() -> dict[str, Logits]:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        write_unpacked(directory)
        return {name: their_logits(directory, config) for name, config in all_variants().items()}


def logits_as_stored() -> dict[str, Logits]:
    logits = {}
    for name, dtype_of in STORED_AS.items():
        with tempfile.TemporaryDirectory() as folder:
            write_unpacked(Path(folder), dtype_of)
            logits[name] = their_logits(Path(folder), base_config())
    return logits


def are_close(got: Logits, expected: Logits) -> bool:
    if got is NOTHING or expected is NOTHING:
        return got is expected
    return bool(np.allclose(got, expected, rtol=0, atol=TOLERANCE))


# ---- the tool --------------------------------------------------------------------------------


def tool_logits(tool: str, directory: Path, config: dict) -> tuple[Logits, str]:
    """What the tool computes, and its error."""
    write_config(directory, config)
    dump = directory / "run.safetensors"
    dump.unlink(missing_ok=True)
    ids = ",".join(map(str, configs.TINY.tokens))
    command = [tool, "trace", "--model", directory, "--ids", ids, "--sites", "logits",
               "--last-only", "--out", dump]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        return NOTHING, run.stderr.strip()
    return files.read_dump(dump.read_bytes())[1]["logits"].ravel()[:KEPT].tolist(), ""


def complaint(got: Logits, error: str, theirs: Logits, as_saved: Logits) -> str:
    """Empty, or what is wrong with what the tool did."""
    if got is NOTHING:
        is_error = error.startswith("gptoss: ") and error.count("\n") < 10
        return "" if is_error else f"refused with: {error}"
    expected = as_saved if theirs is NOTHING else theirs
    return "" if are_close(got, expected) else f"silently other: {got}, expected {expected}"


def tool_agrees(tool: str) -> bool:
    known = json.loads(FILE.read_text())["logits"]
    read = refused = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        write_unpacked(directory)
        for name, config in all_variants().items():
            got, error = tool_logits(tool, directory, config)
            problem = complaint(got, error, known[name], known["as saved"])
            if problem:
                print(f"{name}: {problem}")
            wrong += bool(problem)
            read += got is not NOTHING
            refused += got is NOTHING and known[name] is not NOTHING
    print(f"{len(known)} configs: {read} read, {refused} refused that Hugging Face reads, "
          f"{wrong} wrong")
    return wrong == 0


# ---- the command line ------------------------------------------------------------------------


def all_edits() -> dict[str, dict]:
    return {name: edit(config) for name, config in all_variants().items()}


def lines_of(key: str, value: object) -> str:
    """A member of the file; the tables have a line for each config."""
    if key not in ("edits", "logits", "stored_as"):
        return f"{json.dumps(key)}: {json.dumps(value)}"
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in value.items())
    return f"{json.dumps(key)}: {{\n{rows}\n}}"


def write() -> None:
    what = ("last logits, the first 8, of Hugging Face's GptOssForCausalLM (float32, eager) over "
            "the weights of tiny; null: refused, or not finite, or weights missing")
    content = {"what": what, "transformers": transformers.__version__,
               "ids": configs.TINY.tokens, "base": base_config(), "edits": all_edits(),
               "logits": all_logits(), "stored_as": logits_as_stored()}
    FILE.write_text("{\n" + ",\n".join(lines_of(key, content[key]) for key in content) + "\n}\n")


def check() -> bool:
    known = json.loads(FILE.read_text())
    if json.dumps(known["edits"]) != json.dumps(all_edits()):
        print(f"{FILE}: holds other configs than config_variants.py makes; run --write")
        return False
    computed = all_logits() | logits_as_stored()
    expected = known["logits"] | known["stored_as"]
    differing = [name for name in computed if not are_close(computed[name], expected[name])]
    for name in differing:
        print(f"{name}: is {computed[name]}, expected {expected[name]}")
    print(f"{len(computed)} configs, {len(differing)} differ from the file")
    return not differing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true")
    action.add_argument("--write", action="store_true")
    action.add_argument("--tool")
    flags = parser.parse_args()
    if flags.write:
        write()
        return 0
    return 0 if (check() if flags.check else tool_agrees(flags.tool)) else 1


if __name__ == "__main__":
    sys.exit(main())
