"""Files: safetensors written and read with numpy alone, and reproducible .tar.xz archives."""

import argparse
import hashlib
import io
import json
import lzma
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

# The recorders are for users; the goldens are made with the same ones.
sys.path.append(str(Path(__file__).resolve().parents[2] / "examples" / "validate" / "recorders"))
from dump import write_safetensors  # noqa: E402, F401

DATA = Path(__file__).resolve().parent / "data"
NUMPY_DTYPE = {"F32": "<f4", "I32": "<i4", "BF16": "<u2", "U8": "u1"}


def read_dump(raw: bytes) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """The metadata and the tensors of a dump; bf16 as its bits."""
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


def check_or_write(description: str, check: Callable[[], bool], write: Callable[[], None]) -> int:
    """The command line of a script that makes goldens: --check or --write. Its exit status."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true")
    action.add_argument("--write", action="store_true")
    if parser.parse_args().check:
        return 0 if check() else 1
    write()
    return 0
