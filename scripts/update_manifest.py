#!/usr/bin/env python3
"""Keeps tests/data_manifest.json: what data is committed, from where, under which licence.

    scripts/update_manifest.py            writes the sha256 and size of every listed file
    scripts/update_manifest.py --check    changes nothing; fails if a file differs from the manifest,
                                          is missing, lies in a data folder without being listed, or
                                          was made from a file that is another one now
    scripts/update_manifest.py --remade   says too that all files were made anew from their sources

A new file gets an entry by hand: its path, generator (what makes it) and licence; with "made_from"
the paths of the files it depends on. Then run this.
"""
import hashlib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "tests" / "data_manifest.json"
NOT_OURS = ("build", "out", ".git", ".venv", ".cache")  # first folders that git does not keep


def files_in_data_folders():
    """Everything below a folder named data, anywhere in the tree."""
    for path in ROOT.rglob("data/**/*"):
        relative = path.relative_to(ROOT)
        first = relative.parts[0]
        if path.is_file() and first not in NOT_OURS and not first.startswith("build-"):
            if "__pycache__" not in relative.parts:
                yield relative.as_posix()


def measured(path):
    content = (ROOT / path).read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def stale_sources(entry):
    for source, sha256 in entry.get("made_from", {}).items():
        if not (ROOT / source).is_file() or measured(source)["sha256"] != sha256:
            yield source


def problems_of(entries):
    listed = {entry.get("path") for entry in entries}
    for path in sorted(set(files_in_data_folders()) - listed):
        yield f"{path}: is not listed in tests/data_manifest.json"
    for entry in entries:
        path = entry.get("path")
        for key in ("path", "generator", "licence"):
            if not entry.get(key):
                yield f"{path}: its entry has no {key}"
        if not (ROOT / path).is_file():
            yield f"{path}: is listed, but missing"
            continue
        for key, value in measured(path).items():
            if entry.get(key) != value:
                yield f"{path}: {key} is {value}, the manifest says {entry.get(key)}"
        for source in stale_sources(entry):
            yield f"{path}: was made from another {source}; scripts/regenerate.sh makes it anew"


def update(entries, remade):
    for entry in entries:
        entry.update(measured(entry["path"]))
        if remade:
            for source in entry.get("made_from", {}):
                entry["made_from"][source] = measured(source)["sha256"]
    MANIFEST.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def main():
    entries = json.loads(MANIFEST.read_text(encoding="utf-8"))
    if sys.argv[1:] != ["--check"]:
        update(entries, remade=sys.argv[1:] == ["--remade"])
    problems = list(problems_of(entries))
    for problem in problems:
        print(problem)
    total = sum(entry.get("bytes", 0) for entry in entries)
    print(f"{len(entries)} files, {total / 1e6:.1f} MB, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
