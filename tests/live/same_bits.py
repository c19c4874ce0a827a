#!/usr/bin/env python3
"""WebAssembly computes what this machine computes: all activations of three prompts, byte for byte.

Also reads every header as wasm32, where int, long and size_t have 32 bits, with warnings as errors; and
drives the page's own module with the undefined-behaviour sanitizer (drive.js). Needs em++, node and g++.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "examples" / "live" / "build.py"
OUT = ROOT / "build" / "live"
NANO = ROOT / "examples" / "nano" / "model"
# Ids of nano: a conversation's length, one within the window of 16 tokens, and 163 tokens, ten windows.
PROMPTS = [[(7 * t * t + 3 * t + 11) % 1034 for t in range(n)] for n in (62, 9, 163)]


def run(*command):
    subprocess.run([str(part) for part in command], check=True)


def differing_site(ours, theirs):
    """Where two dumps part: the first tensor whose bytes differ."""
    n_header = int.from_bytes(ours[:8], "little")
    header = json.loads(ours[8:8 + n_header])
    header.pop("__metadata__", None)
    for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = (8 + n_header + place for place in tensor["data_offsets"])
        if ours[begin:end] != theirs[begin:end]:
            return name
    return "the header"


def read_headers():
    """One file that includes them all but those for MPI, which no page has."""
    names = [path.relative_to(ROOT / "include").as_posix()
             for path in (ROOT / "include").rglob("*.hpp")]
    names = [name for name in names if not name.startswith(("gptoss/mpi/", "gptoss/ops/mpi"))]
    source = OUT / "every_header.cpp"
    source.write_text("".join(f'#include "{name}"\n' for name in sorted(names)))
    run(BUILD, "--syntax", source)
    print(f"{len(names)} headers as wasm32: no warning")


def main():
    run(BUILD, "--dump")
    run(BUILD, "--sanitize")
    native = OUT / "dump_native"
    run("g++", "-std=c++20", "-O2", "-ffp-contract=off", "-I", ROOT / "include", ROOT / "examples" / "live" / "dump.cpp",
        "-o", native)
    node = ["node", "--no-experimental-fetch"]
    with tempfile.TemporaryDirectory() as folder:
        here, there = pathlib.Path(folder) / "native.safetensors", pathlib.Path(folder) / "wasm.safetensors"
        for ids in PROMPTS:
            text = ",".join(map(str, ids))
            run(native, NANO, here, text)
            run(*node, OUT / "dump.js", NANO, there, text)
            ours, theirs = here.read_bytes(), there.read_bytes()
            if ours != theirs:
                sys.exit(f"{len(ids)} tokens: differs first in {differing_site(ours, theirs)}")
            print(f"{len(ids)} tokens: {len(ours):,} bytes, the same in WebAssembly")
        run(*node, HERE / "drive.js", OUT / "live_sanitized.js", NANO, here, text)
    read_headers()


if __name__ == "__main__":
    main()
