"""scripts/course as a student uses it, in a folder of its own."""
import json
import os
import subprocess
import sys
import time
import zipfile

import pytest

from conftest import ROOT
from courselib import headers


@pytest.fixture
def course(tmp_path):
    environment = {**os.environ, "GPTOSS_COURSE_WORK": str(tmp_path / "work")}

    def run(*words, expected=0):
        done = subprocess.run([sys.executable, ROOT / "scripts" / "course", *words], env=environment,
                              capture_output=True, text=True, check=False)
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout
    run.work = tmp_path / "work"
    run.environment = environment
    return run


def test_a_first_lesson(course):
    assert "docs/course/lesson-02.md" in course("start", "2")
    header = course.work / "include/gptoss/layers/residual.hpp"
    assert "not written yet" in header.read_text(encoding="utf-8")
    assert "0 of 300" in course("check", expected=1)
    header.write_text(headers.repository_text("layers/residual.hpp"), encoding="utf-8")
    result = json.loads(course("check", "add_residual", "--json"))
    assert (result["score"], result["max_score"]) == (100, 100)
    assert len(result["tests"]) == 4
    assert "already" in course("start", "2")
    assert header.read_text(encoding="utf-8") == headers.repository_text("layers/residual.hpp")
    course("submit")
    with zipfile.ZipFile(course.work / "submission.zip") as archive:
        assert "include/gptoss/layers/residual.hpp" in archive.namelist()


def test_hints_come_one_by_one(course):
    assert course("hint", "rope").count(" of 3: ") == 1
    assert "Pitfalls" in course("hint", "rope")
    assert course("hint", "rope").count(" of 3: ") == 3


def test_watch_checks_what_was_saved_and_stays(course):
    course("start", "2")
    header = course.work / "include/gptoss/layers/residual.hpp"
    said = course.work / "said.txt"
    with open(said, "w", encoding="utf-8") as output:
        watch = subprocess.Popen([sys.executable, ROOT / "scripts" / "course", "watch"],
                                 env=course.environment, stdout=output)
    try:
        wait_for(said, "add_residual: 0 of 100")
        header.write_text(headers.repository_text("layers/residual.hpp"), encoding="utf-8")
        wait_for(said, "add_residual: 100 of 100")
        assert watch.poll() is None
        assert json.loads((course.work / "state.json").read_text(encoding="utf-8"))["lesson"] == 2
    finally:
        watch.terminate()
        watch.wait()


def wait_for(path, text):
    for _ in range(600):
        if text in path.read_text(encoding="utf-8"):
            return
        time.sleep(0.1)
    raise AssertionError(path.read_text(encoding="utf-8"))


def test_work_is_not_gits():
    ignored = subprocess.run(["git", "check-ignore", "-q", "course/work/state.json"], cwd=ROOT, check=False)
    if ignored.returncode == 128:
        pytest.skip("this copy is no git repository")
    assert ignored.returncode == 0


def test_words_that_mean_nothing_are_refused(course):
    for words in (["check", "nonsense"], ["start", "11"], ["hint", "3"]):
        course(*words, expected=1)
