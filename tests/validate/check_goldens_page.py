#!/usr/bin/env python3
"""The forty lines of docs/goldens.md against the checkpoints that tests/golden/weights.py writes.

Both layouts and both models: qkv is stacked in one of them and split in the other.
"""

import re
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
except ImportError:
    print("skipped: python3 has no numpy")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "golden"))
import configs  # noqa: E402
import files  # noqa: E402
import weights  # noqa: E402


def lines_of_the_page() -> dict:
    """The names that the page's Python block defines."""
    page = (ROOT / "docs" / "goldens.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
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


def main() -> int:
    tensor = lines_of_the_page()["tensor"]
    for name in ("tiny", "odd"):
        print(f"{name}: {check(name, tensor)} tensors are equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
