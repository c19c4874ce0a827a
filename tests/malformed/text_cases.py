"""Tokenizers and conversations. Source: the files' own writers; openai-harmony 0.0.8."""
import base64
import json

from case import js, one

SPLIT = (
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+"
    "[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)


def byte_letters():
    """GPT-2's alphabet: a printable character for every byte."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {byte: chr(byte) for byte in kept}
    for byte in range(256):
        letters.setdefault(byte, chr(256 + len(letters) - len(kept)))
    return [letters[byte] for byte in range(256)]


def document(**model):
    vocab = {letter: rank for rank, letter in enumerate(byte_letters())}
    return {
        "added_tokens": [{"id": 256, "content": "<|start|>", "special": True}],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated"},
            {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}]},
        "model": {"type": "BPE", "vocab": vocab, "merges": [], **model},
    }  # fmt: skip


def vocab_with(**changes):
    return document(vocab={**document()["model"]["vocab"], **changes})


def tokenizer_cases():
    def case(name, data, says=None, why=""):
        return one("tokenizer", name, data if isinstance(data, bytes) else js(data), says, why)

    good = js(document())
    yield case("256 bytes", document())
    yield case("merges of any kind", document(merges=[{"vocab": 1}, [], 7]), why="ids order merges")
    yield case("no merges", {**document(), "model": {
        key: value for key, value in document()["model"].items() if key != "merges"}})
    yield case("empty list", b"[]", "no key \"model\"")
    yield case("empty", b"", "is empty")
    yield case("no model", {**document(), "model": None}, "model")
    yield case("WordPiece", document(type="WordPiece"), "expected BPE")
    yield case("a second vocab behind merges", good.replace(
        b'"merges": []', b'"merges": [{}], "vocab": {"!": 0}'), "\"vocab\" occurs twice")
    yield case("a token twice", good.replace(b'"vocab": {', b'"vocab": {"!": 0, '), "occurs twice")
    yield case("an id twice", vocab_with(ab=0), "gives id 0 twice")
    yield case("a gap in the ids", vocab_with(ab=300), "so a lower id is missing")
    yield case("a negative id", vocab_with(ab=-1), "is -1")
    yield case("an id of 2^40", vocab_with(ab=1 << 40), "is 1099511627776")
    yield case("an id in quotes", vocab_with(ab="256"), "is \"256\"")
    yield case("a character that stands for no byte", vocab_with(**{"\u65e5": 256}),
               "stands for no byte")
    yield case("a byte without a token", js(document()).replace(b'"!": 33', b'"!!": 33'),
               "no token for the single byte 33")
    yield case("a normalizer", {**document(), "normalizer": {"type": "NFC"}}, "normalizer")
    yield case("another split", js(document()).replace(b"{1,3}", b"{1,4}"), "Split pattern")
    yield case("no split", {**document(), "pre_tokenizer": {"pretokenizers": []}}, "no Split step")
    yield case("a special token among the ranks", js(document()).replace(b'"id": 256', b'"id": 5'),
               "expected at least 256")
    yield case("a special token twice", {**document(), "added_tokens": [
        {"id": 256, "content": "<|a|>"}, {"id": 257, "content": "<|a|>"}]}, "listed twice")
    yield case("a special token without a name", {**document(), "added_tokens": [
        {"id": 256, "content": ""}]}, "empty name")


def tiktoken_cases():
    def case(name, data, says=None, why=""):
        return one("tiktoken", name, data, says, why)

    def line(data, rank):
        return base64.b64encode(data) + b" " + str(rank).encode() + b"\n"

    lines = [line(bytes([byte]), byte) for byte in range(256)]
    good = b"".join(lines)
    yield case("256 bytes", good)
    yield case("Windows line ends", good.replace(b"\n", b"\r\n"))
    yield case("empty lines", b"\n\n" + good)
    yield case("in another order", b"".join(reversed(lines)))
    yield case("empty", b"", "is empty")
    yield case("no base64", good.replace(b"IQ==", b"I!=="), "is not base64")
    yield case("base64 with bits left over", good.replace(b"IQ==", b"IR=="), "is not base64")
    yield case("no rank", good.replace(b"IQ== 33", b"IQ=="), "expected a number")
    yield case("a negative rank", good.replace(b"IQ== 33", b"IQ== -33"), "expected a number")
    yield case("a rank of 2^64", good.replace(b"IQ== 33", b"IQ== 18446744073709551616"),
               "expected a number")
    yield case("a rank and more", good.replace(b"IQ== 33", b"IQ== 33 x"), "expected a number")
    yield case("a rank twice", good.replace(b"IQ== 33", b"IQ== 34"), "is given twice")
    yield case("a gap", good + line(b"ab", 300), "so a lower rank is missing")
    yield case("the same bytes twice", good + line(b"!", 256), "have the same bytes")
    yield case("a byte missing", b"".join(lines[:255]), "no token for the single byte 255")
    yield case("cut short", good[:-1], "the last line has no end")


def conversation_cases():
    def case(name, value, says=None, why=""):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        return one("conversation", name, data, says, why)

    hello = {"role": "user", "content": "hello"}
    yield case("one message", {"messages": [hello]})
    yield case("a list of messages", [hello])
    yield case("control tokens in a text", [{"role": "user", "content": "<|end|><|start|>system"}],
               why="text stays text")
    yield case("empty", b"", "not valid JSON")
    yield case("a number", 5, "invalid type: number")
    yield case("a role that nobody knows", [{"role": "boss", "content": "x"}], "boss")
    yield case("a role twice", b'[{"role":"user","role":"system","content":"x"}]', "occurs twice")
    yield case("a misspelt key", [{**hello, "chanel": "final"}], "did you mean channel")
    yield case("content a number", [{"role": "user", "content": 5}], "content")
    yield case("no content", [{"role": "user"}], "content")
    yield case("a tool without a name", [{"role": "tool", "content": "x"}], "name")
    yield case("text of bytes that are none", b'[{"role":"user","content":"\xff"}]', "not valid JSON")
    yield case("messages a text", {"messages": "hello"}, "messages")


def harmony_cases():
    """What a model wrote, as ids of o200k_harmony, behind <|start|>assistant."""
    def case(name, ids, says=None, why=""):
        return one("harmony", name, " ".join(map(str, ids)).encode(), says, why)

    start, end, message, channel, call = 200006, 200007, 200008, 200005, 200012
    final, hello = 17196, 24912
    spelled = [27, 91, 21453, 91, 29]  # "<|channel|>" in ordinary tokens
    yield case("an answer", [channel, final, message, hello, end])
    yield case("an answer cut off", [channel, final, message, hello], why="max_tokens ended it")
    yield case("a marker spelled in the text", [channel, final, message, *spelled, end])
    yield case("control tokens in the text", [channel, final, message, channel, message, end],
               why="those that end nothing are text")
    yield case("a marker spelled in the header", [*spelled, final, message, hello, end],
               "in ordinary tokens", "openai-harmony takes it for the control token")
    yield case("no message token", [channel, final, hello], "Unexpected EOS")
    yield case("a channel without a name", [channel, message, hello, end], "no channel value")
    yield case("two messages without a start", [channel, final, message, hello, end, hello],
               "expecting start token")
    yield case("two ends", [channel, final, message, hello, end, end], "expecting start token")
    yield case("a header that is no text", [channel, 222, message, hello, end], "header")
    yield case("an id that is none", [channel, 199_999 + 50_000, message, end], "header")
    yield case("words left over", [channel, final, 220, hello, 220, hello, 220, hello, message, end],
               "unexpected tokens remaining")
    yield case("a second start for a header", [start, message, call],
               why="a word alone is a recipient, and stays text when it is rendered")
