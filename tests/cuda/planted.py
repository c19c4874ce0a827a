#!/usr/bin/env python3
"""Plants the mistakes of planted_mistakes.py in the CUDA headers, one at a time, and says which of them
the emulated device finds. The score, and what stays invisible, is in docs/cuda.md.

    tests/cuda/planted.py FOLDER          FOLDER is a build folder with the three emulated tests in it
    tests/cuda/planted.py FOLDER PATTERN  only mistakes whose kind, header or description has it

All of them are compiled in at once, each behind a question to the environment, so there are three
compilations and not three for each mistake.
"""
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys

from planted_mistakes import KINDS, TESTS

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SECONDS = 300  # of one run

# How a mistake may be found, the cheapest way first: program, and what is in its environment.
WAYS = [
    ("forwards", "emulated", {}),
    ("backwards", "emulated", {"GPTOSS_EMULATED_ORDER": "reverse"}),
    ("shuffled", "emulated", {"GPTOSS_EMULATED_ORDER": "shuffle:1"}),
    ("ASan", "asan", {"ASAN_OPTIONS": "detect_leaks=0"}),
    ("TSan", "tsan", {"TSAN_OPTIONS": "halt_on_error=1 exitcode=66"}),
]

QUESTION = """
#include <cstdlib>
namespace emulated {
inline bool planted(int number) {
    static const char* const wish = std::getenv("GPTOSS_PLANTED");
    static const int chosen = wish == nullptr ? -1 : std::atoi(wish);
    return number == chosen;
}
}  // namespace emulated
"""


def pattern_of(text):
    return r"\s+".join(re.escape(word) for word in text.split())


def place_of(mistake, text):
    found = re.search(rf"({pattern_of(mistake.before)}\s*)({pattern_of(mistake.right)})", text)
    if found is None:
        sys.exit(f"planted: {mistake.header} has no '{mistake.right}' behind '{mistake.before}'")
    return found.span(2)


def with_questions(right, wrongs):
    """Right, unless one of the wrongs is asked for: (number, wrong) each."""
    text = right
    for number, wrong in wrongs:
        question = f"::emulated::planted({number})"
        if right.endswith(";"):
            text = f"if ({question}) {{ {wrong} }} else {{ {text} }}"
        else:
            text = f"({question} ? ({wrong}) : ({text}))"
    return text


def plant(path, mistakes):
    """Mistakes are (number, mistake), all of this header."""
    text = path.read_text(encoding="utf-8")
    places = collections.defaultdict(list)
    for number, mistake in mistakes:
        places[place_of(mistake, text)].append((number, mistake.wrong))
    for (begin, end), wrongs in sorted(places.items(), reverse=True):
        text = text[:begin] + with_questions(text[begin:end], wrongs) + text[end:]
    path.write_text(text, encoding="utf-8")


def headers_with_mistakes(folder, mistakes):
    """A copy of the emulated headers in FOLDER/planted."""
    copy = folder / "planted"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "tests" / "cuda" / "emulated", copy)
    model = copy / "gptoss" / "model"
    model.mkdir()
    for header in ("decode_graph.cuh", "decode_loop.cuh"):
        shutil.copy(ROOT / "include" / "gptoss" / "model" / header, model)
    of_header = collections.defaultdict(list)
    for number, mistake in enumerate(mistakes):
        of_header[mistake.header].append((number, mistake))
    paths = {path.stem: path for path in copy.rglob("*.cuh")}
    for header, numbered in of_header.items():
        plant(paths[header], numbered)
    (copy / "planted.hpp").write_text("#pragma once" + QUESTION, encoding="utf-8")
    return copy


def command_for(folder, output):
    """The last command of ninja's for an output."""
    done = subprocess.run(["ninja", "-C", folder, "-t", "commands", output], capture_output=True, text=True,
                          check=True)
    return done.stdout.strip().splitlines()[-1]


def build(folder, copy, program):
    """The test program with the mistakes in its kernels."""
    kernels = f"tests/cuda/CMakeFiles/gptoss_device_{program}.dir/emulated/device.cpp.o"
    planted = f"planted/{program}.o"
    compile_it = command_for(folder, kernels)
    compile_it = compile_it.replace(str(folder / "tests" / "cuda" / "emulated"), str(copy))
    compile_it = compile_it.replace(kernels, planted) + " -w -include utility -include array -include planted.hpp"
    link_it = command_for(folder, f"tests/cuda_{program}_test").replace(kernels, planted)
    link_it = re.sub(r"-o tests/\S+", f"-o planted/{program}_test", link_it)
    for command in (compile_it, link_it):
        done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"planted: {command}\n{done.stdout}{done.stderr}")


def run(folder, way, number, tests):
    """What went wrong, in a line; "" if nothing did."""
    _, program, environment = way
    try:
        done = subprocess.run([f"planted/{program}_test", "--abort", tests], cwd=folder, capture_output=True, text=True,
                              env={**os.environ, **environment, "GPTOSS_PLANTED": str(number)}, timeout=SECONDS,
                              errors="replace", check=False)
    except subprocess.TimeoutExpired:
        return "no end"
    if done.returncode == 0:
        return ""
    said = done.stdout + done.stderr
    for word in (r"(?m)^emulated device: (.*)", r"runtime error: (.{0,60})", r"SUMMARY: \w+: (\S+ ?\S+) ",
                 r"(SIGSEGV)", r"(FAILED):"):
        found = re.search(word, said)
        if found:
            return "wrong numbers" if found[1] == "FAILED" else found[1].split(" (/")[0]
    return f"status {done.returncode}"


def tests_of(mistake):
    return TESTS.get(mistake.header, f"{mistake.header}: the CUDA twin*")


def find(folder, number, tests, silent):
    """The first way that finds a mistake, and what it says. Where nothing is planted it must be silent,
    which is asked once for each way and tests."""
    for way in WAYS:
        said = run(folder, way, number, tests)
        if not said:
            continue
        if (way[0], tests) not in silent:
            false_alarm = run(folder, way, -1, tests)
            if false_alarm:
                sys.exit(f"planted: without a mistake, {way[0]} finds {false_alarm} in {tests}")
            silent.add((way[0], tests))
        return way[0], said
    return "nothing", ""


def main(arguments):
    if not arguments:
        print(__doc__)
        return 2
    folder = pathlib.Path(arguments[0]).resolve()
    kinds = [kind for kind, of_kind in KINDS.items() for _ in of_kind]
    mistakes = [mistake for of_kind in KINDS.values() for mistake in of_kind]
    chosen = [n for n, (kind, mistake) in enumerate(zip(kinds, mistakes))
              if len(arguments) < 2 or re.search(arguments[1], f"{kind} {mistake.header} {mistake.what}")]
    copy = headers_with_mistakes(folder, mistakes)
    for program in ("emulated", "asan", "tsan"):
        build(folder, copy, program)

    silent = set()
    found_by = dict.fromkeys([way[0] for way in WAYS] + ["nothing"], 0)
    for number in chosen:
        kind, mistake = kinds[number], mistakes[number]
        finder, said = find(folder, number, tests_of(mistake), silent)
        found_by[finder] += 1
        print(f"{kind:20}  {mistake.header + ', ' + mistake.what:55}  {finder:9}  {said}", flush=True)
    n_all = sum(found_by.values())
    print(f"{n_all - found_by['nothing']} of {n_all} found: " +
          ", ".join(f"{count} by {finder}" for finder, count in found_by.items() if count))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
