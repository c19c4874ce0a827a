#!/usr/bin/env python3
"""Runs what stands on the pages of docs/ and compares it with what they say.

    scripts/notebooks.sh --install                              makes the environment, build/venv-python
    build/venv-python/bin/python scripts/check_pages.py         every page; the tool must be built
    ...                          scripts/check_pages.py 05 my   pages whose names begin so
    ...                          scripts/check_pages.py --fill  writes what was printed into the pages

A python fence with >>> lines is a session, a console fence has commands behind "$ ". A page is one
Python namespace, which begins with gptoss, np (numpy), m (nano) and t, its run of page 00. Also checked: a long number in
the prose of some pages stands in a fence too, every claim of myths.md has a fence or says why not,
and pages 00 to 14 have three exercises or more whose hidden answers are run.
"""
import argparse
import contextlib
import doctest
import io
import os
import pathlib
import re
import subprocess
import sys
import traceback

import numpy as np

import gptoss

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOL = ROOT / "build" / "release" / "bin"
FENCE = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NO_CHECK = "No check possible"
WHOLLY_CHECKED = ("00-one-token.md", "memory.md", "debugger.md")
QUESTION = ("<|start|>user<|message|>What is 7 + 5?<|end|>"
            "<|start|>assistant<|channel|>analysis<|message|>7+5=")
TIMEOUT = 120  # seconds of one command


def run_python(source, namespace):
    """What a line prints, as the interpreter would show it."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(source, "<page>", "single"), namespace)
        except Exception:
            printed.write(traceback.format_exc(limit=0).splitlines()[-1] + "\n")
    return printed.getvalue()


def session(text, namespace):
    """The session again, with what its lines print; None if it is no session."""
    examples = doctest.DocTestParser().get_examples(text)
    lines = []
    for example in examples:
        first, *more = example.source.rstrip("\n").split("\n")
        lines += [f">>> {first}", *(f"... {line}".rstrip() for line in more)]
        lines += run_python(example.source, namespace).splitlines()
    return "\n".join(lines) + "\n" if examples else None


def console(text):
    """The commands again, with what they print; None if there is no command."""
    environment = {**os.environ, "PATH": f"{TOOL}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    commands = re.findall(r"^\$ (.*(?:\\\n.*)*)$", text, re.MULTILINE)
    lines = []
    for command in commands:
        result = subprocess.run(["bash", "-c", command], cwd=ROOT, env=environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=TIMEOUT)
        lines += [f"$ {command}", *result.stdout.rstrip("\n").split("\n")]
    return "\n".join(lines).rstrip("\n") + "\n" if commands else None


def first_difference(text, current):
    pairs = zip(text.split("\n") + [""], current.split("\n") + [""])
    return next((f"has '{old}', expected '{new}'" for old, new in pairs if old != new), "other length")


def filled(page, text, model, trace):
    """The page with what its fences print, the problems, and how many fences were run."""
    namespace = {"__name__": "page", "gptoss": gptoss, "np": np, "m": model, "t": trace}
    problems, n_run = [], 0

    def fill(match):
        nonlocal n_run
        kind, body = match.groups()
        current = session(body, namespace) if kind == "python" else console(body)
        if current is None:
            return match.group(0)
        n_run += 1
        if current != body:
            line = text[:match.start()].count("\n") + 1
            problems.append(f"{page.name}:{line}: {first_difference(body, current)}")
        return f"```{kind}\n{current}```"

    return FENCE.sub(fill, text), problems, n_run


def loose_numbers(page, text):
    """Numbers of five digits or more in the prose that no fence of the page has."""
    fenced = "".join(re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL)).replace(",", "")
    prose = re.sub(r"^```.*?^```$|arXiv [\d.]+|\]\([^)]*\)|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    for number in re.findall(r"(?<![\w.])\d[\d,.]*\d", prose):
        digits = number.replace(",", "").rstrip(".")
        if len(digits.replace(".", "")) >= 5 and digits not in fenced:
            yield f"{page.name}: {number} is printed by nothing on the page"


def sections(text, mark):
    """(title, text) of every section that begins with so many #."""
    parts = re.split(rf"^{mark} (.*)$", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2]))


def unchecked_claims(text):
    for title, body in sections(text, "###"):
        if not FENCE.search(body) and NO_CHECK not in body:
            yield f"myths.md: '{title}' has neither a fence nor '{NO_CHECK}'"


def missing_answers(page, text):
    exercises = dict(sections(text, "##")).get("Exercises", "")
    answers = re.findall(r"<details>(.*?)</details>", exercises, re.DOTALL)
    if len(answers) < 3:
        yield f"{page.name}: has {len(answers)} exercises with answers, expected 3 or more"
    for number, answer in enumerate(answers, 1):
        if not FENCE.search(answer):
            yield f"{page.name}: answer {number} runs nothing"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--fill", action="store_true")
    flags = parser.parse_args()
    if not (TOOL / "gptoss").is_file():
        sys.exit(f"{TOOL}/gptoss is missing: cmake --build --preset release --target gptoss_tool")
    np.set_printoptions(precision=4, suppress=True)
    model = gptoss.Model()
    trace = model.trace(QUESTION, sites="all")
    pages = [page for page in sorted((ROOT / "docs").glob("*.md"))
             if not flags.names or page.name.startswith(tuple(flags.names))]
    problems, n_fences = [], 0
    for page in pages:
        text = page.read_text(encoding="utf-8")
        current, different, n_run = filled(page, text, model, trace)
        n_fences += n_run
        if flags.fill and current != text:
            page.write_text(current, encoding="utf-8")
            print(f"{page.name}: filled")
        elif not flags.fill:
            problems += different
        if page.name in WHOLLY_CHECKED:
            problems += loose_numbers(page, text)
        if page.name == "myths.md":
            problems += unchecked_claims(text)
        if re.match(r"\d\d-", page.name):
            problems += missing_answers(page, text)
    for problem in problems:
        print(problem)
    print(f"{n_fences} fences of {len(pages)} pages were run, {len(problems)} problems")
    return 1 if problems or n_fences == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
