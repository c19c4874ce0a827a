#!/usr/bin/env python3
"""Do the kernels fit a device? What ptxas says of each, for every architecture named.

    tests/cuda/check_resources.py sm_80 sm_90

A block has 65,536 registers: a kernel that takes too many of them for its threads is refused when it
is launched, which no emulated device would notice. None may spill registers to memory either.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "examples" / "gptoss" / "forward_cuda.cu"
NVCC = ["nvcc", "-std=c++20", "--expt-relaxed-constexpr", "--default-stream", "per-thread"]

REGISTERS_OF_BLOCK = 65536
# What cuda/launch.cuh, cuda/tile.cuh and cuda/warp.cuh launch has 256 threads at most; these more.
THREADS = {
    "greedy_kernel": 512,
    "draw_kernel": 512,
    "group_by_expert_kernel": 1024,
    "rmsnorm_wide_kernel": 1024,
}

PROPERTIES = re.compile(
    r"Function properties for \S*?\d(?P<kernel>[a-z_]+_kernel)E\S*\n"
    r".* (?P<spilled>\d+) bytes spill stores.*\n"
    r".*Used (?P<registers>\d+) registers"
)


def kernels_in(architecture):
    command = [*NVCC, f"-I{ROOT / 'include'}", f"-I{SOURCE.parent}", f"-arch={architecture}"]
    command += ["-Xptxas", "-v", "-c", str(SOURCE), "-o", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return list(PROPERTIES.finditer(done.stderr))


def problems_of(found, architecture):
    kernel = found["kernel"]
    threads = THREADS.get(kernel, 256)
    most = REGISTERS_OF_BLOCK // threads
    if int(found["registers"]) > most:
        yield f"{architecture}: {kernel} takes {found['registers']} registers, at most {most} fit {threads} threads"
    if int(found["spilled"]) > 0:
        yield f"{architecture}: {kernel} spills {found['spilled']} bytes"


def main(architectures):
    problems = []
    for architecture in architectures:
        found = kernels_in(architecture)
        most = max((int(kernel["registers"]) for kernel in found), default=0)
        print(f"{architecture}: {len(found)} kernels, {most} registers at most")
        if len(found) < 20:
            problems.append(f"{architecture}: ptxas was expected to speak of 20 kernels and more")
        for kernel in found:
            problems.extend(problems_of(kernel, architecture))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
