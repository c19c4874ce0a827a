#!/usr/bin/env python3
"""Writes every malformed, and every odd but legal, input as files, with the verdict of each.

    tests/malformed/make_cases.py FOLDER      FOLDER/KIND/NNN-name, and FOLDER/cases.json

The same bytes each time. cases.json lists kind, name, path, verdict, what a refusal must say, and why.
"""
import argparse
import json
import pathlib
import re

import array_cases
import config_cases
import gguf_cases
import safetensors_cases
import text_cases

SOURCES = [
    safetensors_cases.cases, safetensors_cases.index_cases, gguf_cases.cases, config_cases.cases,
    text_cases.tokenizer_cases, text_cases.tiktoken_cases, text_cases.conversation_cases,
    text_cases.harmony_cases, array_cases.npy_cases, array_cases.zip_cases, array_cases.dump_cases,
]  # fmt: skip
ENDINGS = {"index": "", "tokenizer": ".json", "config": ".json", "conversation": ".json",
           "harmony": ".txt", "zip": ".npz", "dump": ""}


def all_cases():
    return [case for source in SOURCES for case in source()]


def write(case, path):
    for name, data in case.files.items():
        file = path / name if name else path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def write_all(folder):
    listed = []
    for number, case in enumerate(all_cases()):
        stem = re.sub(r"[^a-z0-9]+", "-", case.name.lower()).strip("-")
        path = folder / case.kind / f"{number:03}-{stem}{ENDINGS.get(case.kind, '.' + case.kind)}"
        write(case, path)
        listed.append({"kind": case.kind, "name": case.name, "path": str(path.relative_to(folder)),
                       "verdict": case.verdict, "says": case.says, "why": case.why})
    (folder / "cases.json").write_text(json.dumps(listed, indent=1) + "\n")
    return listed


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("folder", type=pathlib.Path)
    folder = arguments.parse_args().folder
    print(f"{folder}: {len(write_all(folder))} cases")


if __name__ == "__main__":
    main()
