#!/usr/bin/env python3
"""What docs/goldens.md shows, run: its commands, the forty lines of numpy, and the Rust program.

    check_goldens_page.py [GPTOSS]       the tool, as built; without it no command is run

The ```sh blocks are one session of bash, in a folder with the repository's examples and the goldens;
every compare of theirs has to pass. The lines with the real weights run on nano, where torch and
transformers are; else they are skipped. The numpy lines make every tensor of tiny and odd, which are
held against the checkpoints that tests/golden/weights.py writes. The Rust program reads a golden;
without rustc that is skipped.
"""

import importlib.util
import os
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


def shell_in(folder: Path, tool: Path) -> dict[str, str]:
    """A reader's folder, and the path on which `gptoss` and `python3` are."""
    for name in ("examples", "tests"):
        (folder / name).symlink_to(ROOT / name)
    goldens = folder / "build" / "release" / "tests" / "golden"
    goldens.mkdir(parents=True)
    for archive in sorted(files.DATA.glob("*.tar.xz")):
        if archive.stem.removesuffix(".tar") != "gguf":
            name = archive.name.replace(".tar.xz", ".safetensors")
            (goldens / name).write_bytes(files.unpack(archive))
    (folder / "bin").mkdir()
    (folder / "bin" / "gptoss").symlink_to(tool)
    for name in ("python3", "pip"):
        module = " -m pip" if name == "pip" else ""
        (folder / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        (folder / "bin" / name).chmod(0o755)
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def run_lines(lines: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", lines], cwd=folder, env=environment,
                          capture_output=True, text=True)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise SystemExit(f"status {done.returncode} of the page's lines\n{lines}\n{tail}")
    return done.stdout


def run_commands(tool: Path) -> None:
    page = (ROOT / "docs" / "goldens.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    (real,) = re.findall(r"^```text\n(pip install.*?)^```", page, re.DOTALL | re.MULTILINE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = shell_in(folder, tool)
        printed = run_lines("".join(blocks), folder, environment)
        n_passed = len(re.findall(r"^pass: ", printed, re.MULTILINE))
        n_compared = sum(line.count("compare") * (1 + words.count(" "))
                         for words, line in re.findall(r"for name in (.*?); do (.*)", "".join(blocks)))
        assert n_passed == n_compared, f"{n_passed} of {n_compared} passed:\n{printed}"
        print(f"{n_passed} goldens, compared by the page's lines, pass")
        if not importlib.util.find_spec("transformers"):
            print("SKIPPED: goldens_page: the lines with the real weights: python3 has no transformers")
            return
        (folder / "prompt.txt").write_text("What is 17 + 25?")
        as_nano = real.replace("DIR", "examples/nano/model").replace(
            "tokenize encode", "tokenize encode --model examples/nano/model")
        port = ('python3 examples/validate/numpy_port.py --model examples/nano/model --ids "$ids" '
                "--out yours.safetensors.npz && mv yours.safetensors.npz yours.safetensors\n")
        *first, last = as_nano.strip().split("\n")
        printed = run_lines("\n".join([*first, port, last]), folder, environment)
        assert "\npass: " in printed, printed
        print("the lines with the real weights run on nano, and pass")


def main() -> int:
    if len(sys.argv) > 1:
        run_commands(Path(sys.argv[1]).resolve())
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
