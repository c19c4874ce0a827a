"""What the tests of the course share. They write into pytest's folders, never into course/work/."""
import pathlib
import shutil
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from courselib import build, exercises, headers, score  # noqa: E402


def pytest_terminal_summary(terminalreporter):
    """Skips, as scripts/test.sh counts them."""
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"SKIPPED: course: {report.longrepr[2].removeprefix('Skipped: ')}")


@pytest.fixture(scope="session", autouse=True)
def runner():
    for tool in ("cmake", "g++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    build.require_runner()


@pytest.fixture
def judged(tmp_path):
    """judged(name, text): the report on a header's text."""
    def report(name, text, seed=7):
        return build.report_of(text, exercises.named(name), tmp_path / "one", seed, "theirs.hpp")
    return report


def with_body(name, body):
    """The exercise's header as a student hands it in, with this body in its function."""
    exercise = exercises.named(name)
    text = headers.repository_text(exercise.header)
    function = headers.function_text(text, name)
    opening = function.index("{\n") + 2
    return headers.with_include(text.replace(function, function[:opening] + body + "\n}", 1), headers.CHECK)


def with_line(name, line):
    """The same with the right body, and one line in front of the namespace."""
    text = headers.repository_text(exercises.named(name).header)
    return text.replace("\nnamespace gptoss", f"\n{line}\nnamespace gptoss", 1)


def total(report):
    return score.total(report)
