"""Lines of a C++ test against those that a script made again. Another processor rounds another way, so
decimals may differ in the seventh digit; all else must be the same."""
import re
from pathlib import Path

DECIMAL = re.compile(r"-?\d+\.\d+")
TOLERANCE = 1e-6


def are_close(a: str, b: str) -> bool:
    if DECIMAL.sub("#", a) != DECIMAL.sub("#", b):
        return False
    pairs = zip(map(float, DECIMAL.findall(a)), map(float, DECIMAL.findall(b)))
    return all(abs(x - y) <= TOLERANCE * max(1, abs(y)) for x, y in pairs)


def missing_lines(lines: list[str], test: Path) -> list[str]:
    there = test.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not any(are_close(line.strip(), text.strip()) for text in there)]
