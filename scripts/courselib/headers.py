"""Headers with a body cut out, and with bodies put back.

A function is found by its name, as the pages' quotes are (scripts/quote_docs.py). Of a body that is
cut, the lines up to the last check of shapes stay; what is computed goes.
"""
import pathlib
import re
import sys

from . import exercises

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import quote_docs  # noqa: E402  (the finder)

INCLUDE = ROOT / "include" / "gptoss"
CHECK = '#include "gptoss/core/check.hpp"'


def repository_text(header):
    return (INCLUDE / header).read_text(encoding="utf-8")


def lines_of(text, name):
    """The first and the last line of the function, or None."""
    lines = text.split("\n")
    first = quote_docs.first_line_of(lines, name)
    if first is None:
        return None
    return first, quote_docs.last_line_of(lines, first)


def function_text(text, name):
    place = lines_of(text, name)
    if place is None:
        return None
    return "\n".join(text.split("\n")[place[0] : place[1] + 1])


def kept_lines(body):
    """Of a body's lines, those up to the end of the last require_ statement at its margin."""
    last = 0
    for number, line in enumerate(body):
        if re.match(r"    require_\w+\(", line):
            last = number + 1
            while not body[last - 1].endswith(";"):
                last += 1
    return body[:last]


def stub_of(function, name):
    """The function's text without what it computes."""
    lines = function.split("\n")
    opening = next(n for n, line in enumerate(lines) if line.endswith("{"))
    message = f'throw Error("{name}: not written yet");'
    stub = lines[: opening + 1] + kept_lines(lines[opening + 1 : -1])
    if lines[0].startswith("constexpr"):  # one that can only throw is no constexpr function
        stub += [f"    if (!std::is_constant_evaluated()) {message}", "    return {};"]
    else:
        stub.append(f"    {message}")
    return "\n".join(stub + [lines[-1]])


def with_include(text, line):
    return text if line in text else text.replace("#pragma once\n", f"#pragma once\n{line}\n", 1)


def stubbed(text, name):
    function = function_text(text, name)
    return text if function is None else text.replace(function, stub_of(function, name), 1)


def cut(header):
    """The header as a student gets it: the bodies of all its exercises are gone."""
    text = repository_text(header)
    for exercise in exercises.EXERCISES:
        if exercise.header == header:
            for name in (exercise.name, *exercise.same):
                text = stubbed(text, name)
    text = with_include(text, CHECK)
    return with_include(text, "#include <type_traits>") if "is_constant_evaluated" in text else text


def is_untouched(text, exercise):
    """Is the function still as it was handed out?"""
    return function_text(text, exercise.name) == function_text(cut(exercise.header), exercise.name)


def replaced_functions(exercise):
    """By name, what stands in the place of the header's other functions while this one is judged."""
    repository = repository_text(exercise.header)
    replaced = {}
    for other in exercises.EXERCISES:
        if other.header == exercise.header and other.name != exercise.name:
            replaced[other.name] = function_text(repository, other.name)
    for name in exercise.same:
        replaced[name] = stub_of(function_text(repository, name), name)
    return replaced


def for_one(text, exercise, shown_path):
    """The student's header with the repository's bodies in its other exercises.

    Each exercise is then judged by itself. #line keeps the compiler's line numbers the student's.
    """
    lines = text.split("\n")
    out = [CHECK, f'#line 1 "{shown_path}"']  # a stub may need it
    spans = {}
    for name, function in replaced_functions(exercise).items():
        place = lines_of(text, name)
        if place is not None:
            spans[place[0]] = (place[1], function)
    number = 0
    while number < len(lines):
        if number in spans:
            last, body = spans[number]
            out += body.split("\n") + [f'#line {last + 2} "{shown_path}"']
            number = last + 1
        else:
            out.append(lines[number])
            number += 1
    return "\n".join(out)
