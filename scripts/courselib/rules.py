"""What a student's header may contain: C++ that computes, and nothing that reads a file.

The compiler runs outside the jail in which the program runs (examples/course/jail.hpp), and it can
read files: by #include, and by the assembler's .incbin. So a header may include what it included
before and the standard library, may define no macro, and may use no name that belongs to the
compiler, and no attribute: the name of a section reaches the assembler as it is. Whatever this
reader would read otherwise than the compiler does is refused too.
"""
import re

MOST_BYTES = 100_000
LONGEST_LINE = 1000
STANDARD = re.compile(r"#\s*include\s*<[a-z0-9_]+>\s*(//.*)?")
PROJECT = re.compile(r'#\s*include\s*"(gptoss/[a-z0-9_/]+\.hpp)"\s*(//.*)?')
ONCE = re.compile(r"#\s*pragma\s+once\s*(//.*)?")
TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<raw>(?:u8|[uUL])?R\")|(?P<word>[^\W\d]\w*)"
    r"|(?P<number>\.?\d(?:[eEpP][+-]|['\w.])*)"
    r"|(?P<string>\"(?:[^\"\\\n]|\\[^\n])*\")|(?P<char>'(?:[^'\\\n]|\\[^\n])*')"
    r"|(?P<newline>\n)|(?P<space>[ \t]+)|(?P<mark>.)",
    re.DOTALL,
)
WORDS = {"asm", "import", "module", "export"}


class Refused(Exception):
    pass


def refuse(line, why):
    raise Refused(f"line {line}: {why}")


def includes_of(text):
    return {match[1] for match in PROJECT.finditer(text)}


def check_directive(line, directive, allowed):
    project = PROJECT.fullmatch(directive)
    if project and project[1] not in allowed:
        refuse(line, f'#include "{project[1]}" is not one of this header\'s own')
    if not (project or STANDARD.fullmatch(directive) or ONCE.fullmatch(directive)):
        refuse(line, f"'{directive.strip()[:60]}' is no #include of the standard library or of this "
                     "header's own")


def check_token(line, kind, text):
    if kind == "raw":
        refuse(line, "raw strings are not read here")
    if kind == "number" and "'" in text:
        refuse(line, "a number with ' in it is not read here")
    if kind == "word" and (text in WORDS or "__" in text or re.match(r"_[A-Z]", text)):
        refuse(line, f"{text} is a name of the compiler's")
    if kind == "mark" and text in "\"'\\`$@":
        refuse(line, f"{text} is not closed, or has no business here")


def check(text, repository):
    """Raises Refused with the line and the reason. repository: the header as it is there."""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise Refused(f"it has more than {MOST_BYTES:,} bytes")
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            refuse(number, f"it is longer than {LONGEST_LINE} characters")
        if line.rstrip().endswith("\\"):
            refuse(number, "a line that ends in \\ is not read here")
        if "??" in line or re.search(r"[^\t\x20-\x7e\u00a0-\U0010ffff]", line):
            refuse(number, "?? and control characters are not read here")
    allowed = includes_of(repository) | {"gptoss/core/check.hpp", "gptoss/core/view.hpp"}

    line, at, at_start, before = 1, 0, True, ""
    while at < len(text):
        match = TOKEN.match(text, at)
        kind, token = match.lastgroup, match[0]
        if kind == "mark" and (token == "#" or text.startswith("%:", at)):
            end = text.find("\n", at)
            directive = text[at : end if end >= 0 else len(text)]
            if not at_start:
                refuse(line, "# has no business here")
            check_directive(line, directive, allowed)
            at += len(directive)
            continue
        check_token(line, kind, token)
        if kind == "mark" and text.startswith(("/*", "<:"), at):
            refuse(line, f"{text[at : at + 2]} has no business here, or is not closed")
        if token == "[" and before == "[":
            refuse(line, "attributes are not read here")
        if kind == "newline":
            at_start = True
        elif kind not in ("space", "comment"):
            at_start = False
            before = token
        line += token.count("\n")
        at = match.end()
