#!/usr/bin/env python3
"""Copies a checkpoint for one of several machines, without the experts of the others.

    scripts/cut_for_rank.py gpt-oss-120b /data/120b-rank-1 --ranks 4 --rank 1

The copy has the same files, of the same size, but what is left out of them takes no room on the disk:
they are sparse. `du -h` says what they take. Which experts a rank owns is include/gptoss/core/shares.hpp.
"""
import argparse
import json
import pathlib
import re
import shutil
import struct
import sys

# Matrices of all experts in one tensor, the expert its first index, in either layout.
EXPERTS = re.compile(r"\.mlp\.(mlp[12]_weight\.|experts\.(gate_up|down)_proj_)(blocks|scales)$")
PIECE = 1 << 24


def ranges_to_copy(header, size, data_begin, rank, n_ranks):
    """(begin, end) of what a rank reads, in the order of the file; and how many tensors were cut."""
    ranges, n_cut = [(0, data_begin)], 0
    for name, tensor in sorted(header.items(), key=lambda item: item[1].get("data_offsets", [0])[0]):
        if name == "__metadata__":
            continue
        begin, end = (data_begin + offset for offset in tensor["data_offsets"])
        if EXPERTS.search(name):
            n_experts = tensor["shape"][0]
            of_expert = (end - begin) // n_experts
            end = begin + n_experts * (rank + 1) // n_ranks * of_expert
            begin += n_experts * rank // n_ranks * of_expert
            n_cut += 1
        ranges.append((begin, end))
    return ranges, n_cut


def copy_file(source, target, rank, n_ranks):
    """Returns how many tensors were cut."""
    with source.open("rb") as read, target.open("wb") as write:
        (header_size,) = struct.unpack("<Q", read.read(8))
        header = json.loads(read.read(header_size))
        size = source.stat().st_size
        ranges, n_cut = ranges_to_copy(header, size, 8 + header_size, rank, n_ranks)
        for begin, end in ranges:
            read.seek(begin)
            write.seek(begin)
            while begin < end:
                piece = read.read(min(PIECE, end - begin))
                write.write(piece)
                begin += len(piece)
        write.truncate(size)
    return n_cut


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=pathlib.Path, help="a checkpoint's directory")
    parser.add_argument("target", type=pathlib.Path, help="a new directory")
    parser.add_argument("--ranks", type=int, required=True)
    parser.add_argument("--rank", type=int, required=True)
    flags = parser.parse_args()
    if not 0 <= flags.rank < flags.ranks:
        sys.exit(f"cut_for_rank.py: --rank is {flags.rank}, expected 0 to {flags.ranks - 1}")
    if not (flags.source / "config.json").is_file():
        sys.exit(f"cut_for_rank.py: {flags.source} holds no config.json")
    if flags.target.exists():
        sys.exit(f"cut_for_rank.py: {flags.target} is there, expected a new directory")
    flags.target.mkdir(parents=True)

    n_cut = 0
    for source in sorted(path for path in flags.source.iterdir() if path.is_file()):
        if source.suffix == ".safetensors":
            n_cut += copy_file(source, flags.target / source.name, flags.rank, flags.ranks)
        else:
            shutil.copy(source, flags.target / source.name)
    if n_cut == 0:
        sys.exit(f"cut_for_rank.py: {flags.source} has no MXFP4 experts, so nothing was left out")
    taken = sum(path.stat().st_blocks * 512 for path in flags.target.iterdir())
    full = sum(path.stat().st_size for path in flags.target.iterdir())
    print(f"{flags.target}: {taken:,} bytes of {full:,} are on the disk")


if __name__ == "__main__":
    main()
