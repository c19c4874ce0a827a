"""Files: safetensors written and read with numpy alone, and reproducible .tar.xz archives."""

import hashlib
import io
import json
import lzma
import math
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

BYTES_PER_ELEMENT = {"BF16": 2, "U8": 1, "F32": 4, "I32": 4}
NUMPY_DTYPE = {"F32": "<f4", "I32": "<i4"}                      # of the dumps


def write_safetensors(
    path: Path,
    metadata: dict[str, str],
    tensors: list[tuple[str, str, tuple[int, ...]]],
    data: Iterable[np.ndarray],
) -> None:
    """Write u64 header length, compact JSON padded to 8 bytes with spaces, then `data` in order.

    tensors: (name, dtype, shape) in file order; data: their elements, in pieces of any size.
    """
    header: dict = {"__metadata__": metadata}
    end = 0
    for name, dtype, shape in tensors:
        begin, end = end, end + math.prod(shape) * BYTES_PER_ELEMENT[dtype]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)                             # so that 8 + N is a multiple of 8
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for piece in data:
            file.write(np.ascontiguousarray(piece).tobytes())
        assert file.tell() == 8 + len(text) + end, f"{path}: data do not fill the header's ranges"


def read_dump(raw: bytes) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """The metadata and the tensors of a dump (float32 and int32 only)."""
    n = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + n])
    metadata = header.pop("__metadata__")
    sites = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        elements = np.frombuffer(raw[8 + n + begin : 8 + n + end], NUMPY_DTYPE[entry["dtype"]])
        sites[name] = elements.reshape(entry["shape"])
    return metadata, sites


def pack(path: Path, archive: Path) -> None:
    """Archive one file, so that the same file gives the same archive: no dates, no owners."""
    member = tarfile.TarInfo(path.name)
    member.size = path.stat().st_size
    member.mode = 0o644
    member.mtime = 0
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as out:
        out.addfile(member, io.BytesIO(path.read_bytes()))
    archive.write_bytes(lzma.compress(tar.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def unpack(archive: Path) -> bytes:
    """The contents of the one file in an archive."""
    with tarfile.open(archive, mode="r:xz") as tar:
        member = tar.getmembers()[0]
        return tar.extractfile(member).read()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
