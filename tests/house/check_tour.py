#!/usr/bin/env python3
"""Replays the tour of docs/debugger.md in gdb: what the page shows is what gdb prints, and what Hugging Face computes.

    tests/house/check_tour.py build/debug/bin/step_through            compares
    tests/house/check_tour.py build/debug/bin/step_through --vscode   the same, as VS Code would: .vscode/launch.json
    tests/house/check_tour.py build/debug/bin/step_through --fill     writes it into the page

Lines behind "(gdb) " in its gdb fences are typed, in order, in one session. Of an answer the lines that
name addresses, breakpoints and line numbers are left out.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import launch_file
import tour_numbers

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "debugger.md"
FENCE = re.compile(r"^```gdb\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "(gdb) "
N_STOPS = 12

# Run inside gdb. Python's own prints, as those of rows, are caught by to_string too.
REPLAY = r"""
set width 0
python
for command in {commands}:
    print("TYPED")
    try:
        print(gdb.execute(command, to_string=True), end="")
    except gdb.error as error:
        print(error)
end
"""
LEFT_OUT = re.compile(r"^(|Continuing\.|Breakpoint \d+.*|Temporary breakpoint \d+.*|\[Thread.*|Using host.*|Run till exit.*|"
                      r"gptoss::.* at .*|.* in gptoss::.*|\[Inferior .*)$")


def shown(answer):
    lines = [re.sub(r"^\d+\t", "", line).rstrip() for line in answer.split("\n")]
    return [line for line in lines if not LEFT_OUT.match(line)]


def answers_of(program, commands):
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
        script.write(REPLAY.format(commands=commands))
        script.flush()
        result = subprocess.run(["gdb", "-batch", "-nx", "-x", "scripts/debug/gptoss.gdb", "-x", script.name,
                                 "--args", program], cwd=ROOT, capture_output=True, text=True, timeout=300)
    answers = result.stdout.split("TYPED\n")[1:]
    if len(answers) != len(commands):
        sys.exit(f"gdb answered {len(answers)} of {len(commands)} commands\n{result.stdout[-2000:]}{result.stderr}")
    return [shown(answer) for answer in answers]


def answers_in_vscode(program, commands):
    """There the program stands at main already, and goes on where the page says run."""
    with launch_file.Launched("step through one forward pass") as session:
        launched = session.entry["program"]
        if pathlib.Path(launched).resolve() != pathlib.Path(program):
            sys.exit(f"launch.json: starts {launched}, expected {program}")
        typed = ["continue" if command.startswith("run ") else command for command in commands]
        return [shown(session.type(command)) for command in typed]


def main():
    if shutil.which("gdb") is None:
        print("SKIPPED: debugger_tour: gdb is not installed")
        return 77
    program = str(pathlib.Path(sys.argv[1]).resolve())
    text = PAGE.read_text(encoding="utf-8")
    commands = [line[len(PROMPT):] for fence in FENCE.findall(text)
                for line in fence.split("\n") if line.startswith(PROMPT)]
    ask = answers_in_vscode if "--vscode" in sys.argv else answers_of
    answered = ask(program, commands)
    answers = iter(answered)

    def fill(match):
        lines = []
        for line in match.group(1).split("\n"):
            if line.startswith(PROMPT):
                lines += [line, *next(answers)]
        return "```gdb\n" + "\n".join(lines) + "\n```"

    current = FENCE.sub(fill, text)
    if "--fill" in sys.argv:
        PAGE.write_text(current, encoding="utf-8")
        return 0
    problems = [f"debugger.md: has '{old}', gdb prints '{new}'"
                for old, new in zip(text.split("\n"), current.split("\n")) if old != new][:1]
    if text.count("\n") != current.count("\n") and not problems:
        problems.append("debugger.md: has more or fewer lines than gdb prints")
    n_stops = len(re.findall(r"^## \d+\. ", text, re.MULTILINE))
    if n_stops != N_STOPS:
        problems.append(f"debugger.md: has {n_stops} stops, expected {N_STOPS}")
    wrong, n_held = tour_numbers.wrong_answers(zip(commands, answered))
    problems += [*wrong, *tour_numbers.wrong_prose(text)]
    for problem in problems:
        print(problem)
    print(f"{len(commands)} commands of {n_stops} stops, {n_held} of them against Hugging Face, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
