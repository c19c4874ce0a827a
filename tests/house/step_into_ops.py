#!/usr/bin/env python3
"""One step from each op line of the forward lands in that op's header, a few more in its loop.

    tests/house/step_into_ops.py build/debug/bin/step_through

gdb stops at every line "Ops::name(" of the forward, steps once, and says where it then is; then it
counts the steps to the first loop that is no check's. Which function an op is, and which header
defines it, is read from ops/scalar.hpp and layers/.
"""
import itertools
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GPTOSS = ROOT / "include" / "gptoss"
MOST_STEPS_TO_LOOP = 12  # a line each for shapes and checks
FORWARD = ["model/transformer.hpp", "model/attention_block.hpp", "model/expert_block.hpp",
           "run/generate.hpp"]

# Run inside gdb, after a breakpoint was set at every op line.
STEP_FROM_EVERY_STOP = r"""
set width 0
run > /dev/null
python
import linecache

def place():
    return gdb.selected_frame().find_sal()

def is_loop():
    line = linecache.getline(place().symtab.fullname(), place().line)
    return line.lstrip().startswith("for (") and "require" not in gdb.selected_frame().name()

for _ in range({n_stops}):
    stop = place()
    gdb.execute("step", to_string=True)
    function = gdb.selected_frame().name()
    print(f"STEP {{stop.symtab.filename}}:{{stop.line}} {{function}} {{place().symtab.fullname()}}")
    n_steps = 1
    while not is_loop() and n_steps <= {most_steps}:
        gdb.execute("step", to_string=True)
        n_steps += 1
    print(f"LOOP {{stop.symtab.filename}}:{{stop.line}} {{n_steps}}")
    gdb.execute("continue", to_string=True)
end
"""

# From the line of expert_linear down to a single weight.
STEP_INTO_MXFP4 = r"""
break gptoss::expert_linear
run > /dev/null
python
for _ in range(60):
    print("IN", gdb.selected_frame().name())
    gdb.execute("step", to_string=True)
end
"""
WAY_INTO_MXFP4 = ["expert_linear", "ExpertStack::decode_block", "Mxfp4Row::decode_block",
                  "mxfp4_decode_block", "mxfp4_scale"]

# Looks at tensors: what is typed there, and what the answer must match.
LOOK = r"""
break gptoss::expert_block
run > /dev/null
python
for command in {commands}:
    print("LOOK")
    try:
        print(gdb.execute(command, to_string=True), end="")
    except gdb.error as error:
        print(error)
end
"""
LOOKS = {
    "print a.attn_norm": r"MatrixView \(38, 96\)\n  \[0\]( +[-\d.e]+){8}  \.\.\.\n  \[1\]",
    "print w.norm_gain": r"^\$\d+ = ConstVectorView \(96\)\n  \[0\]( +\S+){8}  \.\.\.\n$",
    "python print([name for name, _ in ViewPrinter(gdb.parse_and_eval('a.attn_norm')).children()])":
        r"^\['rows', 'cols', '\[0\]', '\[1\]', .*, '\[37\]'\]$",
    "print a.tokens.data[0] = 200019, a.tokens": r"IdsView \(38, 1\)\n  \[0\] +200019\n",
    "print w.gate_up": r"ExpertStack \(16, 128, 96\)\n  \[0\]",
    "print w.gate_up.mxfp4(1)": r"Mxfp4Matrix \(128, 96\)\n  \[0\]",
    "call w.gate_up.decode_block(1, 5, 0, a.mlp_out.data)": "",
    "python print(read_row(gdb.parse_and_eval('w.gate_up'), 128 + 5, 0, 32)"
    " == list(read_row(gdb.parse_and_eval('a.mlp_out'), 0, 0, 32)))": "True",
    "rows a.attn_norm 2 4": r"^  \[2\]( +\S+){96}\n  \[3\]( +\S+){96}\n$",
    "rows (const gptoss::MatrixView&)a.attn_norm layer+1 3 95 96": r"^  \[1\] +\S+\n  \[2\]",
    "rows &a.tokens 1": r"^  \[1\] +82\n$",
    "rows w.gate_up.mxfp4(0 + 1) 5": r"^  \[5\]( +\S+){96}\n$",
    "rows a.attn_norm -1": r"^rows: rows \[-1, 0\) are not within \[0, 38\)$",
    "rows a.attn_norm 5 2": r"^rows: rows \[5, 2\) are not within \[0, 38\)$",
    "rows a": "^rows: a is of type gptoss::Activations &, which is no view$",
    "rows": "^usage: rows VIEW",
    "heat a.attn_norm 0 2 0 5": r"^  \[0\] \|.{5}\|\n  \[1\] \|.*@.*\|\n  @ is |^  \[0\] \|.*@.*\|\n",
    "heat a.attn_norm 99": r"^heat: rows \[99, 100\) are not within \[0, 38\)$",
    "break-site attn_p": "^break-site: attn_p is no site, expected one of: embedding, ",
    "break-site logits 3 4": "^break-site: logits has no layer, expected: break-site NAME \\[TOKEN\\]$",
    "break-site": "^usage: break-site NAME",
    "top-logits x": "^top-logits: ",
    "print a.attn_weights": r"MatrixView \(608, 38\)\n  \[0\]",
    "print a.attn_sink_share": r"MatrixView \(38, 16\)\n  \[0\] +[\d.e-]*[1-9]",
    "backtrace": r"\(transformer=\.\.\., tokens=ConstIdsView \(38, 1\), chunk=512,",
    "print a": r"Activations\n  tokens +IdsView \(38, 1\)\n  positions +IdsView \(38, 1\)\n",
    "next": r"\n?\d+\s+see<Ops>\(watch",
    "step": r"\n?\d+\s+Ops::linear\(",
    "delete": "",
    "break gptoss::attend if positions.rows == 1": "",
    "continue": "gptoss::attend",
    "print q": r"ConstMatrixView \(1, 512\)\n  \[0\]",
    "print mix.rows = -5, mix.cols = -1, mix":
        r"MatrixView \(-5, -1\) \(not a valid view\)\n",
    "print mix.rows = 38, mix.cols = 1000000000, mix":
        r"MatrixView \(38, 1000000000\)\n  \[0\] .*\n  \(memory that cannot be read\)\n",
}


def op_lines():
    """{"model/transformer.hpp:34": "embed", ...}"""
    found = {}
    for header in FORWARD:
        lines = (GPTOSS / header).read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines, start=1):
            op = re.match(r"\s*Ops::(\w+)\(", line)
            if op:
                found[f"{header}:{number}"] = op.group(1)
    return found


def function_of(op):
    table = (GPTOSS / "ops/scalar.hpp").read_text(encoding="utf-8")
    return re.search(rf"\b{op} = &gptoss::(\w+);", table).group(1)


def header_of(function):
    for header in sorted((GPTOSS / "layers").glob("*.hpp")):
        if re.search(rf"^inline .*\b{function}\(", header.read_text(encoding="utf-8"), re.MULTILINE):
            return header
    return None


def run_gdb(program, script):
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as file:
        file.write(script)
        file.flush()
        command = ["gdb", "-batch", "-nx", "-x", "scripts/debug/gptoss.gdb", "-x", file.name,
                   "--args", program]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    return result.stdout + result.stderr


def problems_of(program):
    expected = op_lines()
    breakpoints = "".join(f"tbreak {place}\n" for place in expected)
    output = run_gdb(program, breakpoints + STEP_FROM_EVERY_STOP.format(
        n_stops=len(expected), most_steps=MOST_STEPS_TO_LOOP))

    seen = set()
    for stop, function, file in re.findall(r"^STEP (\S+) (\S+) (\S+)$", output, re.MULTILINE):
        place = stop.split("/gptoss/")[-1]
        op = expected.get(place)
        if op is None:
            yield f"{place}: stopped here, which is no op line"
            continue
        seen.add(place)
        wanted = header_of(function_of(op))
        if function != f"gptoss::{function_of(op)}" or pathlib.Path(file) != wanted:
            yield f"{place}: one step from Ops::{op} lands in {function} of {file}"
        else:
            print(f"{place}: Ops::{op} -> layers/{wanted.name}")
    for stop, n_steps in re.findall(r"^LOOP (\S+) (\d+)$", output, re.MULTILINE):
        if int(n_steps) > MOST_STEPS_TO_LOOP:
            yield f"{stop}: more than {MOST_STEPS_TO_LOOP} steps to the first loop"
    for place in expected.keys() - seen:
        yield f"{place}: Ops::{expected[place]} was never reached"
    if len(seen) < len(expected):
        print(output)


def mxfp4_problems(program):
    output = run_gdb(program, STEP_INTO_MXFP4)
    entered = list(dict.fromkeys(re.findall(r"^IN gptoss::(\S+)$", output, re.MULTILINE)))
    if entered != WAY_INTO_MXFP4:
        yield f"step from expert_linear enters {entered}, expected {WAY_INTO_MXFP4}"


def view_problems(program):
    answers = run_gdb(program, LOOK.format(commands=list(LOOKS))).split("LOOK\n")[1:]
    for (command, expected), answer in itertools.zip_longest(LOOKS.items(), answers):
        if not re.search(expected, answer or ""):
            yield f"{command}: expected {expected}, got\n{answer}"


def main():
    if shutil.which("gdb") is None:
        print("SKIPPED: step_into_ops: gdb is not installed")
        return 77
    program = str(pathlib.Path(sys.argv[1]).resolve())
    problems = [*problems_of(program), *mxfp4_problems(program), *view_problems(program)]
    for problem in problems:
        print(problem)
    print(f"{len(op_lines())} op lines, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
