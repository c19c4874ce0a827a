#!/usr/bin/env python3
"""What docs/goldens.md shows, run: the forty lines of numpy, and the Rust program.

The numpy lines make every tensor of tiny and odd, which are held against the checkpoints that
tests/golden/weights.py writes. The Rust program reads a golden; without rustc that is skipped.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
except ImportError:
    print("SKIPPED: goldens_page: python3 has no numpy")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "golden"))
import configs  # noqa: E402
import files  # noqa: E402
import weights  # noqa: E402


def block_of_the_page(language: str) -> str:
    page = (ROOT / "docs" / "goldens.md").read_text()
    (block,) = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    return block


def lines_of_the_page() -> dict:
    """The names that the page's Python block defines."""
    block = block_of_the_page("python")
    names: dict = {}
    exec(block, names)
    n_lines = sum(1 for line in block.split("\n") if line.strip())
    print(f"{n_lines} lines of numpy")
    return names


def check(name: str, tensor) -> int:
    """How many tensors of this model the page's lines make, byte for byte."""
    config = configs.GOLDENS[name].config
    with tempfile.TemporaryDirectory() as folder:
        path = weights.write_checkpoint(Path(folder), config, 1, "openai")
        _, expected = files.read_dump(path.read_bytes())
    for tensor_name, stored in expected.items():
        made = tensor(tensor_name, stored.shape, configs.openai_config(config))
        if made.dtype != np.uint8:
            made = weights.to_bf16(made)
        assert np.array_equal(made, stored), f"{name}: {tensor_name} differs"
    return len(expected)


def run_rust(rustc: str) -> None:
    """The page's program, in a folder with the golden that it reads."""
    raw = files.unpack(files.DATA / "tiny.tar.xz")
    q = files.read_dump(raw)[1]["block.0.attn.q"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tiny.safetensors").write_bytes(raw)
        (folder / "read.rs").write_text(block_of_the_page("rust"))
        subprocess.run([rustc, "--edition", "2021", "-D", "warnings", "read.rs"], cwd=folder,
                       check=True)
        printed = subprocess.run([folder / "read"], cwd=folder, check=True, capture_output=True,
                                 text=True).stdout
    n_values, first, last = printed.split()
    assert int(n_values) == q.size, printed
    assert np.float32(first) == q.flat[0] and np.float32(last) == q.flat[-1], printed


def main() -> int:
    tensor = lines_of_the_page()["tensor"]
    for name in ("tiny", "odd"):
        print(f"{name}: {check(name, tensor)} tensors are equal")
    rustc = shutil.which("rustc")
    if rustc:
        run_rust(rustc)
        print("the Rust program reads what is there")
    else:
        print("SKIPPED: goldens_page: its Rust program: rustc is not installed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
