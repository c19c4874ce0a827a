#!/usr/bin/env python3
"""Follows docs/validate.md to the letter: runs its commands, and looks for what it says they print.

    check_validate_page.py GPTOSS        the tool, as built

A ```sh block is run by bash in an empty folder with the repository's examples in it; each line of
the ```text block behind it must stand in what was printed, blanks aside, or in the broken port.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy  # noqa: F401
except ImportError:
    print("SKIPPED: validate_page: python3 has no numpy")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
PORT = ROOT / "examples" / "validate" / "numpy_port_broken.py"
DIVERGED = 1                                                    # exit status of compare, diagnose


def blocks_of_the_page() -> list[tuple[str, str]]:
    page = (ROOT / "docs" / "validate.md").read_text()
    return re.findall(r"^```(sh|text)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def prepare(folder: Path, tool: Path) -> dict[str, str]:
    """The folder in which a reader stands, and the path on which `gptoss` and `python3` are."""
    (folder / "examples").symlink_to(ROOT / "examples")
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    (bin_folder / "gptoss").symlink_to(tool)
    python = bin_folder / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -B "$@"\n')
    python.chmod(0o755)
    return {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}


def run(commands: str, folder: Path, environment: dict[str, str]) -> str:
    """What the lines of a block print; only compare and diagnose may say that runs differ."""
    printed = ""
    for line in commands.strip().split("\n"):
        done = subprocess.run(["bash", "-c", line], cwd=folder, env=environment,
                              capture_output=True, text=True)
        finds = re.match(r"gptoss (compare|diagnose) ", line)
        expected = DIVERGED if finds else 0
        if done.returncode != expected:
            raise AssertionError(f"{line}\n  status {done.returncode}, expected {expected}\n  "
                                 f"{done.stderr.strip()}")
        printed += done.stdout
    return printed


def without_blanks(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def main() -> int:
    tool = Path(sys.argv[1]).resolve()
    n_commands, n_lines = 0, 0
    printed = ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = prepare(folder, tool)
        for kind, body in blocks_of_the_page():
            if kind == "sh":
                printed = run(body, folder, environment)
                n_commands += len(body.strip().split("\n"))
                continue
            for line in body.strip().split("\n"):
                n_lines += 1
                if without_blanks(line.strip()) not in without_blanks(printed + PORT.read_text()):
                    raise AssertionError(f"not printed: {line.strip()}\nbut:\n{printed}")
    print(f"{n_commands} commands of the page, {n_lines} lines of what they print")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as error:
        print(error)
        sys.exit(1)
