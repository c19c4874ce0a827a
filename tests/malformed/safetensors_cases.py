"""Source: the safetensors format description (README, "Format") and the library's Metadata::validate."""
from case import Case, js, one, u64

A = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
DATA = bytes(8)


def packed(header, data=DATA, length=None):
    text = header if isinstance(header, bytes) else js(header)
    return u64(len(text) if length is None else length) + text + data


def entry(**changes):
    """The header of one tensor with some of its members changed; None removes one."""
    merged = {**A, **changes}
    return {"a": {key: value for key, value in merged.items() if value is not None}}


def two(begin, end, n_bytes, first_end=8):
    return packed({"a": {**A, "data_offsets": [0, first_end]},
                   "b": {**A, "data_offsets": [begin, end]}}, bytes(n_bytes))


def case(name, data, says=None, why=""):
    return one("safetensors", name, data, says, why)


def cases():
    good = js({"a": A})
    yield case("one tensor", packed({"a": A}))
    yield case("no tensors", packed({}, b""))
    yield case("no tensors, but metadata", packed({"__metadata__": {"format": "pt"}}, b""))
    yield case("a tensor without elements", packed(entry(shape=[0, 4], data_offsets=[0, 0]), b""))
    yield case("a scalar", packed(entry(shape=[], data_offsets=[0, 4]), bytes(4)))
    yield case("header padded with spaces", packed(good + b"   "))
    yield case("data that is not aligned", packed(good + b" "), why="alignment is advice only")
    yield case("header not in the order of the data", packed(
        {"b": {**A, "data_offsets": [8, 16]}, "a": A}, bytes(16)))
    yield case("float8", packed(entry(dtype="F8_E4M3", shape=[8])))
    yield case("an empty name", packed({"": A}), why="any JSON key is a name")
    yield case("a name with a NUL and a line feed", packed({"a\u0000\n": A}))
    yield case("a name of 10,000 characters", packed({"a" * 10000: A}))
    yield case("a key twice in spelling only", packed(
        {"a": A, "A": {**A, "data_offsets": [8, 16]}}, bytes(16)))
    yield case("a member that nobody knows", packed(entry(note=1)), why="readers skip it")
    yield case("rank 64", packed(entry(shape=[1] * 63 + [2])))

    yield case("empty", b"", "is empty")
    yield case("seven bytes", b"\0" * 7, "has 7 bytes, expected at least 8")
    yield case("a length and nothing else", u64(2), "is it cut short?")
    yield case("header length 0", u64(0), "header of 0 bytes")
    yield case("header longer than the file", packed({"a": A}, b"", 1000), "is it cut short?")
    yield case("header length 2^63", packed({"a": A}, b"", 1 << 63), "header of 9223372036854775808")
    yield case("header length 2^64 - 1", packed({"a": A}, b"", (1 << 64) - 1), "would be a header of")
    yield case("header length over 100 MB", packed({"a": A}, b"", 100_000_001), "header of 100000001")
    yield case("header cut short", packed(good, DATA, len(good) - 3), "not valid JSON")
    yield case("header a list", packed(b"[1]"), "does not begin with '{'")
    yield case("header begins with a space", packed(b" " + good), "does not begin with '{'")
    yield case("header with a byte order mark", packed(b"\xef\xbb\xbf" + good), "begin with '{'")
    yield case("header padded with NUL", packed(good + b"\0"), "not valid JSON")
    yield case("two headers", packed(good + good), "not valid JSON")
    yield case("bytes that are no UTF-8", packed(good.replace(b'"a"', b'"\xff"')), "not valid JSON")
    yield case("half a surrogate pair", packed(good.replace(b'"a"', b'"\\ud800"')), "not valid JSON")
    yield case("a comment", packed(good.replace(b"{", b"{/**/", 1)), "not valid JSON")
    yield case("NaN", packed(good.replace(b"[2]", b"[NaN]")), "not valid JSON")
    yield case("100,000 open lists", packed(b'{"a":' + b"[" * 100_000), "nested deeper than 128")
    yield case("a name twice", packed(b'{"a":' + js(A) + b',"a":' + js(A) + b"}"), "occurs twice")
    yield case("a name twice, once as an escape", packed(
        b'{"a":' + js(A) + b',"\\u0061":' + js(A) + b"}"), "occurs twice")
    yield case("a member twice", packed(good.replace(b'"shape"', b'"dtype": "F32", "shape"')),
               "occurs twice")
    yield case("a member twice behind an empty object", packed(
        good.replace(b'"shape"', b'"x": [{}], "dtype": "F16", "shape"')), "occurs twice")
    yield case("a tensor that is a number", packed({"a": 1}), "is not an object")
    yield case("a tensor that is null", packed({"a": None}), "is not an object")

    yield case("no dtype", packed(entry(dtype=None)), "has no dtype")
    yield case("dtype a number", packed(entry(dtype=32)), "dtype is 32, expected text")
    yield case("dtype unknown", packed(entry(dtype="F31")), "not known")
    yield case("dtype in lower case", packed(entry(dtype="f32")), "not known")
    yield case("no shape", packed(entry(shape=None)), "has no shape")
    yield case("shape a number", packed(entry(shape=2)), "expected a list")
    yield case("a negative extent", packed(entry(shape=[-2])), "expected counts")
    yield case("a fractional extent", packed(entry(shape=[2.5])), "expected counts")
    yield case("an extent written 2.0", packed(entry(shape=[2.0])), "expected counts")
    yield case("an extent in quotes", packed(entry(shape=["2"])), "expected counts")
    yield case("an extent of 2^63", packed(entry(shape=[1 << 63])), "expected counts")
    yield case("an extent of 2^64", packed(entry(shape=[1 << 64])), "expected counts")
    yield case("a product of 2^64", packed(entry(shape=[1 << 32, 1 << 32])), "does not fit")
    yield case("a product that wraps to the right size",
               packed(entry(shape=[(1 << 62) + 1, 8], data_offsets=[0, 32]), bytes(32)),
               "does not fit")
    yield case("rank 65", packed(entry(shape=[1] * 64 + [2])), "expected at most 64",
               "numpy's limit")

    yield case("no offsets", packed(entry(data_offsets=None)), "has no data_offsets")
    yield case("one offset", packed(entry(data_offsets=[0])), "expected two counts")
    yield case("three offsets", packed(entry(data_offsets=[0, 8, 8])), "expected two counts")
    yield case("a negative offset", packed(entry(data_offsets=[-8, 0])), "expected two counts")
    yield case("offsets that fall", packed(entry(data_offsets=[8, 0])), "expected begin <= end")
    yield case("offsets behind the file", packed(entry(data_offsets=[8, 16])), "is it cut short?")
    yield case("offsets of 2^64 - 1", packed(entry(data_offsets=[0, (1 << 64) - 1])),
               "is it cut short?")
    yield case("fewer bytes than the shape", packed(entry(data_offsets=[0, 4]), bytes(4)),
               "does not fit")
    yield case("more bytes than the shape", packed(entry(data_offsets=[0, 16]), bytes(16)),
               "does not fit")
    yield case("data cut short", packed({"a": A}, bytes(7)), "is it cut short?")
    yield case("a byte behind the data", packed({"a": A}, bytes(9)), "expected the end of the data")
    yield case("two tensors share their bytes", two(0, 8, 8), "begins at 0, expected 8")
    yield case("two tensors overlap", two(4, 12, 12), "begins at 4, expected 8")
    yield case("a hole between tensors", two(12, 20, 20), "begins at 12, expected 8")
    yield case("a hole in front", packed(entry(data_offsets=[4, 12]), bytes(12)), "expected 0")
    yield case("data without tensors", packed({}, bytes(8)), "expected the end of the data, 8")

    yield case("metadata a list", packed({"__metadata__": [], "a": A}), "is not an object")
    yield case("metadata null", packed({"__metadata__": None, "a": A}), "is not an object")
    yield case("metadata with a number", packed({"__metadata__": {"n": 1}, "a": A}),
               "is not a string")
    yield case("metadata with a key twice", packed(
        b'{"__metadata__":{"k":"1","k":"2"},"a":' + js(A) + b"}"), "occurs twice")

    yield case("a Git LFS pointer", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer")
    yield case("a web page", b"<!DOCTYPE html><html></html>", "a web page")
    yield case("gzip", b"\x1f\x8b\x08\0" + bytes(20), "compressed with gzip")
    yield case("a PyTorch file", b"PK\x03\x04" + bytes(40), "a PyTorch file")
    yield case("GGUF", b"GGUF" + bytes(40), "a GGUF file")


def index_cases():
    """A folder with shards: Hugging Face's model.safetensors.index.json."""
    from config_cases import SMALL

    shard = packed({"a": A})

    def folder(name, index, says=None, why="", **shards):
        files = {"config.json": js(SMALL), "model.safetensors.index.json": index}
        files.update({key.replace("_", "-") + ".safetensors": data for key, data in shards.items()})
        return Case("index", name, files, says, why)

    one_map = js({"weight_map": {"a": "m-1.safetensors"}})
    yield folder("one shard", one_map, m_1=shard)
    yield folder("a shard in this folder, ./", js({"weight_map": {"a": "./m-1.safetensors"}}),
                 m_1=shard)
    yield folder("a shard beside it that is not named", one_map, m_1=shard, m_2=shard)
    yield folder("empty", b"", "not valid JSON")
    yield folder("a list", b"[]", "has no weight_map")
    yield folder("no weight_map", b"{}", "has no weight_map")
    yield folder("weight_map a list", js({"weight_map": []}), "has no weight_map")
    yield folder("a tensor twice", b'{"weight_map":{"a":"m-1.safetensors","a":"m-2.safetensors"}}',
                 "occurs twice", m_1=shard, m_2=shard)
    yield folder("a shard above the folder", js({"weight_map": {"a": "../m-1.safetensors"}}),
                 "expected a plain file name")
    yield folder("a shard anywhere", js({"weight_map": {"a": "/etc/passwd"}}),
                 "expected a plain file name")
    yield folder("a shard below the folder", js({"weight_map": {"a": "x/m-1.safetensors"}}),
                 "expected a plain file name")
    yield folder("a shard that is the parent", js({"weight_map": {"a": ".."}}),
                 "expected a plain file name")
    yield folder("a shard that is a number", js({"weight_map": {"a": 1}}),
                 "expected a plain file name")
    yield folder("a shard that is not there", one_map, "is missing, expected 1 tensors")
    yield folder("a tensor that is not in its shard", js({"weight_map": {"b": "m-1.safetensors"}}),
                 "is missing, expected here", m_1=shard)
