#!/usr/bin/env python3
"""seeds.py FOLDER: writes the inputs that each fuzz target begins with, a folder per target.

Small valid files of every kind, built here byte by byte or taken from the repository, so that mutations
begin behind the first check.
"""
import io
import json
import pathlib
import struct
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NANO = ROOT / "examples/nano/model"

TEXTS = ["", "Hello, world!", "I'll  don't THEY'VE  123456\r\n\r\n\tend   ",
         "na\u00efve Stra\u00dfe \u6771\u4eac n\u0303 \U0001f642\u200d\u2194\ufe0f \U0001d518",
         "a\u0085b\u2028c\u3000d", "x = foo_bar(1, 2.5e-3) // ok\n", "a" * 32]
BAD_UTF8 = [b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xf0\x9f\x99", b"a\xffb"]


def safetensors(tensors, metadata=None):
    """tensors: {name: (dtype, shape, bytes)}"""
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def npy(shape=(2, 3), descr="<f4", version=1, n_bytes=24):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    size = struct.pack("<H" if version == 1 else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + b"\n" + b"\0" * n_bytes


def zipped(members, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, raw in members.items():
            archive.writestr(zipfile.ZipInfo(name), raw, method)
    return file.getvalue()


def gguf_text(text):
    return struct.pack("<Q", len(text)) + text.encode()


def gguf():
    keys = [gguf_text("general.architecture") + struct.pack("<I", 8) + gguf_text("gpt-oss"),
            gguf_text("general.alignment") + struct.pack("<II", 4, 32),
            gguf_text("gpt-oss.block_count") + struct.pack("<II", 4, 2),
            gguf_text("a.list") + struct.pack("<IIQ", 9, 8, 2) + gguf_text("one") + gguf_text("two"),
            gguf_text("a.number") + struct.pack("<Id", 12, 0.5), gguf_text("a.flag") + struct.pack("<IB", 7, 1)]
    tensor = gguf_text("token_embd.weight") + struct.pack("<IQQIQ", 2, 32, 2, 39, 0)  # MXFP4
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, len(keys)) + b"".join(keys) + tensor
    return header + b"\0" * (-len(header) % 32) + b"\x7f" * 34 + b"\0" * 30


def dumps():
    values = struct.pack("<8f", *range(8))
    tokens = struct.pack("<2i", 5, 7)
    plain = {"tokens": ("I32", [2], tokens), "embed": ("F32", [2, 4], values),
             "block.0.attn.q": ("F32", [2, 4], values), "logits": ("F32", [2, 4], values)}
    yield safetensors(plain, {"format": "gptoss-dump-1", "tokens": "5,7"})
    yield safetensors(plain)
    yield zipped({"tokens.npy": npy((2,), "<i4", n_bytes=8), "block.0.attn.q.npy": npy((2, 4), n_bytes=32)})
    yield gguf()


def small_tokenizer():
    """nano's file with single bytes only."""
    document = json.loads((NANO / "tokenizer.json").read_text(encoding="utf-8"))
    vocab = document["model"]["vocab"]
    document["model"]["vocab"] = {token: rank for token, rank in vocab.items() if rank < 256}
    document["model"]["merges"] = []
    for k, token in enumerate(document["added_tokens"]):
        token["id"] = 256 + k
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


CONVERSATIONS = [
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
     {"role": "assistant", "channel": "final", "content": "Hello."}],
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
                  {"role": "assistant", "channel": "commentary", "recipient": "functions.weather",
                   "content_type": "<|constrain|>json", "content": "{}"},
                  {"role": "tool", "name": "functions.weather", "content": "sunny"}],
     "tools": [{"type": "function", "function": {"name": "weather", "description": "The weather",
                "parameters": {"type": "object", "required": ["city"], "properties": {
                    "city": {"type": "string", "enum": ["Rome", "Oslo"]},
                    "days": {"type": ["integer", "null"], "default": 1}}}}}]},
    [{"role": "assistant", "reasoning_content": "think", "content": None, "tool_calls": [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
     {"role": "tool", "tool_call_id": "1", "content": "2"}]]


def seeds():
    """(target, bytes)"""
    embedding = {"embedding.weight": ("BF16", [2, 4], b"\x80?" * 8), "empty": ("F32", [0], b"")}
    yield "safetensors", safetensors(embedding)
    yield "safetensors", safetensors(embedding, {"format": "pt"})
    yield "gguf", gguf()
    yield "npy", npy()
    yield "npy", npy((), "<f8", 2, 8)
    yield "npy", npy((4,), "|u1", 1, 4)
    yield "zip", zipped({"a.npy": npy(), "folder/b.npy": b"123"})
    yield "zip", zipped({"a.txt": b"a" * 100}, zipfile.ZIP_DEFLATED)
    for text in ('{"a":[1,-2.5e3,true,null,"\\u00e9\\ud83d\\ude42"],"b":{"a":{}}}', "[]", '"x"', "[[[[1]]]]",
                 '{"a":1,"a":2}', '{"a":{"a":1,"b":[{"c":{}}]}}'):
        yield "json", text.encode()
    variants = json.loads((ROOT / "tests/golden/data/configs.json").read_text(encoding="utf-8"))
    configs = [variant for variant in json_objects(variants) if "num_hidden_layers" in variant]
    yield from (("config", json.dumps(config).encode()) for config in configs[:20])
    yield "config", (NANO / "config.json").read_bytes()
    for text in [text.encode() for text in TEXTS] + BAD_UTF8:
        yield from ((target, text) for target in ("utf8", "split", "bpe"))
    lines = (ROOT / "include/gptoss/tokenizer/data/o200k_base.tiktoken").read_bytes().splitlines(keepends=True)
    yield "tiktoken_file", b"".join(lines[:10])
    yield "tokenizer_json", small_tokenizer()
    yield "harmony", b"\xe0user\xe3Hello\xe4\xe0assistant\xe1analysis\xe3Hm.\xe4\xe0assistant\xe1final\xe3Hi\xe6"
    yield "harmony", (b"\xe0assistant\xe1commentary to=functions.f \xe2json\xe3{}\xe5"
                      b"\xe0functions.f to=assistant\xe3 1\xe4")
    yield from (("conversation", json.dumps(each).encode()) for each in CONVERSATIONS)
    yield "schema", (ROOT / "examples/weather.schema.json").read_bytes()
    yield "schema", b'{"anyOf":[{"type":"string","maxLength":3},{"const":7},{"type":"array","items":{"enum":[1,"a"]}}]}'
    yield from (("dump", dump) for dump in dumps())


def json_objects(value):
    """Every object inside value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from json_objects(inner)


def main():
    folder = pathlib.Path(sys.argv[1])
    for number, (target, raw) in enumerate(seeds()):
        (folder / target).mkdir(parents=True, exist_ok=True)
        (folder / target / f"{number:03d}").write_bytes(raw)


if __name__ == "__main__":
    main()
