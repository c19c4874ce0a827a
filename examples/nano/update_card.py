"""Fills the tables of the model card, README.md, from the files of results/.

    python update_card.py            rewrites stale blocks
    python update_card.py --check    changes nothing; fails if a block is stale

A block is what stands between two comment lines:

    <!-- results/scores.md -->
    <!-- end -->
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
BLOCK = re.compile(r"^<!-- (results/\S+) -->\n.*?^<!-- end -->$", re.MULTILINE | re.DOTALL)


def block(match: re.Match) -> str:
    path = match.group(1)
    text = (HERE / path).read_text(encoding="utf-8")
    if not path.endswith(".md"):
        text = "```text\n" + text + "```\n"
    return f"<!-- {path} -->\n{text}<!-- end -->"


def main() -> int:
    card = HERE / "README.md"
    old = card.read_text(encoding="utf-8")
    new, n_blocks = BLOCK.subn(block, old)
    if "--check" in sys.argv[1:]:
        if n_blocks == 0 or new != old:
            print(f"{card}: {n_blocks} blocks, some stale; update_card.py rewrites them")
            return 1
        return 0
    card.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
