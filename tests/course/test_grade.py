"""A class of submissions: folders, an archive, links, attackers; the files that come out; the seeds."""
import csv
import json
import os
import subprocess
import sys
import zipfile

import pytest

from conftest import ROOT, with_body, with_line
from courselib import grade, headers

RESIDUAL = "include/gptoss/layers/residual.hpp"
LOOP = with_body("add_residual", "    volatile int i = 0; while (true) i = i + 1;")
CHEAT = with_line("add_residual", '#include "gptoss/bf16/rounded_ops.hpp"')


def hand_in(folder, text, header="layers/residual.hpp"):
    path = folder / "include" / "gptoss" / header
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def class_of(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "class"
    right = headers.repository_text("layers/residual.hpp")
    for name, text in {"alice": right, "bob": LOOP, "chen": CHEAT, "zoe": right}.items():
        hand_in(folder / name, text)
    with zipfile.ZipFile(folder / "dana.zip", "w") as archive:
        archive.writestr(RESIDUAL, right)
        archive.writestr("../../outside.hpp", right)
    (folder / "evil" / "include" / "gptoss" / "layers").mkdir(parents=True)
    os.symlink(folder / "alice" / RESIDUAL, folder / "evil" / RESIDUAL)
    (folder / "hard" / "include" / "gptoss" / "layers").mkdir(parents=True)
    os.link(folder / "alice" / RESIDUAL, folder / "hard" / RESIDUAL)
    os.symlink(folder / "alice", folder / "link")
    (folder / "pipe" / "include" / "gptoss" / "layers").mkdir(parents=True)
    os.mkfifo(folder / "pipe" / RESIDUAL)
    (folder / "empty.zip").write_bytes(b"no archive")
    return folder


def test_the_batch_goes_on(class_of, tmp_path):
    out = tmp_path / "grades"
    os.unlink(class_of / "hard" / RESIDUAL)
    os.link(class_of / "zoe" / RESIDUAL, class_of / "hard" / RESIDUAL)
    done = subprocess.run([sys.executable, ROOT / "scripts" / "course", "grade", class_of, "--seed", "5",
                           "--lesson", "2", "--out", out], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with open(out / "grades.csv", encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    earned = {student: float(row["add_residual"]) for student, row in rows.items()}
    assert earned == {"alice": 100, "bob": 0, "chen": 0, "dana": 100, "evil": 0, "hard": 0, "pipe": 0,
                      "empty": 0, "zoe": 0}  # zoe's file has a second name, hard's
    results = json.loads((out / "alice.json").read_text(encoding="utf-8"))
    assert results["score"] == 100 and results["max_score"] == 300
    for test in results["tests"]:
        assert set(test) == {"name", "score", "max_score", "visibility", "output"}
        assert test["visibility"] in ("visible", "after_published")
    assert "too long" in (out / "bob.json").read_text(encoding="utf-8")
    assert "rounded_ops.hpp" in (out / "chen.json").read_text(encoding="utf-8")


def test_only_the_named_file_is_read(class_of):
    assert grade.read_file(class_of / "evil", RESIDUAL) is None
    assert grade.read_file(class_of / "pipe", RESIDUAL) is None
    assert grade.read_file(class_of / "empty.zip", RESIDUAL) is None
    assert grade.read_file(class_of / "dana.zip", RESIDUAL).startswith("// Residual")


# Right for about half of all inputs, by a bit of the input: which ones, the seed decides.
HALF = """    const bool is_right = int(x.data[0] * 1000) % 2 == 0;
    for (int t = 0; t < x.rows; ++t)
        for (int i = 0; i < x.cols; ++i) out.row(t)[i] = x.row(t)[i] + y.row(t)[i] + (is_right ? 0 : 1);"""


def test_seeds_give_other_inputs_and_the_same_grade_everywhere(judged):
    right = [judged("add_residual", with_body("add_residual", HALF), seed)["hidden"]["passed"]
             for seed in (1, 2, 3, 4, 1)]
    assert right == [5, 4, 4, 3, 5]
