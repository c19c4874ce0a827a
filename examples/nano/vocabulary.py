"""The tokenizer of nano: the first 1,024 ranks of o200k_base and ten control tokens behind them.

A byte-pair vocabulary cut after any rank is again one, because a token is built from earlier ones.
Text of a message is encoded piece by piece, as the split rule cuts it; control tokens come from
the renderer alone, never from text.

Source: official tokenizer: gpt_oss/tokenizer.py; split rule and ranks of o200k_base.
"""

import base64
import json
from pathlib import Path

import regex

RANKS_FILE = Path(__file__).parents[2] / "include/gptoss/tokenizer/data/o200k_base.tiktoken"
N_RANKS = 1024
CONTROL = ["startoftext", "endoftext", "return", "constrain", "channel", "start", "end", "message",
           "call", "endofprompt"]                               # ids 1024, 1025, ... in this order
CONTROL_ID = {name: N_RANKS + k for k, name in enumerate(CONTROL)}
VOCAB_SIZE = N_RANKS + len(CONTROL)

CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SPLIT = "|".join([
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTION}",
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTION}",
    r"\p{N}{1,3}",
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"\s*[\r\n]+",
    r"\s+(?!\S)",
    r"\s+",
])


def load_ranks() -> list[bytes]:
    """The bytes of tokens 0 .. N_RANKS - 1."""
    with RANKS_FILE.open() as file:
        return [base64.b64decode(next(file).split()[0]) for _ in range(N_RANKS)]


TOKENS = load_ranks()
RANK = {token: rank for rank, token in enumerate(TOKENS)}
PIECES = regex.compile(SPLIT)


def merge(piece: bytes) -> list[int]:
    """Byte-pair encoding of one piece: always merge the adjacent pair of lowest rank."""
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while len(parts) > 1:
        rank, i = min((RANK.get(a + b, N_RANKS), i) for i, (a, b) in enumerate(zip(parts, parts[1:])))
        if rank == N_RANKS:
            break
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return [RANK[part] for part in parts]


known_pieces: dict[str, list[int]] = {}


def encode(text: str) -> list[int]:
    ids = []
    for piece in PIECES.findall(text):
        if piece not in known_pieces:
            if len(known_pieces) > 200_000:
                known_pieces.clear()
            known_pieces[piece] = merge(piece.encode())
        ids += known_pieces[piece]
    return ids


def decode(ids: list[int]) -> str:
    """Text with control tokens written out as <|name|>."""
    parts = [TOKENS[i] if i < N_RANKS else f"<|{CONTROL[i - N_RANKS]}|>".encode() for i in ids]
    return b"".join(parts).decode(errors="replace")


# ---- tokenizer.json --------------------------------------------------------------------------


def byte_letters() -> list[str]:
    """GPT-2's byte alphabet: a printable character for each byte."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {b: chr(b) for b in printable}
    for b in range(256):
        letters.setdefault(b, chr(0x100 + len(letters) - len(printable)))
    return [letters[b] for b in range(256)]


def tokenizer_json() -> str:
    """The file Hugging Face's tokenizers read: vocabulary, merges, split rule, control tokens."""
    letters = byte_letters()
    spell = lambda token: "".join(letters[b] for b in token)
    merges = []
    for token in TOKENS:                                        # every split into two tokens
        splits = [(token[:i], token[i:]) for i in range(1, len(token))]
        pairs = [(RANK[a], RANK[b]) for a, b in splits if a in RANK and b in RANK]
        merges += [[spell(TOKENS[a]), spell(TOKENS[b])] for a, b in sorted(pairs)]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
             "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
                  "use_regex": False}
    return json.dumps({
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": id, "content": f"<|{name}|>", **flags}
                         for name, id in CONTROL_ID.items()],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False},
            byte_level]},
        "post_processor": byte_level,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                    "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
                  "byte_fallback": False, "ignore_merges": True,
                  "vocab": {spell(token): rank for rank, token in enumerate(TOKENS)},
                  "merges": merges},
    }, indent=1, ensure_ascii=False) + "\n"
