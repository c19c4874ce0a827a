"""Text to token ids and back."""
from pathlib import Path

from . import _core

DATA = Path(__file__).parent / "data"


def Tokenizer(path: str | Path | None = None) -> _core.Tokenizer:
    """The tokenizer of a directory, a tokenizer.json or a rank file; without one the published
    o200k_harmony."""
    return _core.load_tokenizer(str(path or DATA / "o200k_base.tiktoken"))
