"""The package as a whole: its six lines in the README, its two halves, a notebook over a broken op."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gptoss
from gptoss import _check

ROOT = Path(__file__).resolve().parent.parent.parent


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/")


def test_the_lines_of_the_readme():
    block = re.search(r"```python\n(import gptoss\n.*?)```", (ROOT / "README.md").read_text(), re.S)[1]
    result = run_python(block)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "17 + 25 = 42."
    assert "sinks_missing, a plain softmax: the sinks are ignored" in lines[-1]


def test_without_numpy_it_says_so_in_a_line():
    result = run_python("import importlib.util as u; find = u.find_spec\n"
                        "u.find_spec = lambda name, *a: None if name == 'numpy' else find(name, *a)\n"
                        "import gptoss")
    assert result.stderr.splitlines()[-1] == "ImportError: gptoss: numpy is not installed: pip install numpy"


def test_a_module_of_another_version_is_refused(monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9.9")
    with pytest.raises(ImportError, match="compiled module is of version .*, the package of 9.9.9: run pip"):
        _check.require_same_version(gptoss._core)


def test_a_module_of_other_headers_is_refused():
    script = [sys.executable, ROOT / "python" / "header_docs.py", "--digest", ROOT / "include"]
    digest = subprocess.run(script, capture_output=True, text=True, check=True).stdout.strip()
    _check.require_headers(digest)
    with pytest.raises(ImportError, match="built from other headers than those of this tree: run pip"):
        _check.require_headers("0" * 16)


def test_stubs_come_with_it():
    stub = (Path(gptoss.__file__).parent / "_core" / "ops.pyi").read_text()
    assert "def rmsnorm(x: numpy.typing.NDArray[numpy.float32]" in stub and "RMSNorm: bring" in stub


def test_an_op_that_is_broken_makes_a_notebook_fail():
    pytest.importorskip("jupytext")
    broken = ("import gptoss; right = gptoss.Model.trace\n"
              "gptoss.Model.trace = lambda self, prompt, sites='usual', edit=None: "
              "right(self, prompt, sites, pitfall='swiglu_halves')")
    result = subprocess.run([sys.executable, ROOT / "scripts" / "run_notebooks.py", "--out", "broken",
                             "--before", broken, "01"], capture_output=True, text=True)
    assert result.returncode == 1 and "AssertionError" in result.stdout
