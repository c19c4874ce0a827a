#!/usr/bin/env python3
"""Runs notebooks and writes what they make of it.

    run_notebooks.py                   all of notebooks/
    run_notebooks.py 01 06             those whose names begin so
    run_notebooks.py --before CODE 01  CODE runs in front: a test breaks an op there

Each is a Python file in jupytext's percent format. build/notebooks/ (or build/OUT/) NAME.ipynb gets the cells with
their outputs, NAME-1.png and so on the figures. Exit status 1 if a cell failed.
"""
import argparse
import base64
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jupytext
import nbclient
import nbformat

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "notebooks"
TIMEOUT = 300  # seconds of one cell
os.environ["OMP_NUM_THREADS"] = "1"  # two notebooks run at a time


def figures_of(notebook) -> list[bytes]:
    return [base64.b64decode(output["data"]["image/png"])
            for cell in notebook.cells for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})]


def error_of(notebook) -> str | None:
    """The failed cell's first line and its error's last."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                return f"{output['ename']}: {output['evalue'].splitlines()[0] if output['evalue'] else ''}"
    return None


def run(source: Path, out: Path, before: str | None) -> str | None:
    start = time.monotonic()
    notebook = jupytext.read(source)
    if before:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(before))
    client = nbclient.NotebookClient(notebook, timeout=TIMEOUT, kernel_name="python3",
                                     resources={"metadata": {"path": str(SOURCES)}})
    error = None
    try:
        client.execute()
    except (nbclient.exceptions.CellExecutionError, nbclient.exceptions.CellTimeoutError) as failure:
        error = error_of(notebook) or str(failure).splitlines()[0]
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob(f"{source.stem}-*.png"):
        old.unlink()
    for number, png in enumerate(figures_of(notebook), 1):
        (out / f"{source.stem}-{number}.png").write_bytes(png)
    nbformat.write(notebook, out / f"{source.stem}.ipynb")
    print(f"{source.stem:24} {time.monotonic() - start:5.1f} s   {error or 'ok'}", flush=True)
    return error


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--before")
    parser.add_argument("--out", default="notebooks")
    flags = parser.parse_args()
    sources = [source for source in sorted(SOURCES.glob("*.py"))
               if not flags.names or source.name.startswith(tuple(flags.names))]
    if not sources:
        sys.exit(f"{SOURCES}: no notebook is named {' or '.join(flags.names)}")
    with ThreadPoolExecutor(2) as pool:
        errors = list(pool.map(lambda source: run(source, ROOT / "build" / flags.out, flags.before), sources))
    sys.exit(1 if any(errors) else 0)


if __name__ == "__main__":
    main()
