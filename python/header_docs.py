#!/usr/bin/env python3
"""Writes a C++ source with the top block of every header, which the module has as docstrings, and
with a digest of all headers, by which a module of other headers is known.

    header_docs.py INCLUDE_DIR OUT.cpp
    header_docs.py --digest INCLUDE_DIR
"""
import hashlib
import sys
from pathlib import Path


def top_block(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        lines.append(line.removeprefix("//").removeprefix(" "))
    return "\n".join(lines)


def headers_of(include: Path) -> dict[str, str]:
    files = sorted((include / "gptoss").rglob("*.hpp"))
    return {file.relative_to(include / "gptoss").as_posix(): file.read_text(encoding="utf-8")
            for file in files}


def digest_of(headers: dict[str, str]) -> str:
    return hashlib.sha256("\0".join(f"{name}\0{text}" for name, text in headers.items())
                          .encode()).hexdigest()[:16]


def written(headers: dict[str, str]) -> str:
    entries = "".join(f'    {{"{name}", R"~~({top_block(text)})~~"}},\n'
                      for name, text in headers.items())
    return f"""// Written by python/header_docs.py.
#include "header_docs.hpp"

#include <stdexcept>
#include <string>

namespace gptoss::python {{

const char* const kHeadersDigest = "{digest_of(headers)}";

namespace {{

struct HeaderDoc {{
    std::string_view header;
    const char* text;
}};

constexpr HeaderDoc kHeaderDocs[] = {{
{entries}}};

}}  // namespace

const char* header_doc(std::string_view header) {{
    for (const HeaderDoc& doc : kHeaderDocs) {{
        if (doc.header == header) return doc.text;
    }}
    throw std::logic_error("there is no header " + std::string(header));
}}

}}  // namespace gptoss::python
"""


def main() -> None:
    if sys.argv[1] == "--digest":
        print(digest_of(headers_of(Path(sys.argv[2]))))
        return
    text = written(headers_of(Path(sys.argv[1])))
    out = Path(sys.argv[2])
    if not out.is_file() or out.read_text(encoding="utf-8") != text:
        out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
