#!/usr/bin/env python3
"""Which op of the CUDA path has been run on a GPU: the table of docs/cuda.md.

    scripts/cuda_status.py                        prints the table
    scripts/cuda_status.py --tags                 "TAG SOURCE" of each component: the tag of its
                                                  tests, and a digest of its headers
    scripts/cuda_status.py --record VERDICTS GPU  keeps in tests/cuda/results.json what a run found:
                                                  lines of "TAG SOURCE passed" or "TAG SOURCE FAILED"

scripts/gpu-check.sh records; scripts/quote_docs.py puts the table into the page. A verdict belongs to
the source it was found with: when a header changes, the table says so.
"""
import datetime
import hashlib
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CUDA = ROOT / "include" / "gptoss" / "cuda"
TABLE_OF_OPS = ROOT / "include" / "gptoss" / "ops" / "cuda.cuh"
RESULTS = ROOT / "tests" / "cuda" / "results.json"

# The tag of a component's tests is the stem of its header, without "tile_", but for these.
TAGS = {"expert_linear": "experts", "cache_store": "attention"}
FORWARD = ("forward", "golden", "tool")  # tests of everything together

OP = re.compile(r"static constexpr auto \w+ = &cuda::(\w+);")
KERNEL = re.compile(r"^static __global__ void\s(?:__launch_bounds__\(.*\)\s+)?(\w+)\(", re.MULTILINE)


def ops():
    """Every op of the tables, and what is no op but has a twin."""
    return OP.findall(TABLE_OF_OPS.read_text(encoding="utf-8")) + ["mxfp4_decode"]


def header_of(op):
    definition = re.compile(rf"^inline void {op}\(", re.MULTILINE)
    for header in sorted(CUDA.glob("*.cuh")):
        text = header.read_text(encoding="utf-8")
        found = definition.search(text)
        if found:
            return header, text, found.start()
    sys.exit(f"cuda_status: no header of include/gptoss/cuda has 'inline void {op}('")


def kernels_of(op):
    """The kernels between the op before it in the header and the op itself, and those of a header that
    is named after it, as attention_split.cuh is after attention.cuh."""
    path, text, end = header_of(op)
    faster = [KERNEL.findall(other.read_text(encoding="utf-8")) for other in sorted(CUDA.glob(f"{path.stem}_*.cuh"))]
    begin = 0
    for other in ops():
        header, _, start = header_of(other)
        if header == header_of(op)[0] and start < end:
            begin = max(begin, start)
    return KERNEL.findall(text[begin:end]) + sum(faster, [])


def tag_of(header):
    stem = header.stem.removeprefix("tile_")
    return TAGS.get(stem, stem)


def digest_of(headers):
    digest = hashlib.sha256()
    for header in headers:
        digest.update(header.read_bytes())
    return digest.hexdigest()[:16]


def components():
    """Tag -> the headers whose verdict its tests give: that of the op, and what all ops share."""
    every_header = sorted(CUDA.glob("*.cuh"))
    of_ops = {header_of(op)[0] for op in ops()}
    shared = [header for header in every_header if header not in of_ops]
    by_tag = {}
    for header in sorted(of_ops):
        by_tag.setdefault(tag_of(header), [*shared]).append(header)
    by_tag.update({tag: every_header for tag in FORWARD})
    return by_tag


def results():
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def verdict_of(tag):
    result = results().get(tag)
    if result is None:
        return "NOT RUN"
    verdict = f"{result['verdict']}, {result['gpu']}, {result['date']}"
    if result["source"] != digest_of(components()[tag]):
        verdict += ", with another source"
    return verdict


def table():
    rows = [("op", "header", "kernels, the plain one first", "on a GPU")]
    for op in ops():
        header = header_of(op)[0]
        rows.append((op, f"cuda/{header.name}", ", ".join(kernels_of(op)), verdict_of(tag_of(header))))
    for tag, what in zip(FORWARD, ("forward", "goldens", "gptoss --path cuda")):
        rows.append((what, "ops/cuda.cuh", "all of them", verdict_of(tag)))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = []
    for *cells, last in rows:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths)]
        lines.append("  ".join([*padded, last]))
    return "\n".join(lines) + "\n"


def record(path, gpu):
    kept = results()
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        tag, source, verdict = line.split()
        kept[tag] = {
            "verdict": verdict,
            "gpu": gpu,
            "date": datetime.date.today().isoformat(),
            "source": source,
        }
    RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main(arguments):
    if not arguments:
        print(table(), end="")
    elif arguments == ["--tags"]:
        for tag, headers in components().items():
            print(tag, digest_of(headers))
    elif len(arguments) == 3 and arguments[0] == "--record":
        record(*arguments[1:])
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
