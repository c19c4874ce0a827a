#!/usr/bin/env python3
"""Has the compiler of a build folder read every file, and make nothing of it: -fsyntax-only.

    scripts/read_all.py BUILD [TARGET...]        BUILD holds compile_commands.json

Files of the TARGETs are left out.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys


def syntax_only(command):
    """The command of a file without its outputs."""
    words = shlex.split(command)
    kept, skips = [], 0
    for word in words:
        if skips or word in ("-c", "-MD"):
            skips = 0
        elif word in ("-o", "-MT", "-MF"):
            skips = 1
        else:
            kept.append(word)
    return [*kept, "-fsyntax-only"]


def main():
    commands = json.loads((pathlib.Path(sys.argv[1]) / "compile_commands.json").read_text())
    left_out = [f"/{target}.dir/" for target in sys.argv[2:]]
    entries = [entry for entry in commands
               if not any(part in entry["command"] for part in left_out)]
    if not entries:
        raise SystemExit(f"{sys.argv[1]}: no files to read")

    def read(entry):
        return subprocess.run(syntax_only(entry["command"]), cwd=entry["directory"],
                              capture_output=True, text=True, check=False)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for entry, done in zip(entries, pool.map(read, entries)):
            if done.returncode != 0:
                failed += 1
                print(f"{entry['file']}:\n{done.stderr}")
    print(f"{len(entries) - failed} of {len(entries)} files read")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
