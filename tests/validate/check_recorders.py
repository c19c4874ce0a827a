#!/usr/bin/env python3
"""The recorders of examples/validate against the goldens, run as a user runs them.

Each check is skipped by name if its packages are missing; all skipped is exit status 77.
"""

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
except ImportError:
    print("SKIPPED: recorders: python3 has no numpy")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "golden"))
sys.path.append(str(ROOT / "examples" / "validate"))
import configs  # noqa: E402
import files  # noqa: E402
import weights  # noqa: E402

RECORDERS = ROOT / "examples" / "validate" / "recorders"
GOLDEN = configs.TINY
ALLOWED = 8e-5                                                  # tests/validate/check_numpy_port.py


class Skipped(Exception):
    pass


def require_packages(*names: str) -> None:
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise Skipped(f"python3 has no {name}")


def golden_sites(name: str) -> dict[str, np.ndarray]:
    return files.read_dump(files.unpack(files.DATA / f"{name}.tar.xz"))[1]


def recorded(recorder: str, layout: str, folder: Path, *flags: str) -> dict[str, np.ndarray]:
    """The sites of the dump that a recorder's command line writes for tiny."""
    weights.write_checkpoint(folder / layout, GOLDEN.config, GOLDEN.seed, layout)
    out = folder / "run.safetensors"
    ids = ",".join(str(token) for token in GOLDEN.tokens)
    subprocess.run([sys.executable, RECORDERS / recorder, "--model", folder / layout, "--ids", ids,
                    "--out", out, *flags], check=True, capture_output=True)
    metadata, sites = files.read_dump(out.read_bytes())
    assert metadata["format"] == "gptoss-dump-1"
    assert json.loads(metadata["tokens"]) == GOLDEN.tokens
    assert json.loads(metadata["config"])["hidden_size"] == GOLDEN.config["hidden_size"]
    return sites


def require_near(got: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    for site, values in got.items():
        finite = np.isfinite(expected[site])
        gap = np.abs(values[finite] - expected[site][finite]).max()
        rms = np.sqrt(np.mean(expected[site][finite].astype(np.float64) ** 2))
        assert gap <= ALLOWED * rms, f"{site}: off by {gap / rms:.1e} of its rms"


def require_equal(got: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Nine in ten values of every site, at least: on another CPU sums differ in the last bit."""
    assert list(got) == list(expected)
    for site, values in got.items():
        share = (values == expected[site]).mean()
        assert share >= 0.9, f"{site}: {share:.4f} of the values are equal"


# ---- the checks ------------------------------------------------------------------------------


def hugging_face_in_float32(folder: Path) -> None:
    require_packages("torch", "transformers")
    sites, expected = recorded("hugging_face.py", "hf", folder), golden_sites("tiny")
    assert list(sites) == list(expected)
    require_near(sites, expected)


def hugging_face_in_official_order(folder: Path) -> None:
    require_packages("torch", "transformers")
    flags = ("--dtype", "bfloat16", "--official-order")
    require_equal(recorded("hugging_face.py", "hf", folder, *flags), golden_sites("tiny_bf16"))


def hugging_face_in_bf16_is_not_official(folder: Path) -> None:
    require_packages("torch", "transformers")
    sites = recorded("hugging_face.py", "hf", folder, "--dtype", "bfloat16")
    share = (sites["logits"] == golden_sites("tiny_bf16")["logits"]).mean()
    assert share < 0.5, f"{share:.2f} of the logits are equal"


def official_in_bf16(folder: Path) -> None:
    require_packages("torch", "safetensors", "gpt_oss")
    require_equal(recorded("official.py", "openai", folder), golden_sites("tiny_bf16"))


def hugging_face_refuses_other_attention(folder: Path) -> None:
    """Only eager attention hands out its weights; anything else would leave sites empty."""
    require_packages("torch", "transformers")
    import torch

    import hugging_face

    weights.write_checkpoint(folder, GOLDEN.config, GOLDEN.seed)
    model = hugging_face.load_model(folder, torch.bfloat16)
    model.config._attn_implementation = "sdpa"
    try:
        hugging_face.Recorder(model).record([1, 2])
    except ValueError as error:
        assert "attn_implementation='eager'" in str(error), error
        return
    raise AssertionError("a model with sdpa attention was recorded")


def without_scores_all_else_is_there(folder: Path) -> None:
    require_packages("torch", "safetensors", "gpt_oss")
    sites = recorded("official.py", "openai", folder, "--without-scores")
    expected = golden_sites("tiny_bf16")
    assert len(sites) == len(expected) - 2 * 4
    assert not any(site.endswith(("attn.scores", "attn.weights")) for site in sites)


def twenty_lines_of_the_page(folder: Path) -> None:
    import numpy_port

    page = (ROOT / "docs" / "recorders.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    pattern, use = blocks[-2:]
    weights.write_checkpoint(folder, GOLDEN.config, GOLDEN.seed)
    names = {"numpy_port": numpy_port, "n_layers": 4, "config": GOLDEN.config,
             "weights": numpy_port.read_tensors(folder), "tokens": GOLDEN.tokens}
    exec(pattern + use.replace("theirs.npz", str(folder / "theirs.npz")), names)
    with np.load(folder / "theirs.npz") as arrays:
        got = dict(arrays)
    assert got.pop("tokens").tolist() == GOLDEN.tokens
    assert len(got) == 9
    require_near(got, golden_sites("tiny"))


CHECKS = (hugging_face_in_float32, hugging_face_in_official_order,
          hugging_face_in_bf16_is_not_official, hugging_face_refuses_other_attention,
          official_in_bf16, without_scores_all_else_is_there, twenty_lines_of_the_page)


def main() -> int:
    reasons, n_failed = [], 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            with tempfile.TemporaryDirectory() as folder:
                check(Path(folder))
            print(f"{name}: holds")
        except Skipped as reason:
            reasons.append(str(reason))
            print(f"{name}: {reason}")
        except (AssertionError, subprocess.CalledProcessError) as error:
            n_failed += 1
            print(f"{name}: {error} {getattr(error, 'stderr', b'').decode()[-500:]}")
    for reason in sorted(set(reasons)):
        print(f"SKIPPED: recorders: {reasons.count(reason)} of {len(CHECKS)} checks: {reason}")
    if n_failed:
        return 1
    return 77 if len(reasons) == len(CHECKS) else 0


if __name__ == "__main__":
    sys.exit(main())
