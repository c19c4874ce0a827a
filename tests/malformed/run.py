#!/usr/bin/env python3
"""Tries a loader on every case: does it accept what is legal, refuse what is not, and say why?

    tests/malformed/run.py --program build/release/tests/gptoss_malformed     ours
    tests/malformed/run.py --loader safetensors --disagree 6                  the package from PyPI
    tests/malformed/run.py --loader gguf --disagree 9                         llama.cpp's, from PyPI
    tests/malformed/run.py --command 'myloader {path}' --kinds safetensors    any: status 0 accepts

Each case has a process of its own, with 10 seconds and 2 GB of addresses: a signal is a crash, the end
of the time a hang. Of --program the words of the refusal are checked too. The last line counts; the
status is 1 if a case crashed or hung, or if --program was wrong. A loader that is not installed: 77.
docs/trust.md has what the two packages accept.
"""
import argparse
import collections
import importlib
import os
import pathlib
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
import time

import make_cases

SECONDS = 10
ADDRESSES = 2 << 30


def with_safetensors(path):
    with LIBRARY.safe_open(path, framework="numpy") as file:
        for name in file.keys():
            file.get_slice(name).get_shape()


def with_gguf(path):
    LIBRARY.GGUFReader(path)


LOADERS = {"safetensors": (with_safetensors, ["safetensors"]), "gguf": (with_gguf, ["gguf"])}
LIBRARY = None


def limited():
    if ADDRESSES:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))


def of_status(status):
    if os.WIFSIGNALED(status):
        return "crash"
    return "accept" if os.WEXITSTATUS(status) == 0 else "reject"


def in_child(load, path):
    """The verdict of a Python function, and its complaint."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        limited()
        try:
            load(str(path))
            os._exit(0)
        except BaseException as error:
            line = f"{type(error).__name__}: {error}".splitlines()[0]
            os.write(writing, line.encode(errors="replace")[:500])
            os._exit(1)
    os.close(writing)
    begin = time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() - begin > SECONDS:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hang", ""
        time.sleep(0.002)
    with os.fdopen(reading, "rb") as pipe:
        return of_status(status), pipe.read().decode(errors="replace")


def by_command(command):
    """The verdict of a program, and what it prints to standard error."""
    def verdict(case, path):
        words = [word.format(kind=case.kind, path=path) for word in shlex.split(command)]
        try:
            run = subprocess.run(words, capture_output=True, timeout=SECONDS, preexec_fn=limited)
        except subprocess.TimeoutExpired:
            return "hang", ""
        said = run.stderr.decode(errors="replace").strip()
        return ("crash" if run.returncode < 0 else "reject" if run.returncode else "accept"), said
    return verdict


def try_all(cases, verdict, folder):
    for number, case in enumerate(cases):
        path = folder / f"{number:03}"
        make_cases.write(case, path)
        yield case, *verdict(case, path)


def is_right(case, got, said, checks_words):
    if got != case.verdict:
        return False
    return case.verdict == "accept" or not checks_words or case.says in said


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    what = arguments.add_mutually_exclusive_group(required=True)
    what.add_argument("--program", help="takes KIND PATH, as ours does")
    what.add_argument("--command", help="with {path}, and {kind} if it likes")
    what.add_argument("--loader", choices=LOADERS)
    arguments.add_argument("--kinds", help="of cases, as safetensors,gguf [what the loader reads]")
    arguments.add_argument("--table", action="store_true", help="rows of Markdown of the disagreements")
    arguments.add_argument("--any-memory", action="store_true", help="for programs with sanitizers")
    arguments.add_argument("--disagree", type=int, help="fail unless so many verdicts differ from ours")
    options = arguments.parse_args()
    global LIBRARY, ADDRESSES
    if options.any_memory:
        ADDRESSES = 0

    kinds = options.kinds.split(",") if options.kinds else None
    if options.loader:
        load, its_kinds = LOADERS[options.loader]
        kinds = kinds or its_kinds
        try:
            LIBRARY = importlib.import_module(options.loader)
        except ImportError:
            print(f"SKIPPED: malformed: {options.loader} is not installed (pip install it)")
            sys.exit(77)
        verdict = lambda case, path: in_child(load, path)
    else:
        verdict = by_command(options.command or shlex.quote(options.program) + " {kind} {path}")

    cases = [case for case in make_cases.all_cases() if not kinds or case.kind in kinds]
    counts = collections.Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for case, got, said in try_all(cases, verdict, pathlib.Path(folder)):
            counts[case.verdict, got] += 1
            if is_right(case, got, said, options.program):
                continue
            wrong += 1
            said = said.replace(folder, "DIR").splitlines()[:1]
            if options.table:
                print(f"| {case.kind} | {case.name} | {case.verdict} | {got} | {case.why} |")
            else:
                print(f"{case.kind}: {case.name}: expected {case.verdict}"
                      f"{f' ({case.says!r})' if case.says and options.program else ''}, got {got}"
                      f"{': ' + said[0] if said else ''}")
    n_bad = sum(n for (_, got), n in counts.items() if got in ("crash", "hang"))
    summary = ", ".join(f"{n} {got} of what to {expected}"
                        for (expected, got), n in sorted(counts.items()))
    print(f"{len(cases)} cases, {wrong} disagree: {summary}")
    expected = 0 if options.program else options.disagree
    sys.exit(1 if n_bad or expected not in (None, wrong) else 0)


if __name__ == "__main__":
    main()
