#!/usr/bin/env python3
"""What generate --schema writes is valid JSON under the schema, says the package jsonschema.

    build/venv-python/bin/python tests/validate/check_schema.py build/release/bin/gptoss

nano says what it likes, at temperature 1 and greedily; the schemas use every keyword that is
supported. One schema is refused, so that a check that accepts everything would be seen.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema

WEATHER = {"type": "object", "required": ["city", "degrees", "sky"], "additionalProperties": False,
           "properties": {"city": {"type": "string", "maxLength": 12}, "degrees": {"type": "integer"},
                          "sky": {"enum": ["sun", "rain", "snow"]}, "windy": {"type": "boolean"}}}
SCHEMAS = {
    "weather": WEATHER,
    "list": {"type": "array", "items": WEATHER, "minItems": 1, "maxItems": 2},
    "numbers": {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3},
    "any": {"anyOf": [{"type": "null"}, {"const": {"a": [1, "é"]}}, {"type": "string", "maxLength": 5}]},
    "optional": {"type": "object", "properties": {name: {"type": "boolean"} for name in "abc"}},
    "nested": {"type": "object", "required": ["inner"], "title": "a title", "properties": {
        "inner": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}}},
}
PROMPTS = ("The answer as JSON: ", "<|start|>assistant<|channel|>final<|message|>", "Rome 17 rain ")
REFUSED = {"type": "integer", "minimum": 3}


def run(tool, schema, *more):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(schema, file)
        file.flush()
        return subprocess.run([tool, "generate", "--schema", file.name, "--max-tokens", "400", *more],
                              capture_output=True, text=True, timeout=120)


def main():
    tool = str(Path(sys.argv[1]).resolve())
    problems, n_texts, texts = [], 0, set()
    for name, schema in SCHEMAS.items():
        for prompt in PROMPTS:
            for flags in ((), *(("--temperature", "1", "--seed", str(seed)) for seed in range(4))):
                result = run(tool, schema, *flags, prompt)
                n_texts += 1
                texts.add(result.stdout)
                try:
                    jsonschema.validate(json.loads(result.stdout), schema)
                except (ValueError, jsonschema.ValidationError) as error:
                    problems.append(f"{name}: {result.stdout!r}: {str(error).splitlines()[0]} {result.stderr}")
    refused = run(tool, REFUSED, "x")
    if refused.returncode != 1 or "minimum" not in refused.stderr:
        problems.append(f"minimum was not refused: {refused.stdout!r} {refused.stderr!r}")
    for problem in problems:
        print(problem)
    print(f"{n_texts} texts under {len(SCHEMAS)} schemas, {len(texts)} different, {len(problems)} problems")
    return 1 if problems or len(texts) < n_texts // 4 else 0


if __name__ == "__main__":
    sys.exit(main())
