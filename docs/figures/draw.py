#!/usr/bin/env python3
"""Draws the pictures of the pages from runs of nano.

    scripts/notebooks.sh --install                          makes the environment, build/venv-python
    build/venv-python/bin/python docs/figures/draw.py          writes docs/figures/*.svg
    ...                          docs/figures/draw.py --check  changes nothing; fails if one is stale
    ...                          docs/figures/draw.py 05 06    those

draw_NN.py has draw(run), which returns the Figure of page NN; run is what they share.
"""
import importlib
import pathlib
import sys

import run

HERE = pathlib.Path(__file__).resolve().parent


def main():
    names = [argument for argument in sys.argv[1:] if argument != "--check"]
    check_only = "--check" in sys.argv
    stale = []
    sources = [path for path in sorted(HERE.glob("draw_*.py"))
               if not names or path.stem.removeprefix("draw_") in names]
    for source in sources:
        text = importlib.import_module(source.stem).draw(run.Run.shared()).svg()
        picture = HERE / f"{source.stem.removeprefix('draw_')}.svg"
        if picture.is_file() and picture.read_text(encoding="utf-8") == text:
            continue
        if check_only:
            stale.append(picture.name)
            print(f"{picture.relative_to(HERE.parent)}: is stale; run docs/figures/draw.py")
        else:
            picture.write_text(text, encoding="utf-8")
            print(f"{picture.name}: drawn")
    print(f"{len(sources)} pictures, {len(stale)} stale")
    return 1 if stale or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
