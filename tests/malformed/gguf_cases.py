"""Source: ggml, docs/gguf.md; the limits of src/gguf.cpp."""
from case import one, u32, u64

U8, U32, BOOL, TEXT, LIST, U64 = 0, 4, 7, 8, 9, 10


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return u64(len(data)) + data


def key(name, type_id, value):
    return text(name) + u32(type_id) + value


def tensor(name, extents, type_id=0, offset=0):
    return text(name) + u32(len(extents)) + b"".join(u64(n) for n in extents) + u32(type_id) + u64(
        offset)


def packed(keys=(), tensors=(), data=b"", version=3, n_keys=None, n_tensors=None, alignment=32):
    head = b"GGUF" + u32(version)
    head += u64(len(tensors) if n_tensors is None else n_tensors)
    head += u64(len(keys) if n_keys is None else n_keys)
    head += b"".join(keys) + b"".join(tensors)
    return head + bytes(-len(head) % alignment) + data


NAME = key("general.name", TEXT, text("x"))
A = tensor("a", [4])


def case(name, data, says=None, why=""):
    return one("gguf", name, data, says, why)


def cases():
    yield case("one key and one tensor", packed([NAME], [A], bytes(16)))
    yield case("neither keys nor tensors", packed())
    yield case("version 2", packed([NAME], [A], bytes(16), version=2))
    yield case("a tensor without extents", packed([], [tensor("a", [])], bytes(4)),
               why="a single value")
    yield case("alignment 64", packed([key("general.alignment", U32, u32(64))], [A], bytes(16),
                                      alignment=64))
    yield case("padding behind a tensor", packed([], [A, tensor("b", [4], 0, 32)], bytes(48)))
    yield case("a hole between tensors", packed([], [A, tensor("b", [4], 0, 64)], bytes(80)),
               why="gguf.md asks for no tiling")
    yield case("an empty list", packed([key("k", LIST, u32(U32) + u64(0))]))
    yield case("MXFP4", packed([], [tensor("a", [32], 39)], bytes(17)))

    yield case("empty", b"", "is empty")
    yield case("another magic", b"GGML" + packed()[4:], "does not begin with")
    yield case("magic alone", b"GGUF", "is it cut short?")
    yield case("version 0", packed(version=0), "GGUF version 0")
    yield case("version 1", packed(version=1), "GGUF version 1", "had 32-bit counts")
    yield case("version 4", packed(version=4), "GGUF version 4")
    yield case("big-endian", packed(version=0x03000000), "is big-endian")
    yield case("cut short in the counts", packed()[:20], "is it cut short?")
    yield case("2^64 - 1 keys", packed(n_keys=(1 << 64) - 1), "is it cut short?")
    yield case("2^64 - 1 tensors", packed(n_tensors=(1 << 64) - 1), "is it cut short?")
    yield case("a key of 2^63 bytes", packed([u64(1 << 63)]), "is it cut short?")
    yield case("a text of 2^64 - 1 bytes", packed([key("k", TEXT, u64((1 << 64) - 1))]),
               "is it cut short?")
    yield case("a list of 2^62 numbers", packed([key("k", LIST, u32(U64) + u64(1 << 62))]),
               "is it cut short?")
    yield case("a list of 2^61 numbers, which wraps",
               packed([key("k", LIST, u32(U64) + u64(1 << 61))]), "is it cut short?")
    yield case("a key twice", packed([NAME, NAME]), "is there twice")
    yield case("type 13", packed([key("k", 13, b"")]), "has type 13, not known")
    yield case("a list of type 13", packed([key("k", LIST, u32(13) + u64(0))]), "not known")
    yield case("a list of lists", packed([key("k", LIST, u32(LIST) + u64(1) + u32(U8) + u64(0))]),
               "is a list of lists", "gguf.md allows them, no model has one")
    yield case("alignment 0", packed([key("general.alignment", U32, u32(0))]), "expected a power")
    yield case("alignment 24", packed([key("general.alignment", U32, u32(24))]), "expected a power")
    yield case("alignment a text", packed([key("general.alignment", TEXT, text("32"))]),
               "expected an integer")
    yield case("alignment 2^62", packed([key("general.alignment", U64, u64(1 << 62))], [A],
                                        bytes(16)), "is it cut short?")
    yield case("a tensor twice", packed([], [A, tensor("a", [4], 0, 32)], bytes(48)),
               "is there twice")
    yield case("five extents", packed([], [tensor("a", [1] * 5)], bytes(4)), "expected at most 4")
    yield case("2^32 - 1 extents", packed([], [text("a") + u32((1 << 32) - 1)]), "expected at most 4")
    yield case("an extent of 2^63", packed([], [tensor("a", [1 << 63])]), "has an extent of")
    yield case("a product that wraps", packed([], [tensor("a", [1 << 62, 1 << 62])]),
               "expected rows of whole blocks")
    yield case("ggml type 4", packed([], [tensor("a", [4], 4)], bytes(16)), "type 4, not known",
               "removed from ggml")
    yield case("ggml type 2^32 - 1", packed([], [tensor("a", [4], (1 << 32) - 1)]), "not known")
    yield case("a row of half a block", packed([], [tensor("a", [16], 39)], bytes(17)),
               "expected rows of whole blocks of 32")
    yield case("an offset that is not aligned", packed([], [tensor("a", [4], 0, 4)], bytes(20)),
               "expected a multiple of 32")
    yield case("an offset behind the file", packed([], [tensor("a", [4], 0, 1 << 20)], bytes(16)),
               "is it cut short?")
    yield case("an offset near 2^64", packed([], [tensor("a", [4], 0, (1 << 64) - 32)], bytes(16)),
               "is it cut short?")
    yield case("data cut short", packed([], [A], bytes(15)), "is it cut short?")
    yield case("two tensors share their bytes", packed([], [A, tensor("b", [4])], bytes(16)),
               "expected at least 16")
    yield case("two tensors overlap", packed([], [tensor("a", [16]), tensor("b", [4], 0, 32)],
                                             bytes(64)), "expected at least 64")
    yield case("cut short in a tensor", packed([], [A])[:40], "is it cut short?")
