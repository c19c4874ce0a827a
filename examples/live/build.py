#!/usr/bin/env python3
"""Builds the live page: the library as WebAssembly, nano and the viewer in one HTML file.

    examples/live/build.py                  build/live/look-inside.html
    examples/live/build.py --model DIR      with another small model in it
    examples/live/build.py --dump           build/live/dump.js: what tests/live/same_bits.py runs in node
    examples/live/build.py --sanitize       build/live/live_sanitized.js: what tests/live/drive.js drives
    examples/live/build.py --syntax FILE    reads a C++ file as wasm32; warnings are errors

Needs em++ (Debian: emscripten), node and cmake.
"""
import argparse
import base64
import contextlib
import gzip
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUT = ROOT / "build" / "live"
SYSTEM_JSON = pathlib.Path("/usr/include/nlohmann")
MODEL_FILES = ("config.json", "generation_config.json", "tokenizer.json", "model.safetensors")
MAX_BYTES = 2_800_000

COMPILE = ["-std=c++20", "-O3", "-msimd128", "-fwasm-exceptions", "-ffp-contract=off", "-Wall", "-Wextra",
           "-Wpedantic", "-Wconversion", "-Werror", "-include", str(HERE / "old_libcxx.hpp"), "-I", str(ROOT / "include")]
FUNCTIONS = ["live_open", "live_prompt", "live_begin", "live_next", "live_run", "live_bytes", "live_n_bytes"]
LINK_PAGE = ["-sALLOW_MEMORY_GROWTH", "-sMODULARIZE", "-sEXPORT_NAME=createLive", "-sENVIRONMENT=worker,node",
             "-sFORCE_FILESYSTEM", "-sEXPORTED_RUNTIME_METHODS=FS,ccall",
             "-sEXPORTED_FUNCTIONS=" + ",".join("_" + name for name in FUNCTIONS)]
LINK_DUMP = ["-sALLOW_MEMORY_GROWTH", "-sNODERAWFS", "-sEXIT_RUNTIME"]


def run(command):
    # Debian's emscripten looks for its JavaScript parser beside node's own modules.
    environment = {"NODE_PATH": "/usr/share/nodejs", **os.environ}
    subprocess.run([str(part) for part in command], check=True, env=environment)


def include_json():
    """A folder with nothing but nlohmann/: all of /usr/include is not wasm's."""
    folder = OUT / "include"
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (folder / "nlohmann").symlink_to(SYSTEM_JSON)
    return ["-isystem", str(folder)]


def is_newer(built, sources):
    return built.exists() and all(built.stat().st_mtime > path.stat().st_mtime for path in sources)


def em(source, out, *options):
    headers = [*(ROOT / "include").rglob("*.hpp"), *HERE.glob("*.hpp"), source, pathlib.Path(__file__)]
    if is_newer(out, headers):
        return
    run(["em++", *COMPILE, *include_json(), source, "-o", out, *options])


def packed(data):
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def model_pack(folder):
    """Names and sizes in one line of text, then the bytes of the files, one after the other."""
    files = [folder / name for name in MODEL_FILES if (folder / name).exists()]
    head = " ".join(f"{path.name} {path.stat().st_size}" for path in files)
    return head.encode() + b"\n" + b"".join(path.read_bytes() for path in files)


def data_script(name, text):
    return f'<script type="text/plain" id="{name}">{text}</script>\n'


def build_page(model, out):
    em(HERE / "live.cpp", OUT / "live.js", *LINK_PAGE)
    viewer = OUT / "viewer.html"
    run(["cmake", f"-DOUT={viewer}", "-P", HERE / "assemble.cmake"])
    worker = (OUT / "live.js").read_bytes() + b"\n" + (HERE / "page" / "worker.js").read_bytes()
    data = data_script("worker", packed(worker))
    data += data_script("wasm", packed((OUT / "live.wasm").read_bytes()))
    data += data_script("model", packed(model_pack(model)))
    html = viewer.read_text().replace("<!-- the run -->\n", data)
    out.write_text(html)
    n_bytes = out.stat().st_size
    print(f"{out}: {n_bytes:,} bytes")
    if model == HERE.parent / "nano" / "model" and n_bytes > MAX_BYTES:
        sys.exit(f"{out} has {n_bytes:,} bytes, expected at most {MAX_BYTES:,}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=HERE.parent / "nano" / "model")
    parser.add_argument("--out", type=pathlib.Path, default=OUT / "look-inside.html")
    parser.add_argument("--dump", action="store_true")
    parser.add_argument("--sanitize", action="store_true", help="the page's module, with the undefined-behaviour sanitizer")
    parser.add_argument("--syntax", type=pathlib.Path)
    arguments = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    if arguments.syntax:
        run(["em++", *COMPILE, *include_json(), "-fsyntax-only", arguments.syntax])
    elif arguments.dump:
        em(HERE / "dump.cpp", OUT / "dump.js", *LINK_DUMP)
    elif arguments.sanitize:
        em(HERE / "live.cpp", OUT / "live_sanitized.js", *LINK_PAGE, "-O1", "-fsanitize=undefined",
           "-fno-sanitize-recover=all")
    else:
        build_page(arguments.model, arguments.out)


if __name__ == "__main__":
    main()
