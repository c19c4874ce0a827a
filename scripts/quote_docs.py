#!/usr/bin/env python3
"""Fills the code and output blocks of docs/*.md from the sources they name.

    scripts/quote_docs.py            rewrites stale blocks
    scripts/quote_docs.py --check    changes nothing; fails if a block is stale, if a name is gone,
                                     if a link leads nowhere, or if docs/README.md leaves out a page

A block is a comment line followed by a fence. What stands in the fence is replaced by the text of
that function, struct or constant, by the "// Expected output:" lines of that example, or by what
table() of that script returns:

    <!-- quote include/gptoss/layers/rmsnorm.hpp rmsnorm -->
    <!-- output 02_rmsnorm -->
    <!-- table cuda_status -->
"""
import importlib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"^<!-- (?P<kind>quote|output|table) (?P<what>[^>]*?) -->\n```\w*\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
BLOCK_LINE = re.compile(r"<!-- (?:quote|output|table) ")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


class DocsError(Exception):
    pass


def first_line_of(lines, name):
    """The line at the left margin that defines name: a function, a type or a constant."""
    word = re.escape(name)
    definition = re.compile(
        rf"^(?!//|#|using |namespace |static_assert)\S.*\b{word}\(|"
        rf"^(struct|class|enum class) {word}\b|"
        rf"^(inline )?constexpr .*\b{word}\b.* ="
    )
    for number, line in enumerate(lines):
        if definition.search(line):
            return number
    return None


def last_line_of(lines, first):
    """Layout is checked by clang-format, so a body ends with a brace at the left margin."""
    opened = False
    for number in range(first, len(lines)):
        line = lines[number]
        opened = opened or "{" in line
        if line.startswith("}") or (line.endswith(";") and not opened):
            return number
        if number == first and line.endswith("};"):
            return number
    return len(lines) - 1


def quote(path, name):
    file = ROOT / path
    if not file.is_file():
        raise DocsError(f"{path} does not exist")
    lines = file.read_text(encoding="utf-8").split("\n")
    first = first_line_of(lines, name)
    if first is None:
        raise DocsError(f"{path} has no function, type or constant named {name}")
    last = last_line_of(lines, first)
    while first > 0 and re.match(r"^(template|//)", lines[first - 1]):
        first -= 1
    return "\n".join(lines[first : last + 1]) + "\n"


def expected_output(example):
    path = f"examples/{example}.cpp"
    file = ROOT / path
    if not file.is_file():
        raise DocsError(f"{path} does not exist")
    _, found, block = file.read_text(encoding="utf-8").partition("// Expected output:\n")
    if not found:
        raise DocsError(f"{path} has no '// Expected output:' block")
    lines = [re.sub(r"^// ?", "", line) for line in block.strip().split("\n")]
    return "\n".join(lines) + "\n"


def current_text(match):
    words = match["what"].split()
    if match["kind"] == "quote" and len(words) == 2:
        return quote(*words)
    if match["kind"] == "output" and len(words) == 1:
        return expected_output(words[0])
    if match["kind"] == "table" and len(words) == 1:
        return importlib.import_module(words[0]).table()
    raise DocsError(f"'{match['kind']} {match['what']}' is not understood")


def filled(text):
    def fill(match):
        head = match.group(0)[: match.start("body") - match.start(0)]
        return head + current_text(match) + "```"

    return BLOCK.sub(fill, text)


def dead_links(page, text):
    for target in LINK.findall(text):
        if "://" not in target and not (page.parent / target).exists():
            yield f"link to {target}, which does not exist"


def pages_left_out(pages):
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in pages:
        if page.parent.name == "docs" and page.name != "README.md":
            if page.name not in LINK.findall(index):
                yield f"docs/README.md: leaves out {page.name}"


def main():
    check_only = sys.argv[1:] == ["--check"]
    pages = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    problems = list(pages_left_out(pages))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        name = page.relative_to(ROOT)
        try:
            current = filled(text)
        except DocsError as error:
            problems.append(f"{name}: {error}")
            continue
        problems += [f"{name}: {problem}" for problem in dead_links(page, text)]
        if len(BLOCK_LINE.findall(text)) != len(BLOCK.findall(text)):
            problems.append(f"{name}: a quote, output or table line is not followed by a fence")
        if current == text:
            continue
        if check_only:
            problems.append(f"{name}: a block is stale; run scripts/quote_docs.py")
        else:
            page.write_text(current, encoding="utf-8")
            print(f"{name}: filled")

    for problem in problems:
        print(problem)
    print(f"{len(pages)} pages, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
