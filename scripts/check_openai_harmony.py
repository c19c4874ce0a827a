#!/usr/bin/env python3
"""Compares our Harmony with openai-harmony itself: schemas of every kind, tools in every form that
people have them, and random conversations and token streams.

    scripts/check_openai_harmony.py TOOL [--cases N] [--seed N]

TOOL is the gptoss program. The library (pip install openai-harmony) makes vectors in the format of
tests/harmony/data/README.md, and TOOL checks them. Without the library: status 77, skipped.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ["TIKTOKEN_ENCODINGS_BASE"] = str(ROOT / "include" / "gptoss" / "tokenizer" / "data")
try:
    import openai_harmony as library
except ImportError:
    print("SKIPPED: check_openai_harmony: openai-harmony is not installed (pip install it)")
    sys.exit(77)

PIECES = [
    "hello", " world", "naïve", "日本", "💖", "\n", "\r\n", "\r", "  ", "\t", "<|end|>", "<|start|>",
    "<|constrain|>", "<|channel|>", "null", "// x", '"q"', "\\", "to=", "final", "{", "1.5",
    "\u00a0", "\u0085", "\u200b", "é", "x" * 40, "\x00", "\x0b",
]  # fmt: skip
FLOATS = [1.0, -1.5, 1e15, 1e16, 123456789012345680.0, 1e-5, 1e-4, 1.5e-7, 1e300, 5e-324, -0.0]
TYPES = [
    "object", "string", "number", "integer", "boolean", "array", "null", "weird",
    ["string", "null"], ["integer", "number"], [], [1], [1, "integer"], 5,
]  # fmt: skip
HEADER_PARTS = [
    "<|channel|>final", "<|channel|>analysis", "<|channel|>commentary", " to=functions.f",
    " to=assistant", "<|constrain|>json", " <|constrain|>json", " json", " code", " assistant",
    " <|constrain|> json", "<|channel|>", " hello  world", ' "q"\\', "\x0b", " to=a\u00a0b", "\u00a0",
]  # fmt: skip
AUTHORS = ["assistant", "user", "functions.f", "system", "tool", "developer", "weird", ""]
CONTENTS = ["hello", " world", "💖", "é", "<|start|>", "<|channel|>", "<|message|>", "日本語"]

# A schema of each kind, and where it may stand.
SCHEMAS = {
    **{kind: {"type": kind} for kind in
       ["string", "number", "integer", "boolean", "null", "array", "object", "file"]},
    "nothing": {},
    "described": {"type": "string", "description": "What\nit is."},
    "titled": {"type": "string", "title": "T", "description": "D"},
    "examples": {"type": "string", "examples": ["a", "b\"c", 1]},
    "no text in examples": {"type": "integer", "examples": [1, 2]},
    "default text": {"type": "string", "default": "a \"b\""},
    "default number": {"type": "number", "default": 1.0},
    "default list": {"type": "array", "items": {"type": "number"}, "default": [1, 2.5e-7, None]},
    "default object": {"type": "object", "default": {"b": 1, "a": {}}},
    "default null": {"type": "string", "default": None},
    "enum": {"type": "string", "enum": ["a", "b"]},
    "enum of one": {"type": "string", "enum": ["only"]},
    "enum, default": {"type": "string", "enum": ["a", "b"], "default": "a"},
    "enum of numbers": {"type": "integer", "enum": [1, 2], "default": 2},
    "enum, mixed": {"type": "string", "enum": ["a", 1, None]},
    "enum without type": {"enum": ["a", "b"]},
    "empty enum": {"type": "string", "enum": []},
    "const": {"const": "a"},
    "nullable": {"type": "string", "nullable": True},
    "nullable enum": {"type": "string", "enum": ["a"], "nullable": True, "default": None},
    "list of types": {"type": ["string", "null"]},
    "integer in a list of types": {"type": ["integer", "array", "null"], "default": 3},
    "array of strings": {"type": "array", "items": {"type": "string"}},
    "array of enums": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
    "array of arrays": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
    "array of objects": {"type": "array", "minItems": 1, "items": {
        "type": "object", "properties": {"k": {"type": "string", "description": "K"}}}},
    "array of anything": {"type": "array", "items": {}},
    "array of oneOf": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "null"}]}},
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}]},
    "empty object": {"type": "object", "properties": {}, "additionalProperties": False},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}},
    "object": {"type": "object", "description": "O", "required": ["z"], "properties": {
        "z": {"type": "string"}, "a": {"type": "number", "default": 0}}},
    "nested object": {"type": "object", "properties": {"inner": {
        "type": "object", "description": "twice", "properties": {"deep": {"type": "boolean"}}}}},
    "properties without type": {"properties": {"a": {"type": "string"}}},
    "oneOf": {"oneOf": [{"type": "string", "description": "S"}, {"type": "number", "default": 1}]},
    "oneOf, described": {"description": "same", "default": "x", "oneOf": [
        {"type": "string", "description": "same"}, {"type": "string", "enum": ["x"], "default": "x"}]},
    "oneOf of objects": {"oneOf": [{"type": "object", "properties": {"a": {"type": "string"}}},
                                   {"type": "object", "nullable": True}]},
    "empty oneOf": {"oneOf": []},
    "anyOf": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    "allOf": {"allOf": [{"type": "object"}]},
    "reference": {"$ref": "#/$defs/Place", "$defs": {"Place": {"type": "string"}}},
    "format and bounds": {"type": "string", "format": "date", "pattern": "^a", "maxLength": 3},
    "deprecated": {"type": "boolean", "deprecated": True, "readOnly": True},
}  # fmt: skip
PLACES = {
    "parameters": lambda schema: schema,
    "required": lambda schema: object_of(schema, ["key"]),
    "optional": lambda schema: object_of(schema, []),
    "nested": lambda schema: object_of(object_of(schema, []), ["key"]),
    "items": lambda schema: object_of({"type": "array", "items": schema}, []),
    "variant": lambda schema: object_of({"oneOf": [{"type": "null"}, schema]}, []),
}


def object_of(schema, required):
    properties = {"key": schema, "last": {"type": "string"}}
    return {"type": "object", "properties": properties, "required": required}


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, p):
        return self.random.random() < p

    def pick(self, choices):
        return self.random.choice(choices)

    def several(self, make, most):
        return [make() for _ in range(self.random.randint(0, most))]

    def text(self, most=4):
        return "".join(self.several(lambda: self.pick(PIECES), most))

    def value(self):
        numbers = [self.random.randint(-5, 10**19), self.pick(FLOATS)]
        nested = [[1, "a", None], {"k": self.text(1), "a": [1.0]}]
        return self.pick([None, True, False, self.text(2), *numbers, *nested])

    def schema(self, depth=0):
        """Anything that may stand where a schema should, with its keys in any order."""
        if depth > 3 or self.chance(0.05):
            return self.value()
        deeper = lambda: self.schema(depth + 1)
        key = lambda: self.pick(["a", "b", "x y", "é"]) + str(self.random.randint(0, 3))
        parts = {
            "type": (0.9, lambda: "object" if self.chance(0.4) else self.pick(TYPES)),
            "description": (0.5, lambda: self.pick([self.text(3), "same", "same", 5])),
            "title": (0.2, lambda: self.pick([self.text(2), 1])),
            "examples": (0.2, lambda: self.pick([[self.text(2), "b"], [], [1], [1, "x"], "s"])),
            "default": (0.4, self.value),
            "nullable": (0.3, lambda: self.pick([True, False, "true", None])),
            "enum": (0.3, lambda: self.pick([["a", "b"], ["a", 1], [], [1], "a", ['x"y']])),
            "oneOf": (0.2, lambda: self.pick([self.several(deeper, 3), "x", None])),
            "items": (0.4, deeper),
            "properties": (0.6, lambda: dict((key(), deeper()) for _ in range(3))),
            "required": (0.5, lambda: self.pick([["a0", "b1", "a2"], "a0", [1, "a1"], []])),
            "anyOf": (0.1, lambda: [deeper()]),
        }
        names = list(parts)
        self.random.shuffle(names)
        return {name: parts[name][1]() for name in names if self.chance(parts[name][0])}

    def tool(self):
        tool = {"name": self.pick(["get_weather", "f", "g h"]), "description": self.text()}
        if self.chance(0.9):
            tool["parameters"] = self.schema()
        return tool

    def namespaces(self):
        make = lambda: {
            "name": self.pick(["functions", "f", "é x"]),
            "description": self.pick([self.text(5), None]),
            "tools": self.several(self.tool, 3),
        }
        keys = self.several(lambda: self.pick(["functions", "functions", "b", "a", "Z", "é"]), 3)
        return {key: make() for key in keys}

    def system_content(self):
        channels = {"valid_channels": self.several(self.text, 3), "channel_required": self.chance(0.5)}
        return {
            "type": "system_content",
            "model_identity": self.pick([self.text(), None]),
            "knowledge_cutoff": self.pick([self.text(), None]),
            "conversation_start_date": self.pick([self.text(), None]),
            "reasoning_effort": self.pick(["Low", "Medium", "High", None]),
            "channel_config": self.pick([channels, None]),
            "tools": self.namespaces() if self.chance(0.3) else None,
        }

    def developer_content(self):
        return {
            "type": "developer_content",
            "instructions": self.pick([self.text(), None]),
            "tools": self.namespaces(),
        }

    def part(self, role):
        if self.chance(0.6 if role == "system" else 0.01):
            return self.system_content()
        if self.chance(0.7 if role == "developer" else 0.01):
            return self.developer_content()
        return {"type": "text", "text": self.text()}

    def message(self):
        role = self.pick(["system", "developer", "user", "assistant", "assistant", "tool"])
        message = {"role": role, "content": self.text(6)}
        if self.chance(0.5):
            message["content"] = self.several(lambda: self.part(role), 3)
        if self.chance(0.97 if role == "tool" else 0.1):
            message["name"] = self.pick(["functions.f", "python", "", self.text(1)])
        if self.chance(0.4):
            message["channel"] = self.pick(["analysis", "final", "commentary", self.text(1)])
        if self.chance(0.2):
            message["recipient"] = self.pick(["all", "functions.f", self.text(1)])
        if self.chance(0.2):
            message["content_type"] = self.pick(["<|constrain|>json", "code", self.text(1)])
        return message

    def stream(self, encoding):
        """Mostly messages, of which some are not quite."""
        encode = lambda text: encoding.encode(text, allowed_special="all")
        ids = []
        while len(ids) < 40:
            if self.chance(0.9):
                ids += encode("<|start|>")
            for text in [self.pick(AUTHORS), *self.several(lambda: self.pick(HEADER_PARTS), 3)]:
                ids += encode(text)
            if self.chance(0.05):
                ids += [self.pick([9552, 300000])]
            if self.chance(0.85):
                ids += encode("<|message|>")
                ids += self.content_ids(encode)
            ids += encode(self.pick(["<|end|>", "<|end|>", "<|return|>", "<|call|>"]))
        return ids[: self.random.randint(0, len(ids))] if self.chance(0.3) else ids

    def content_ids(self, encode):
        ids = []
        for _ in range(self.random.randint(0, 6)):
            if self.chance(0.5):
                ids += encode(self.pick(CONTENTS))
            elif self.chance(0.9):  # single bytes, half characters, any word
                any_id = self.random.randint(0, 199997)
                ids.append(self.pick([9552, 31446, 244, self.random.randint(0, 255), any_id]))
            else:
                ids.append(300000)
        return ids


def render_case(generator, encoding):
    inner = encoding._inner
    mode = generator.pick(["render_message", "completion", "conversation", "training"])
    drop = generator.chance(0.7)
    messages = [generator.message()]
    if mode != "render_message":
        messages = generator.several(generator.message, 7)
    case = {"mode": mode, "messages": messages, "config": {"auto_drop_analysis": drop}}
    text = json.dumps({"messages": messages})
    try:
        if mode == "render_message":
            case["conversation_has_function_tools"] = drop
            options = {"conversation_has_function_tools": drop}
            ids = inner.render(json.dumps(messages[0]), options)
        elif mode == "completion":
            case["next_role"] = generator.pick(["assistant", "user", "tool"])
            ids = inner.render_conversation_for_completion(text, case["next_role"], case["config"])
        elif mode == "conversation":
            ids = inner.render_conversation(text, case["config"])
        else:
            ids = inner.render_conversation_for_training(text, case["config"])
        case["expected_ids"] = list(ids)
    except library.HarmonyError as error:
        case["expected_error_contains"] = str(error)
    except RuntimeError as error:
        case["expected_error_contains"] = str(error)
    return case


def schema_tools():
    """A tool for every kind of schema in every place."""
    return [
        {"name": f"tool_{number}", "description": f"{kind}, {place}", "parameters": put(schema)}
        for number, (kind, place, schema, put) in enumerate(
            (kind, place, schema, put)
            for kind, schema in SCHEMAS.items()
            for place, put in PLACES.items()
        )
    ]


def tools_conversation(tools):
    return {"messages": [{"role": "developer", "content": [
        {"type": "developer_content", "tools": tools}]}]}  # fmt: skip


def library_namespace(tools):
    return {"functions": {"name": "functions", "tools": tools}}


def schema_cases(encoding):
    for tool in schema_tools():
        conversation = tools_conversation(library_namespace([tool]))
        ids = encoding._inner.render_conversation(json.dumps(conversation), None)
        yield {"name": tool["description"], "mode": "conversation", **conversation,
               "expected_ids": list(ids)}  # fmt: skip


def tool_forms(tools):
    """The same tools as others write them."""
    mcp = [{"name": t["name"], "description": t["description"], "inputSchema": t["parameters"]}
           for t in tools]  # fmt: skip
    return {
        "openai-harmony": library_namespace(tools),
        "a list": tools,
        "OpenAI": [{"type": "function", "function": tool} for tool in tools],
        "OpenAI, responses": [{"type": "function", "strict": True, **tool} for tool in tools],
        "MCP": {"tools": mcp},
        "MCP, JSON-RPC": {"jsonrpc": "2.0", "id": 1, "result": {"tools": mcp}},
    }


def differing_forms(tool, encoding):
    """Names the forms of which `TOOL harmony render` makes other tokens than the library."""
    tools = schema_tools()
    conversation = tools_conversation(library_namespace(tools))
    expected = encoding._inner.render_conversation(json.dumps(conversation), None)
    differing = []
    for form, described in tool_forms(tools).items():
        run = subprocess.run(
            [tool, "harmony", "render", "--mode", "conversation", "--ids", "-"],
            input=json.dumps(tools_conversation(described)), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if run.stdout.split() != [str(token) for token in expected]:
            differing.append(form)
            print(f"{form}: other tokens than the library's {run.stderr.strip()}")
    n_forms = len(tool_forms(tools))
    print(f"{len(SCHEMAS)} kinds of schema in {len(PLACES)} places, in {n_forms} forms of tools")
    return differing


def observed(parser):
    state = json.loads(parser.state)
    names = ["role", "channel", "recipient", "content_type", "content"]
    view = {f"current_{name}": getattr(parser, f"current_{name}") for name in names}
    return {**view, "state": state["state"], "last_content_delta": parser.last_content_delta}


def parse_case(generator, encoding):
    ids = generator.stream(encoding)
    role = generator.pick([None, "assistant", "assistant", "user", "tool"])
    strict = generator.chance(0.6)
    case = {"ids": ids, "role": role, "strict": strict, "eos": True, "expected_states": []}
    parser = library._PyStreamableParser(encoding._inner, role, strict)
    try:
        for index, token in enumerate([*ids, "eos"]):
            parser.process_eos() if token == "eos" else parser.process(token)
            case["expected_states"].append(observed(parser))
        case["expected_messages"] = json.loads(parser.messages)
    except library.HarmonyError as error:
        case["expected_error_contains"] = str(error)
        case["expected_error_at"] = "eos" if token == "eos" else index
        case["expected_messages_before_error"] = json.loads(parser.messages)
    return case


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("tool")
    arguments.add_argument("--cases", type=int, default=2000, help="of each kind [2000]")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()

    encoding = library.load_harmony_encoding(library.HarmonyEncodingName.HARMONY_GPT_OSS)
    generator = Generator(options.seed)
    differing = differing_forms(options.tool, encoding)
    with tempfile.TemporaryDirectory() as folder:
        schemas = pathlib.Path(folder) / "schemas.json"
        schemas.write_text(json.dumps({"cases": list(schema_cases(encoding))}), encoding="utf-8")
        for kind in (render_case, parse_case):
            cases = []
            for number in range(options.cases):
                cases.append({"name": f"{kind.__name__} {number}", **kind(generator, encoding)})
            path = pathlib.Path(folder) / f"{kind.__name__}.json"
            path.write_text(json.dumps({"cases": cases}), encoding="utf-8")
        vectors = subprocess.run([options.tool, "harmony", "--vectors", folder], check=False)
    return 1 if differing else vectors.returncode


if __name__ == "__main__":
    sys.exit(main())
