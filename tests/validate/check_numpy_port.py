#!/usr/bin/env python3
"""The numpy port of examples/validate against the goldens, and its broken copy against the port.

The checkpoints are written by tests/golden/weights.py, so nothing of the C++ side takes part. Needs
numpy; without it the check is skipped (exit status 77).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
except ImportError:
    print("SKIPPED: numpy_port: python3 has no numpy")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "golden"))
import configs  # noqa: E402
import files  # noqa: E402
import weights  # noqa: E402

PORT = ROOT / "examples" / "validate" / "numpy_port.py"
BROKEN = ROOT / "examples" / "validate" / "numpy_port_broken.py"

# max |got - expected| / rms(expected), float32 against float64; measured: 2.5e-5, as the C++ path.
ALLOWED = 8e-5


def run(script: Path, golden: configs.Golden, folder: Path) -> dict[str, np.ndarray]:
    checkpoint, out = folder / "checkpoint", folder / f"{script.stem}.npz"
    weights.write_checkpoint(checkpoint, golden.config, golden.seed)
    ids = ",".join(str(token) for token in golden.tokens)
    command = [sys.executable, script, "--model", checkpoint, "--ids", ids, "--out", out]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with np.load(out) as arrays:
        return dict(arrays)


def error(got: np.ndarray, expected: np.ndarray) -> float:
    """0 for equal ids and hidden scores; infinity for other shapes or other hidden scores."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return np.inf
    finite = np.isfinite(expected)
    if not np.array_equal(finite, np.isfinite(got)):
        return np.inf
    gap = np.abs(got[finite].astype(np.float64) - expected[finite]).max()
    return float(gap / np.sqrt(np.mean(expected[finite].astype(np.float64) ** 2)))


def port_problems(name: str, folder: Path) -> list[str]:
    golden = configs.GOLDENS[name]
    _, expected = files.read_dump(files.unpack(files.DATA / f"{name}.tar.xz"))
    got = run(PORT, golden, folder)
    if got.pop("tokens").tolist() != golden.tokens:
        return [f"{name}: the tokens in the file are others"]
    if list(got) != list(expected):
        return [f"{name}: sites differ: {sorted(set(got) ^ set(expected)) or 'in order'}"]
    errors = {site: error(got[site], expected[site]) for site in expected}
    worst = max(errors, key=errors.get)
    print(f"{name}: {len(errors)} sites, the largest error is {errors[worst]:.1e} at {worst}")
    return [f"{name} {site}: error {e:.1e}, allowed {ALLOWED}"
            for site, e in errors.items() if not e <= ALLOWED]


def broken_problems(folder: Path) -> list[str]:
    """One line differs, and the window of 4 shows in the first layer from token 4 on."""
    right, wrong = PORT.read_text().split("\n"), BROKEN.read_text().split("\n")
    changed = [(a, b) for a, b in zip(right, wrong) if a != b]
    if len(right) != len(wrong) or len(changed) != 1:
        return [f"{BROKEN.name} differs from {PORT.name} in {len(changed)} lines, expected 1"]
    got, expected = run(BROKEN, configs.TINY, folder), run(PORT, configs.TINY, folder)
    differing = [site for site in expected if not np.array_equal(got[site], expected[site])]
    tokens = np.unique(np.nonzero(got[differing[0]] != expected[differing[0]])[1]).tolist()
    print(f"the broken copy first differs at {differing[0]}, tokens {tokens[0]} to {tokens[-1]}")
    if differing[0] != "block.0.attn.scores" or tokens != list(range(4, 12)):
        return ["the broken copy: expected block.0.attn.scores, tokens 4 to 11"]
    return []


def main() -> int:
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tiny", "odd"):
            problems += port_problems(name, Path(folder) / name)
        problems += broken_problems(Path(folder) / "broken")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
