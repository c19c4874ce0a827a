#!/usr/bin/env python3
"""The rules of the Harmony format, numbered, and which test holds each.

    scripts/harmony_rules.py            writes rules and tables into docs/harmony.md
    scripts/harmony_rules.py --check    changes nothing; fails if the page is stale, if a rule has no
                                        test, or if a test names a rule that is not here

A test holds a rule if its name has the number: TEST_CASE("harmony_render: c.3.1 ...").
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "harmony.md"
BLOCK = re.compile(r"(<!-- (rules|tests) -->\n).*?(<!-- end -->)", re.DOTALL)
TEST_NAME = re.compile(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')
NUMBER = re.compile(r"\b[cd]\.\d+\.\d+\b")

SECTIONS = [
    ("c.3", "Rendering one message", [
        "Start token first; nothing stands in front of a conversation.",
        "The role, and `:NAME` if the author has a name. A tool is its name alone; without one it is "
        "an error.",
        "` to=RECIPIENT`, unless there is none or it is `all`.",
        "The channel token and the channel's name, if there is one.",
        "A content type is ` TYPE`. If it begins with `<|constrain|>`: a space, that token, the rest.",
        "The message token.",
        "The content parts, without a separator. System content only in system messages, developer "
        "content only in developer messages, text anywhere. Text never becomes a control token.",
        "The call token if the author is the assistant and a recipient is set, even `all`; else the "
        "end token.",
        "Each text is encoded for itself: no token reaches across two steps or parts.",
    ]),
    ("c.4", "The system message", [
        "Identity, `Knowledge cutoff: VALUE`, `Current date: VALUE`: a line each.",
        "`Reasoning: low`, `medium` or `high`.",
        "The tools section of built-in namespaces.",
        "`# Valid channels: a, b.`, with ` Channel must be included for every message.` if required, "
        "and a line about functions if the conversation has some.",
        "It has some if any developer content has tools under the key `functions`. A message alone is "
        "told. Without channels there is no such line.",
        "Sections are separated by an empty line and left out if not set. New content holds the "
        "defaults; in JSON an absent field has its default, and null is not set.",
    ]),
    ("c.5", "The developer message", [
        "`# Instructions`, an empty line, the text; also if the text is empty.",
        "Then the tools section.",
        "With neither there is no text.",
        "`# Response Formats` is the last section, and for each format, behind an empty line, "
        "`## NAME`, an empty line, and the schema as JSON on one line.",
        "The lines of a format's description are comments above its schema.",
    ]),
    ("c.6", "The tools section", [
        "`# Tools`, then a block per namespace, in byte order of the map's keys, separated by an "
        "empty line.",
        "A block begins with `## NAME`, the name inside, and an empty line.",
        "The description, line by line: as comments if there are tools, else as it is.",
        "`namespace NAME {`, then per tool its description as comments and "
        "`type TOOL = (_: TYPE) => any;`, without `_: TYPE` if there are no parameters.",
        "Without tools and description the heading and its empty line are all.",
    ]),
    ("c.7", "JSON Schema as text", [
        "`oneOf`: a line ` | TYPE` per variant, with a comment of description and default; the default "
        "of an enum is quoted.",
        "A list of types: joined by ` | `, `integer` as `number`.",
        "`object`: description as a comment, `{`, the properties, `}`.",
        "`string`: the strings of `enum` in quotes, unescaped, joined by ` | `; or `string`.",
        "`number` and `integer`: `number`. `boolean`: `boolean`.",
        "`array`: the items' type and `[]`, without parentheses; without items `Array<any>`.",
        "Anything else: `any`.",
        "A property that is not required has a `?`.",
        "A title is a comment, with an empty comment below.",
        "A description is one comment; line feeds in it stay.",
        "`examples`: a heading and a line per string.",
        "A property with `oneOf`: description and default above, a line per variant, a comma on a line "
        "of its own. No description twice.",
        "`nullable`: ` | null`, unless the text says null already.",
        "A default behind the property: text in quotes, a choice of an enum bare, the rest JSON.",
        "Four spaces per level inside the outermost object, three in a variant; a closing brace "
        "stands as deep as its properties.",
        "Properties keep their order.",
        "A nested object's description is printed twice.",
        "JSON is compact; a float keeps its point.",
    ]),
    ("c.8", "Built-in tools", [
        "The description of `browser`.",
        "Its tools `search`, `open` and `find`.",
        "The description of `python`, which has no tools.",
        "Tools are described, not executed: a call that nobody takes gets a visible answer.",
    ]),
    ("c.9", "Turns", [
        "A call is rendered with the recipient before the channel, and read in either order.",
        "A tool's answer has recipient `assistant` and the channel of the call; the renderer adds "
        "neither.",
        "A sampled `<|return|>` is rendered as `<|end|>` in the history.",
        "Analysis is dropped only if the last assistant message is in channel `final`.",
        "Dropped is every message in channel `analysis` before the first one in `final`, of any role.",
        "Dropping is on by default and can be turned off; a vector without a config drops nothing.",
        "A prompt ends with the start token and the next role.",
        "For training, an assistant's final message at the very end closes with `<|return|>`.",
        "A conversation is its messages, one after the other.",
    ]),
    ("d.1", "The parser's states", [
        "With a role it begins in the header, without one it expects a start token.",
        "Expecting start: the token opens a header; the end of the stream is fine.",
        "Expecting start: anything else is an error, a second stop token too.",
        "Header: the message token ends it. If it is wrong the parser expects a start.",
        "Header, not strict: a stop token makes the words a message if the role was given, else they "
        "are lost.",
        "Header: every other token belongs to it, in strict mode stop tokens too.",
        "Header: the end of the stream is an error.",
        "Content: return, end and call complete the message.",
        "Content: so does the end of the stream.",
        "Content: other control tokens are text.",
        "Not strict changes nothing else.",
    ]),
    ("d.2", "Headers", [
        "Its bytes must be text.",
        "The channel is what follows the first channel marker, up to whitespace or `<`; it is cut out "
        "and may not be empty.",
        "The rest is trimmed; each `<|constrain|>` gets a space in front.",
        "It is split at ASCII whitespace.",
        "The role is given, or the first word. Another word is a tool's name if more words follow or "
        "it begins with `to=`.",
        "If the next word is the role's name, it is removed.",
        "The last word is the recipient if it begins with `to=` or is the only one; else it is the "
        "content type, and the word before it the recipient.",
        "Words left over are an error.",
        "Only a tool has a name, and only if the header says it.",
        "Not strict, without the message token: role and channel as above, the other words joined by "
        "spaces are the text.",
        "A single word is always a recipient. The type first, two recipients, or a space behind "
        "`<|constrain|>` are errors.",
        "What is rendered but does not come back: a named user, a tool without recipient, recipient "
        "`all`, a type without recipient, names with whitespace or `<`, several parts.",
        "`<|channel|>` or `<|constrain|>` spelled in ordinary tokens is an error. The original takes it "
        "for the control token, and writes that when it renders the message: text would have become "
        "control.",
    ]),
    ("d.3", "Content", [
        "Valid bytes are text at once; the deltas joined are the content.",
        "Half a character waits.",
        "A byte that cannot be becomes U+FFFD, one error per token; the rest waits.",
        "Behind an id that is not in the vocabulary nothing is decoded.",
        "At the end: U+FFFD for such an id, then what was held, replaced where it is no text.",
        "Nothing leaks into the next message.",
    ]),
    ("d.4", "What can be observed", [
        "Role, channel, recipient, type and content inside the content; before it only a role that "
        "was given.",
        "All tokens and all complete messages, after an error too.",
        "The state as JSON, with the header's tokens, or the content encoded again.",
    ]),
]


def rules():
    """(number, sentence) of every rule, in order."""
    for section, _, sentences in SECTIONS:
        for index, sentence in enumerate(sentences, start=1):
            yield f"{section}.{index}", sentence


def tests_by_rule():
    """Number -> names of the tests that carry it."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("*_test.cpp")):
        for match in TEST_NAME.finditer(path.read_text(encoding="utf-8")):
            name = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match.group(1)))
            for number in NUMBER.findall(name):
                found.setdefault(number, []).append(path.relative_to(ROOT).as_posix())
    return found


def rules_text():
    lines = []
    for section, title, sentences in SECTIONS:
        lines += [f"### {section} {title}", "", "| rule | |", "|---|---|"]
        for index, sentence in enumerate(sentences, start=1):
            lines.append(f"| {section}.{index} | {sentence.replace('|', chr(92) + '|')} |")
        lines.append("")
    return "\n".join(lines)


def tests_text(found):
    lines = ["| rules | tests | in |", "|---|---|---|"]
    for section, _, sentences in SECTIONS:
        numbers = [f"{section}.{index}" for index in range(1, len(sentences) + 1)]
        paths = [path for number in numbers for path in found.get(number, [])]
        files = ", ".join(
            f"[`{pathlib.Path(path).name}`](../{path})" for path in sorted(set(paths))
        )
        lines.append(f"| {numbers[0]} to {numbers[-1]} | {len(paths)} | {files} |")
    lines += ["", "| rules without a test |", "|---|"]
    without = [number for number, _ in rules() if number not in found]
    lines += [f"| {number} |" for number in without] or ["| none |"]
    return "\n".join(lines) + "\n"


def main():
    found = tests_by_rule()
    text = PAGE.read_text(encoding="utf-8")
    blocks = {"rules": rules_text(), "tests": tests_text(found)}
    current = BLOCK.sub(lambda m: m.group(1) + blocks[m.group(2)] + m.group(3), text)

    known = {number for number, _ in rules()}
    problems = [f"rule {number} has no test" for number in sorted(known - set(found))]
    problems += [f"{found[n][0]}: names rule {n}, which is not here" for n in sorted(set(found) - known)]
    if current != text and sys.argv[1:] == ["--check"]:
        problems.append("docs/harmony.md is stale; run scripts/harmony_rules.py")
    elif current != text:
        PAGE.write_text(current, encoding="utf-8")
    for problem in problems:
        print(problem)
    n_tests = sum(len(paths) for paths in found.values())
    print(f"{len(known)} rules, {n_tests} tests, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
