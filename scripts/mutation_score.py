#!/usr/bin/env python3
"""Puts every pitfall in the place of the right model and runs the other tests over it.

    scripts/mutation_score.py [--build DIR]            writes the table of docs/pitfalls.md
    scripts/mutation_score.py [--build DIR] --check    changes nothing; fails if the table is stale

Either way it fails if a test fails without a mistake, or if a mistake survives all of them. DIR is
a configured build folder (build/release); its target gptoss_mutants holds the tests of layers/ and
of the forward pass, in model/, over ops and models that the environment names. Tests at the real
widths and over the trained model take long, so they run only over what survives the others.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "pitfalls.md"
BEGIN, END = "<!-- begin scripts/mutation_score.py -->", "<!-- end -->"
THREAD = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)")

AT_REAL_WIDTHS = ["*20b*", "golden: nano*", "golden: every recorded*"]
SMALL = [f"~{pattern}" for pattern in AT_REAL_WIDTHS]


class MutationError(Exception):
    pass


def facts_of(program):
    command = [program, "[.facts]"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in output.split("\n") if line.startswith("{")]


def failed_tests(program, mutant, filters):
    """The names of the tests that fail over a mutant; over the right model if it is None."""
    environment = dict(os.environ)
    if mutant is not None:
        environment["GPTOSS_MUTANT"] = mutant
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        command = [program, *filters, "-r", "junit", "-o", report.name]
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
        try:
            cases = list(ElementTree.parse(report.name).iter("testcase"))
        except ElementTree.ParseError as error:
            raise MutationError(f"{mutant}: the tests were cut short ({error})") from error
    if len(cases) < 100 and filters == SMALL:
        raise MutationError(f"{mutant}: only {len(cases)} tests ran")
    failed = {
        case.get("name")
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    }
    return sorted({plain_name(name) for name in failed})


def plain_name(name):
    """Without the section and the template argument that Catch2 appends."""
    return re.sub(r" - (ScalarOps|MutantOps|Site::\w+|\d+)$", "", name.split("/root")[0])


def kills_of(program, mutants):
    if failed := failed_tests(program, None, SMALL):
        raise MutationError(f"without a mistake {len(failed)} tests fail, the first: {failed[0]}")
    kills = {}
    for mutant in mutants:
        kills[mutant] = failed_tests(program, mutant, SMALL)
        if not kills[mutant]:
            kills[mutant] = failed_tests(program, mutant, [",".join(AT_REAL_WIDTHS)])
        print(f"{mutant}: {len(kills[mutant])} tests fail")
    return kills


def is_golden(test):
    """The tests of a block run a golden's layer."""
    return "golden" in test or "_block:" in test


def killers(mutant, kills):
    """Of the unit tests and of the goldens, the one that fails over the fewest mutants."""
    n_mutants = {}
    for tests in kills.values():
        for test in tests:
            n_mutants[test] = n_mutants.get(test, 0) + 1
    chosen = []
    for golden in (False, True):
        tests = [test for test in kills[mutant] if is_golden(test) == golden]
        if tests:
            best = min(tests, key=lambda test: (n_mutants[test], test))
            more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
            chosen.append(f"*{best}*{more}")
    return "; ".join(chosen) or "**nothing**"


def with_links(text):
    return THREAD.sub(r"[\1#\2](https://github.com/\1/issues/\2)", text)


def table_of(facts, kills):
    lines = [
        "| pitfall | what is done wrong | seen | symptom | visible from | first site | killed by |",
        "|---|---|---|---|---|---|---|",
    ]
    for fact in facts:
        cells = [
            f"`{fact['name']}`",
            fact["mistake"],
            with_links(fact["who"]),
            fact["symptom"],
            fact["visible_from"],
            f"`{fact['first_site']}`",
            killers(fact["name"], kills),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    n_killed = sum(1 for tests in kills.values() if tests)
    return "\n".join([f"{n_killed} of {len(kills)} mistakes are found.", "", *lines])


def page_with(table):
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise MutationError(f"{PAGE.name} has no place for the table")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    target = ["cmake", "--build", arguments.build, "--target", "gptoss_mutants"]
    subprocess.run(target, check=True, stdout=subprocess.DEVNULL)
    program = str(pathlib.Path(arguments.build) / "tests" / "gptoss_mutants")
    facts = facts_of(program)
    try:
        kills = kills_of(program, [fact["name"] for fact in facts])
        page = page_with(table_of(facts, kills))
    except MutationError as error:
        print(error)
        return 1
    survivors = [mutant for mutant, tests in kills.items() if not tests]
    if arguments.check and page != PAGE.read_text(encoding="utf-8"):
        print(f"{PAGE.name}: stale; scripts/mutation_score.py writes it anew")
        return 1
    if not arguments.check:
        PAGE.write_text(page, encoding="utf-8")
    print(f"{len(kills) - len(survivors)} of {len(kills)} mistakes are found")
    for mutant in survivors:
        print(f"survives: {mutant}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
