#!/usr/bin/env python3
"""Checks how the headers of include/gptoss lie on top of each other.

    floors      a header includes its own room and lower floors only, some rooms less than that; no
                .hpp includes a .cuh
    tests       every header has a test of the same stem, or a reason below

table() is the picture of the rooms in docs/house.md.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"

# Room: (floor, rooms it may include or None for every lower floor, outside headers, what it holds)
ROOMS = {
    "core": (0, set(), (), "views, number formats, the config and its rules, errors"),
    "layers": (1, {"core"}, (), "the ops as text: plain loops in the order of the official model"),
    "trace": (1, {"core"}, (), "the names of activations, and who may look at them"),
    "format": (1, {"core"}, ("nlohmann/",), "files: mapped, safetensors, npy, zip, JSON, config.json"),
    "tokenizer": (2, {"core", "format"}, ("nlohmann/",), "text to token ids and back"),
    "bf16": (2, {"core", "layers"}, (), "the ops, rounded where the official model rounds"),
    "contrast": (2, {"core", "layers"}, (), "what GPT-2 and Qwen3 have instead, and both of them"),
    "fast": (2, {"core", "layers"}, ("omp.h", "immintrin.h", "arm_neon.h", "cpuid.h"),
             "the ops, tuned; kernels/ below them is what they are made of"),
    "cuda": (2, {"core", "layers"}, ("cuda", "mma.h"), "the ops on a GPU, for nvcc"),
    "mpi": (2, {"core", "layers"}, ("mpi.h",), "the ops that several machines share"),
    "harmony": (3, {"core", "format", "tokenizer"}, ("nlohmann/",),
                "a conversation to tokens and back"),
    "ops": (3, {"core", "layers", "trace", "bf16", "fast", "cuda", "mpi"}, (), "a table of ops per path"),
    "model": (4, {"core", "layers", "trace", "fast", "cuda", "ops"}, (),
              "weights, activations, cache, and the forward pass, written once"),
    "checkpoint": (5, {"core", "layers", "format", "ops", "model"}, ("nlohmann/",),
                   "a directory to Weights, and weights from a seed"),
    "dump": (5, {"core", "trace", "format", "checkpoint"}, ("nlohmann/",),
             "the activations of a run: recorded, written, read"),
    "compare": (6, {"core", "trace", "format", "dump"}, ("nlohmann/",),
                "two runs: bounds, metrics, where they part"),
    "pitfalls": (6, {"core", "layers", "trace", "ops", "model", "checkpoint"}, (),
                 "every known mistake, as a model that makes it"),
    "diagnose": (7, None, ("nlohmann/",), "which mistake a run makes"),
    "run": (7, None, ("nlohmann/",), "a model that answers: generate, chat, perplexity"),
    "gptoss.hpp": (8, None, (), "what a program that runs a model includes"),
    "prebuilt.hpp": (9, None, (), "the same, with the model compiled apart"),
    "validate.hpp": (9, None, (), "the same, and what checks an implementation"),
}

# A room's files include each other freely, except that one op does not know another.
SHARED_IN_LAYERS = {"gptoss/layers/softmax.hpp", "gptoss/layers/attention_record.hpp"}
NO_OPS = {"gptoss/layers/router_losses.hpp": {"gptoss/layers/router.hpp"}}  # may know these

# Outside headers that belong to the operating system.
SYSTEM = re.compile(r"^(sys/[a-z_]+|fcntl|poll|unistd)\.h$")

WITHOUT_TEST = {
    "cuda/attend_operands.cuh": "tests/cuda/ops.cpp runs every kernel of attention",
    "cuda/attention_group.cuh": "tests/cuda/ops.cpp holds it against the scalar op",
    "cuda/attention_merge.cuh": "tests/cuda/ops.cpp holds it against the scalar op",
    "cuda/attention_split.cuh": "tests/cuda/ops.cpp holds it against the scalar op",
    "cuda/block.cuh": "tests/cuda/ops.cpp draws tokens with its sums and maxima",
    "cuda/cache_store.cuh": "tests/cuda/ops.cpp fills a ring with it",
    "cuda/check.cuh": "tests/cuda/forward.cpp makes a launch fail",
    "cuda/copy_async.cuh": "PTX; emulated/ has a version that copies at the wait",
    "cuda/device.cuh": "tests/cuda/main.cpp asks it; what it answers depends on the machine",
    "cuda/fault.cuh": "tests/cuda/ops.cpp makes kernels report each of them",
    "cuda/fused_combine.cuh": "tests/cuda/forward.cpp holds decode steps against single ops, to the bit",
    "cuda/fused_linear.cuh": "tests/cuda/forward.cpp holds decode steps against single ops, to the bit",
    "cuda/fused_store.cuh": "tests/cuda/forward.cpp holds decode steps against single ops, to the bit",
    "cuda/fused_swiglu.cuh": "tests/cuda/forward.cpp holds decode steps against single ops, to the bit",
    "cuda/graph.cuh": "tests/cuda/forward.cpp records and plays decode steps",
    "cuda/launch.cuh": "arithmetic of sizes; tests/cuda/ops.cpp runs every op at odd ones",
    "cuda/memory.cuh": "tests/cuda/forward.cpp uploads, downloads and asks for too much",
    "cuda/mxfp4.cuh": "tests/cuda/ops.cpp decodes every code under every scale",
    "cuda/mxfp4_bf16.cuh": "tests/cuda/ops.cpp decodes every code at every place with tiles, to the bit",
    "cuda/mxfp4_dots.cuh": "tests/cuda/ops.cpp asks for every code at every place",
    "cuda/fragment.cuh": "tests/cuda/ops.cpp runs every op that multiplies on tensor cores",
    "cuda/load_fragment.cuh": "PTX: no GPU, no test; emulated/ has a version of its own",
    "cuda/next_step.cuh": "tests/cuda/forward.cpp draws tokens in a loop",
    "cuda/overlap.cuh": "PTX; emulated/ has a version that stops at a kernel that does not wait",
    "cuda/pinned.cuh": "tests/cuda/forward.cpp draws tokens in a loop",
    "cuda/rounded.cuh": "tests/cuda/ops.cpp runs every op that multiplies on tensor cores",
    "cuda/scratch.cuh": "tests/cuda/ops.cpp groups tokens by expert in it",
    "cuda/selection.cuh": "tests/cuda/ops.cpp cuts where the scalar op cuts",
    "cuda/tile.cuh": "tests/cuda/ops.cpp runs every op that multiplies on tensor cores",
    "cuda/tile_attention.cuh": "tests/cuda/ops.cpp holds it against the scalar op",
    "cuda/tile_expert_linear.cuh": "tests/cuda/ops.cpp holds it against the scalar op",
    "cuda/tile_linear.cuh": "tests/cuda/ops.cpp holds it against the scalar op",
    "cuda/tile_slice.cuh": "tests/cuda/ops.cpp runs every op that multiplies on tensor cores",
    "cuda/tile_unembedding.cuh": "tests/cuda/ops.cpp holds it against the scalar op",
    "cuda/waiting_ops.cuh": "tests/cuda/forward.cpp counts the launches that it saves",
    "cuda/warp.cuh": "tests/cuda/ops.cpp runs every kernel that gives a row to a warp",
    "cuda/weights.cuh": "two readers; tests/cuda/ops.cpp runs every op that reads weights",
    "mpi/team.hpp": "tests/mpi/forward_test.cpp counts its calls and bytes",
    "mpi/unembedding.hpp": "tests/mpi/forward_test.cpp runs it on several ranks",
    "ops/cuda_decode.cuh": "tests/cuda/forward.cpp plays graphs of it",
    "ops/mpi.hpp": "tests/mpi/forward_test.cpp runs it against the goldens",
    "validate.hpp": "only includes; tests/house compiles it in two files of one program",
    "gptoss.hpp": "only includes; tests/house compiles it in two files of one program",
    "prebuilt.hpp": "two declarations; tests/house compiles, links and runs a program with it",
    "tokenizer/unicode_ranges.hpp": "generated; tests/tokenizer/unicode_test.cpp reads the whole table",
    "fast/kernels/amx.hpp": "tests/fast/bf16_unit_test.cpp runs it, or a model of it",
    "fast/kernels/bf16_dots.hpp": "tests/fast/bf16_unit_test.cpp runs it where it is",
    "fast/kernels/instruction_set.hpp": "tests/fast/kernels_test.cpp asks for each",
    "fast/kernels/bodies.hpp": "tests/fast/kernels_test.cpp runs every one of them",
    "fast/kernels/neon.hpp": "tests/fast/kernels_test.cpp runs every one of them, on ARM",
    "fast/kernels/exponentials.hpp": "tests/fast/kernels_test.cpp runs every one of them",
    "fast/kernels/table.hpp": "tests/fast/kernels_test.cpp runs every one of them",
    "fast/kernels/avx2.hpp": "tests/fast/kernels_test.cpp runs every one of them",
    "fast/kernels/avx2_panels.hpp": "tests/fast/kernels_test.cpp runs every one of them",
    "fast/kernels/avx512.hpp": "tests/fast/kernels_test.cpp runs every one of them",
    "fast/kernels/matmul.hpp": "tests/ops/fast_test.cpp runs it through linear and expert_linear",
    "fast/kernels/matmul_panels.hpp": "tests/ops/fast_test.cpp and tests/fast/bf16_unit_test.cpp run it",
    "fast/kernels/matmul_parts.hpp": "tests/ops/fast_test.cpp and tests/fast/bf16_unit_test.cpp run it",
    "fast/kernels/matmul_sources.hpp": "tests/ops/fast_test.cpp and tests/fast/bf16_unit_test.cpp run it",
    "fast/kernels/tiles.hpp": "tests/fast/kernels_test.cpp runs it, as multiply_add",
    "fast/kernels/parallel.hpp": "tests/ops/fast_test.cpp has a case for it",
    "format/write_config_json.hpp": "tests/format/config_json_test.cpp reads back what it writes",
    "format/config_keys.hpp": "tests/checkpoint/config_variants_test.cpp tries every key",
    "format/json_object.hpp": "tests/format/config_json_test.cpp reads with it, and sees each error",
    "format/rope_json.hpp": "tests/checkpoint/config_variants_test.cpp tries every spelling",
    "model/decode_graph.cuh": "tests/cuda/forward.cpp holds it against the forward it records",
    "model/decode_loop.cuh": "tests/cuda/forward.cpp draws tokens with it",
    "model/weights.hpp": "views without code; tests/checkpoint/synth_test.cpp checks every extent",
    "compare/comparison.hpp": "plain structs; tests/compare/compare_test.cpp fills every one",
    "ops/bf16.hpp": "a list of names; tests/model/bf16_golden_test.cpp runs every one of them",
    "ops/cuda.cuh": "a list of names; tests/cuda/ runs every one of them",
    "ops/scalar.hpp": "a list of names; tests/model/ runs every one of them",
    "diagnose/diagnosis.hpp": "plain structs; tests/diagnose/diagnose_test.cpp fills every one",
    "checkpoint/general_facts.hpp": "tests/checkpoint/check_tensors_test.cpp meets them",
    "checkpoint/problems.hpp": "tests/checkpoint/check_tensors_test.cpp has few, many and one",
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
        return room != "layers" or target in SHARED_IN_LAYERS | NO_OPS.get(header, set())
    floor, allowed, _, _ = ROOMS[room]
    if allowed is not None:
        return target_room in allowed
    return ROOMS[target_room][0] < floor


def is_outside_allowed(header, bracket, target):
    if bracket == "<" and "/" not in target and "." not in target:
        return True  # <vector>
    _, _, outside, _ = ROOMS[room_of(header)]
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


def table():
    """A line per room, the highest floor first."""
    lines = []
    for room, (floor, allowed, _, holds) in sorted(ROOMS.items(), key=lambda item: -item[1][0]):
        knows = "all floors below" if allowed is None else " ".join(sorted(allowed, key=list(ROOMS).index))
        lines.append(f"{floor}  {room:<13} {holds}\n{'':<16} knows {knows or 'nothing but the standard library'}\n")
    return "".join(lines)


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
    problems = [*floor_problems(headers), *test_problems(headers)]
    for problem in problems:
        print(problem)
    print(f"{len(headers)} headers, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
