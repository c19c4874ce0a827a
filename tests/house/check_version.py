#!/usr/bin/env python3
"""The version that gptoss/core/version.hpp says is the one that every other file says."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def found(path, pattern):
    match = re.search(pattern, text_of(path), re.MULTILINE)
    return match.group(1) if match else "missing"


def main():
    version = found("include/gptoss/core/version.hpp", r'^#define GPTOSS_VERSION "(.*)"$')
    minor = version.rpartition(".")[0]
    said = {
        "CHANGELOG.md, its first version": (found("CHANGELOG.md", r"^## (\S+)$"), version),
        "CITATION.cff": (found("CITATION.cff", r"^version: (\S+)$"), version),
        "packaging/vcpkg/gptoss/vcpkg.json":
            (json.loads(text_of("packaging/vcpkg/gptoss/vcpkg.json"))["version-semver"], version),
        "tests/consume/consumer/CMakeLists.txt":
            (found("tests/consume/consumer/CMakeLists.txt", r"find_package\(gptoss (\S+) "), minor),
    }
    wrong = [f"{path}: says {got}, expected {expected}" for path, (got, expected) in said.items() if got != expected]
    print("\n".join(wrong) or f"{version} in {len(said) + 1} files")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
