#!/usr/bin/env python3
"""Do the kernels fit a device, and are they as short as they were? What the machine code says, for every
architecture named.

    tests/cuda/check_resources.py OBJECT sm_80 sm_90 sm_120      OBJECT is forward_cuda.cu.o

A block has 65,536 registers: a kernel that takes too many of them for its threads is refused when it
is launched, which no emulated device would notice. None may keep what it works on in memory ("local"),
none but those named may compute in double precision, of which a GPU for games has a unit for every 64 of
single precision, and the loops that a token is made of may not become longer.

cuobjdump is part of the toolkit; without it two packages of PyPI serve (REQUIREMENTS).
"""
import collections
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VENV = ROOT / "build" / "venv-cuda"
REQUIREMENTS = ("nvidia-cuda-cuobjdump==13.2.51", "nvidia-cuda-nvdisasm==13.5.37")

REGISTERS_OF_BLOCK = 65536
# What cuda/launch.cuh, cuda/tile.cuh and cuda/warp.cuh launch has 256 threads at most; these more.
THREADS = {
    "greedy_kernel": 1024,
    "draw_kernel": 1024,
    "group_by_expert_kernel": 1024,
    "rmsnorm_wide_kernel": 1024,
}
# The plain kernel decodes a block of 32 into an array, which it reads by an index; cos and sin of large
# angles look up digits of pi.
LOCAL_ALLOWED = {"expert_linear_kernel", "rope_table_kernel"}
# A draw and its thresholds, once in a step and not for each logit; cos and sin.
MOST_DOUBLES = {"draw_kernel": 10, "rope_table_kernel": 8}

# The longest loop without another one in it, or the one with products of tensor cores (HMMA): what one turn
# of it does, and how many instructions it had when it was last looked at, on any architecture or on each.
Loop = collections.namedtuple("Loop", "n what most has", defaults=("",))
HOT_LOOPS = {
    "linear_warp_kernel": Loop(32, "weights", 140),
    "linear_group_kernel": Loop(32, "weights", 147),
    "unembed_warp_kernel": Loop(32, "weights", 140),
    "expert_linear_warp_kernel": Loop(64, "weights", 390),
    "expert_swiglu_kernel": Loop(64, "weights", 390),
    "linear_tile_kernel": Loop(32, "channels of a tile", {"sm_80": 90, "sm_90": 91, "sm_120": 124}, "HMMA"),
    "unembed_tile_kernel": Loop(32, "channels of a tile", {"sm_80": 90, "sm_90": 91, "sm_120": 124}, "HMMA"),
    "expert_linear_tile_kernel": Loop(32, "channels of a tile", 217, "HMMA"),
    "attend_split_kernel": Loop(32, "positions of 8 heads", 1900),
    "draw_kernel": Loop(4, "logits", 182),
}
SLACK = 1.05  # another version of the compiler

FUNCTION = re.compile(r"Function (?:: )?\S*4cuda\d+(?P<kernel>[a-z][a-z_0-9]*_kernel)E")
INSTRUCTION = re.compile(r"^\s+/\*([0-9a-f]{4,})\*/\s+(?:@!?U?P\w+ )?([^;]*);", re.MULTILINE)
DOUBLE = re.compile(r"D(ADD|MUL|FMA|SETP|MNMX)\b|F2F\.F64|I2F\.F64|MUFU\.\w+64H")


def find_cuobjdump():
    found = shutil.which("cuobjdump")
    if found:
        return [found], None
    if not (VENV / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin" / "pip", "install", "--quiet", *REQUIREMENTS], check=True)
    folder = next(VENV.glob("lib/*/site-packages/nvidia/*/bin"))
    return [str(folder / "cuobjdump")], {"PATH": f"{folder}:/usr/bin:/bin"}


def dumped(option, architecture, target):
    command, environment = find_cuobjdump()
    done = subprocess.run([*command, option, "-arch", architecture, target], capture_output=True, text=True,
                          check=False, env=environment)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    parts = FUNCTION.split(done.stdout)
    return dict(zip(parts[1::2], parts[2::2]))


def longest_loop(instructions, has=""):
    """Instructions from the target of a branch back to the branch, with no such branch between."""
    loops = []
    for address, text in instructions:
        jump = re.match(r"BRA\S* .*?0x([0-9a-f]+)", text)
        if jump and int(jump[1], 16) < address:
            loops.append((int(jump[1], 16), address))
    innermost = [(begin, end) for begin, end in loops
                 if not any(begin <= b and e <= end and (b, e) != (begin, end) for b, e in loops)]
    bodies = [[text for address, text in instructions if begin <= address <= end] for begin, end in innermost]
    return max((len(body) for body in bodies if any(text.startswith(has) for text in body)), default=0)


def look_at(architecture, target):
    """The problems of an architecture; prints what is in order."""
    registers = {kernel: int(re.search(r"REG:(\d+)", text)[1])
                 for kernel, text in dumped("-res-usage", architecture, target).items()}
    code = dumped("-sass", architecture, target)
    print(f"{architecture}: {len(registers)} kernels, {max(registers.values(), default=0)} registers at most")
    if len(registers) < 20 or set(registers) != set(code):
        yield f"{architecture}: 20 kernels and more were expected in {target}"
    for kernel, text in code.items():
        instructions = [(int(address, 16), code) for address, code in INSTRUCTION.findall(text)]
        threads = THREADS.get(kernel, 256)
        most = REGISTERS_OF_BLOCK // threads
        if registers[kernel] > most:
            yield f"{architecture}: {kernel} takes {registers[kernel]} registers, at most {most} fit {threads} threads"
        n_local = sum(code.startswith(("STL", "LDL")) for _, code in instructions)
        if n_local > 0 and kernel not in LOCAL_ALLOWED:
            yield f"{architecture}: {kernel} keeps what it works on in memory, in {n_local} places"
        n_double = sum(bool(DOUBLE.match(code)) for _, code in instructions)
        if n_double > MOST_DOUBLES.get(kernel, 0):
            yield f"{architecture}: {kernel} has {n_double} instructions in double precision, expected {MOST_DOUBLES.get(kernel, 0)}"
        if kernel in HOT_LOOPS:
            loop, length = HOT_LOOPS[kernel], longest_loop(instructions, HOT_LOOPS[kernel].has)
            print(f"    {kernel:28} {length:4} instructions for {loop.n} {loop.what}")
            most = loop.most[architecture] if isinstance(loop.most, dict) else loop.most
            if not loop.n <= length <= SLACK * most:
                yield f"{architecture}: the loop of {kernel} has {length} instructions, expected {most}"


def main(arguments):
    if len(arguments) < 2:
        print(__doc__)
        return 2
    target, *architectures = arguments
    problems = [problem for architecture in architectures for problem in look_at(architecture, target)]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
