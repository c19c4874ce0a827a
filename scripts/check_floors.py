#!/usr/bin/env python3
"""Checks how the headers of include/gptoss lie on top of each other.

    floors      a header includes its own room and lower floors only, some rooms less than that; no
                .hpp includes a .cuh
    umbrella    every .hpp is reached from gptoss/gptoss.hpp
    tests       every header has a test of the same stem, or a reason below
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"

# Room: (floor, rooms it may include or None for every lower floor, outside headers it may include)
ROOMS = {
    "core": (0, set(), ()),
    "layers": (1, {"core"}, ()),
    "trace": (1, {"core"}, ()),
    "format": (1, {"core"}, ("nlohmann/",)),
    "tokenizer": (2, {"core", "format"}, ("nlohmann/",)),  # vocabularies are files, some of them JSON
    "bf16": (2, {"core", "layers"}, ()),
    "fast": (2, {"core", "layers"}, ("omp.h", "immintrin.h", "arm_neon.h", "cpuid.h")),
    "cuda": (2, {"core", "layers"}, ("cuda", "mma.h")),  # layers: the types and host-side parts of an op
    "harmony": (3, {"core", "format", "tokenizer"}, ("nlohmann/",)),
    "ops": (3, {"core", "layers", "trace", "bf16", "fast", "cuda"}, ()),
    "model": (4, {"core", "layers", "trace", "fast", "cuda", "ops"}, ()),
    "checkpoint": (5, {"core", "layers", "format", "ops", "model"}, ("nlohmann/",)),
    "dump": (5, {"core", "trace", "format", "checkpoint"}, ("nlohmann/",)),
    "compare": (6, {"core", "trace", "format", "dump"}, ("nlohmann/",)),
    "pitfalls": (6, {"core", "layers", "trace", "ops", "model", "checkpoint"}, ()),
    "diagnose": (7, None, ("nlohmann/",)),
    "run": (7, None, ("nlohmann/",)),
    "gptoss.hpp": (8, None, ()),
}

# A room's files include each other freely, except that one op does not know another.
SHARED_IN_LAYERS = {"gptoss/layers/softmax.hpp"}

# Outside headers that belong to the operating system.
SYSTEM = re.compile(r"^(sys/[a-z_]+|fcntl|unistd)\.h$")

WITHOUT_TEST = {
    "cuda/check.cuh": "tests/cuda/forward.cpp makes a launch fail",
    "cuda/device.cuh": "tests/cuda/main.cpp asks it; what it answers depends on the machine",
    "cuda/fault.cuh": "tests/cuda/ops.cpp makes kernels report each of them",
    "cuda/graph.cuh": "tests/cuda/forward.cpp records and plays decode steps",
    "cuda/launch.cuh": "arithmetic of sizes; tests/cuda/ops.cpp runs every op at odd ones",
    "cuda/memory.cuh": "tests/cuda/forward.cpp uploads, downloads and asks for too much",
    "cuda/mxfp4.cuh": "tests/cuda/ops.cpp decodes every code under every scale",
    "cuda/fragment.cuh": "tests/cuda/ops.cpp runs every op that multiplies on tensor cores",
    "cuda/load_fragment.cuh": "PTX: no GPU, no test; emulated/ has a version of its own",
    "cuda/overlap.cuh": "PTX; emulated/ has a version that stops at a kernel that does not wait",
    "cuda/scratch.cuh": "tests/cuda/ops.cpp groups tokens by expert in it",
    "cuda/tile.cuh": "tests/cuda/ops.cpp runs every op that multiplies on tensor cores",
    "cuda/tile_attention.cuh": "tests/cuda/ops.cpp holds it against the scalar op",
    "cuda/tile_expert_linear.cuh": "tests/cuda/ops.cpp holds it against the scalar op",
    "cuda/tile_linear.cuh": "tests/cuda/ops.cpp holds it against the scalar op",
    "cuda/warp.cuh": "tests/cuda/ops.cpp runs every kernel that gives a row to a warp",
    "cuda/weights.cuh": "two readers; tests/cuda/ops.cpp runs every op that reads weights",
    "gptoss.hpp": "only includes; tests/house compiles it in two files of one program",
    "tokenizer/unicode_ranges.hpp": "generated; tests/tokenizer/unicode_test.cpp reads the whole table",
    "fast/kernels/amx.hpp": "tests/fast/bf16_unit_test.cpp runs it, or a model of it",
    "fast/kernels/bf16_dots.hpp": "tests/fast/bf16_unit_test.cpp runs it where it is",
    "fast/kernels/instruction_set.hpp": "tests/fast/kernels_test.cpp asks for each",
    "fast/kernels/bodies.hpp": "tests/fast/kernels_test.cpp runs every one of them",
    "fast/kernels/neon.hpp": "tests/fast/kernels_test.cpp runs every one of them, on ARM",
    "fast/kernels/exponentials.hpp": "tests/fast/kernels_test.cpp runs every one of them",
    "fast/kernels/table.hpp": "tests/fast/kernels_test.cpp runs every one of them",
    "fast/kernels/x86.hpp": "tests/fast/kernels_test.cpp runs every one of them",
    "fast/kernels/matmul.hpp": "tests/ops/fast_test.cpp runs it through linear and expert_linear",
    "fast/kernels/matmul_panels.hpp": "tests/ops/fast_test.cpp and tests/fast/bf16_unit_test.cpp run it",
    "fast/kernels/matmul_parts.hpp": "tests/ops/fast_test.cpp and tests/fast/bf16_unit_test.cpp run it",
    "fast/kernels/parallel.hpp": "tests/ops/fast_test.cpp has a case for it",
    "format/write_config_json.hpp": "tests/format/config_json_test.cpp reads back what it writes",
    "model/decode_graph.cuh": "tests/cuda/forward.cpp holds it against the forward it records",
    "model/weights.hpp": "views without code; tests/checkpoint/synth_test.cpp checks every extent",
    "compare/bf16_tolerances.hpp": "a table; tests/compare/site_bounds_test.cpp reads all of it",
    "compare/comparison.hpp": "plain structs; tests/compare/compare_test.cpp fills every one",
    "compare/tolerances.hpp": "a table; tests/model/golden_test.cpp reads all of it",
    "ops/pitfalls.hpp": "lists of names; tests/run/pitfall_list_test.cpp runs every one of them",
    "ops/bf16.hpp": "a list of names; tests/model/bf16_golden_test.cpp runs every one of them",
    "ops/cuda.cuh": "a list of names; tests/cuda/ runs every one of them",
    "ops/scalar.hpp": "a list of names; tests/model/ runs every one of them",
    "diagnose/diagnosis.hpp": "plain structs; tests/diagnose/diagnose_test.cpp fills every one",
    "checkpoint/tensor_table.hpp": "a table; tests/checkpoint/tensor_inventory_test.cpp reads all of it",
}

INCLUDE_LINE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def room_of(header):
    """gptoss/layers/rope.hpp -> layers;  gptoss/gptoss.hpp -> gptoss.hpp"""
    return header.split("/")[1]


def includes_of(header):
    return INCLUDE_LINE.findall((INCLUDE / header).read_text(encoding="utf-8"))


def may_include(header, target):
    room, target_room = room_of(header), room_of(target)
    if room == target_room:
        return room != "layers" or target in SHARED_IN_LAYERS
    floor, allowed, _ = ROOMS[room]
    if allowed is not None:
        return target_room in allowed
    return ROOMS[target_room][0] < floor


def is_outside_allowed(header, bracket, target):
    if bracket == "<" and "/" not in target and "." not in target:
        return True  # <vector>
    _, _, outside = ROOMS[room_of(header)]
    return bool(SYSTEM.match(target)) or target.startswith(outside)


def floor_problems(headers):
    for header in headers:
        if room_of(header) not in ROOMS:
            yield f"{header}: {room_of(header)}/ has no floor in scripts/check_floors.py"
            continue
        for bracket, target in includes_of(header):
            if target.startswith("gptoss/"):
                if not (INCLUDE / target).is_file():
                    yield f"{header}: includes {target}, which does not exist"
                elif header.endswith(".hpp") and target.endswith(".cuh"):
                    yield f"{header}: includes {target}; a .hpp never includes a .cuh"
                elif not may_include(header, target):
                    yield f"{header}: includes {target}, which is not below it"
            elif not is_outside_allowed(header, bracket, target):
                yield f"{header}: includes {target}, which {room_of(header)}/ may not know"


def umbrella_problems(headers):
    reached, to_visit = set(), ["gptoss/gptoss.hpp"]
    while to_visit:
        header = to_visit.pop()
        if header in reached or not (INCLUDE / header).is_file():
            continue
        reached.add(header)
        to_visit += [target for _, target in includes_of(header) if target.startswith("gptoss/")]
    for header in headers:
        if header.endswith(".hpp") and header not in reached:
            yield f"{header}: not reached from gptoss/gptoss.hpp"


def test_problems(headers):
    for header in headers:
        path = header.removeprefix("gptoss/")
        test = ROOT / "tests" / room_of(header) / f"{pathlib.Path(path).stem}_test.cpp"
        # The twins of layers/x are tested in layers/x_test.cpp too.
        twin_test = ROOT / "tests" / "layers" / test.name
        has_test = test.is_file() or (room_of(header) in ("fast", "cuda") and twin_test.is_file())
        reason = WITHOUT_TEST.get(path)
        if has_test and reason:
            yield f"{header}: has a test; remove its reason from scripts/check_floors.py"
        elif not has_test and not reason:
            yield f"{header}: has no {test.relative_to(ROOT)}"
        elif reason:
            print(f"no test: {header}: {reason}")
    for path in WITHOUT_TEST:
        if not (INCLUDE / "gptoss" / path).is_file():
            yield f"gptoss/{path}: does not exist; remove its reason from scripts/check_floors.py"


def main():
    headers = sorted(
        path.relative_to(INCLUDE).as_posix()
        for path in INCLUDE.rglob("*")
        if path.suffix in (".hpp", ".cuh")
    )
    problems = [*floor_problems(headers), *umbrella_problems(headers), *test_problems(headers)]
    for problem in problems:
        print(problem)
    print(f"{len(headers)} headers, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
