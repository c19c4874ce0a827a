"""A case: a file, or a folder of them, that a reader must accept, or must refuse and say why."""
import dataclasses
import json
import struct


@dataclasses.dataclass
class Case:
    kind: str  # which reader: safetensors, index, gguf, ...
    name: str
    files: dict  # relative name -> bytes; the one named "" is the file itself, without it a folder
    says: str | None = None  # what the refusal holds; None: the file is legal, accept it
    why: str = ""  # of what is legal or refused by choice, the source

    @property
    def verdict(self):
        return "accept" if self.says is None else "reject"


def one(kind, name, data, says=None, why=""):
    return Case(kind, name, {"": data}, says, why)


def u16(value):
    return struct.pack("<H", value)


def u32(value):
    return struct.pack("<I", value)


def u64(value):
    return struct.pack("<Q", value)


def js(value):
    return json.dumps(value).encode()
