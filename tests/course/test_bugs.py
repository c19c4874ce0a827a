"""Lesson 10: what is planted is what is graded, and shows where the truth says."""
import json
import subprocess
import sys

import pytest

from conftest import ROOT
from courselib import bugs

TOOL = ROOT / "build" / "release" / "bin" / "gptoss"


@pytest.fixture(scope="module")
def hunt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hunt")
    return folder, bugs.truth_of(3, folder)


def right_answers(truth):
    mend = {"function": None, "config": "config.sliding_window", "weights": "weights", "port": "line 7"}
    answers = {}
    for name, right in truth.items():
        site = right["site"].split(".", 2)[-1] if right["site"].startswith("block.") else right["site"]
        answers[name] = {"site": right["site"], "cause": right["cause"],
                         "mend": mend[right["kind"]] or bugs.WRITES[site].split()[0]}
    return answers


def points(answers, port, seed=3):
    files = {"bugs/answers.json": answers, "bugs/port.py": port}
    return sum(test["score"] for test in bugs.tests_of(files.get, seed))


def test_right_answers_earn_100_and_blank_ones_nothing(hunt):
    mended = bugs.PORT.read_text(encoding="utf-8")
    answers = json.dumps(right_answers(hunt[1]))
    assert points(answers, mended) == 100
    assert points(answers, bugs.planted_port(3)[1]) == 96
    assert points(None, None) == 0
    assert points("[1, 2", "def (") == 0
    assert points('{"dump_1": [], "port": "x"}', None) == 0
    assert points(answers, mended, seed=4) < 60


def test_one_is_in_no_list_and_seeds_differ(hunt, tmp_path):
    causes = [right["cause"] for right in hunt[1].values()]
    assert causes.count("none") == 1 and len(set(causes)) == 5
    assert bugs.truth_of(3, tmp_path / "again") == hunt[1]
    assert bugs.truth_of(4, tmp_path / "other") != hunt[1]


def test_the_tool_finds_the_listed_ones_and_no_name_for_the_other(hunt):
    if not TOOL.is_file():
        pytest.skip("build/release/bin/gptoss is not built")
    folder, truth = hunt
    for name in bugs.DUMPS:
        done = subprocess.run([TOOL, "diagnose", folder / f"{name}.safetensors", "--model", folder / "model",
                               "--json"], capture_output=True, text=True, check=False)
        answer = json.loads(done.stdout)
        assert (answer["diagnosis"] or "none") == truth[name]["cause"], answer["reason"]


@pytest.mark.parametrize("name", bugs.PORT_BUGS)
def test_the_port_goes_wrong_where_it_says(hunt, name, tmp_path, monkeypatch):
    pytest.importorskip("numpy", reason="numpy is not installed")
    if not TOOL.is_file():
        pytest.skip("build/release/bin/gptoss is not built")
    monkeypatch.setattr(bugs, "PORT_BUGS", [name])
    planted, source = bugs.planted_port(0)
    assert planted == name
    (tmp_path / "port.py").write_text(source, encoding="utf-8")
    ids, model = "17,3,99,42,8,64", hunt[0] / "model"
    subprocess.run([sys.executable, tmp_path / "port.py", "--model", model, "--ids", ids, "--out",
                    tmp_path / "port.npz"], check=True, capture_output=True)
    done = subprocess.run([TOOL, "diagnose", tmp_path / "port.npz", "--model", model, "--json"],
                          capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    assert answer["diagnosis"] == name
    assert f"first divergence at {bugs.PORT_SITES[name]}:" in answer["reason"]
