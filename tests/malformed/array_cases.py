"""npy, zip and dumps. Source: NumPy Enhancement Proposal 1; PKWARE's APPNOTE.TXT 6.3.10; docs/dump.md."""
import struct
import zlib

from case import Case, js, one, u16, u32
from safetensors_cases import packed as safetensors

MAGIC = b"\x93NUMPY"


def npy(descr="'<f4'", shape="(2,)", data=bytes(8), fortran="False", header=None, major=1):
    text = (header or f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}").encode()
    length = u16(len(text)) if major == 1 else u32(len(text))
    return MAGIC + bytes([major, 0]) + length + text + data


def npy_cases():
    def case(name, data, says=None, why=""):
        return one("npy", name, data, says, why)

    yield case("two floats", npy())
    yield case("version 2", npy(major=2))
    yield case("version 3", npy(major=3))
    yield case("a single value", npy(shape="()", data=bytes(4)))
    yield case("no elements", npy(shape="(0, 3)", data=b""))
    yield case("Fortran order", npy(shape="(1, 2)", fortran="True"))
    yield case("big-endian", npy(descr="'>f4'"))
    yield case("rank 64", npy(shape="(" + "1, " * 63 + "2)"))
    yield case("empty", b"", "is empty")
    yield case("magic alone", MAGIC, "is no npy array")
    yield case("version 4", npy(major=4), "npy version is 4")
    yield case("version 0", npy(major=0), "npy version is 0")
    yield case("header longer than the file", npy()[:40], "is it cut short?")
    yield case("no dict", npy(header="[]"), "has no '{'")
    yield case("no shape", npy(header="{'descr': '<f4', 'fortran_order': False}"), "lacks descr")
    yield case("another key", npy(header="{'x': 1}"), "has the key")
    yield case("a negative extent", npy(shape="(-2,)"), "no list of counts")
    yield case("an extent of 10^30", npy(shape="(1" + "0" * 30 + ",)"), "beyond 10^17")
    yield case("a product that wraps", npy(shape="(65536, 65536, 65536, 65536)", data=b""),
               "does not fit")
    yield case("rank 65", npy(shape="(" + "1, " * 64 + "2)"), "more than 64 extents")
    yield case("data cut short", npy(data=bytes(7)), "is it cut short?")
    yield case("a second array behind the first", npy(data=bytes(16)), "a second array")
    yield case("Python objects", npy(descr="'|O'"), "Python objects", "a pickle, which runs code")
    yield case("a pickle behind objects", npy(descr="'|O'", data=b"\x80\x04."), "Python objects")
    yield case("a structure", npy(descr="[('a', '<f4')]"), "expected f2")
    yield case("uint16", npy(descr="'<u2'", data=bytes(4)), "expected f2", "bf16 bits, or counts")


def member(name, data, offset, method=0, crc=None, size=None, stored=None, flags=0, header=None):
    """The local header and data of a member, and its directory entry."""
    crc = zlib.crc32(data) if crc is None else crc
    size = len(data) if size is None else size
    stored = size if stored is None else stored
    common = struct.pack("<HHHIIIIHH", 20, flags, method, 0, crc, stored, size, len(name), 0)
    local = b"PK\x03\x04" + common + name + data
    where = offset if header is None else header
    directory = b"PK\x01\x02" + u16(20) + common + struct.pack("<HHHII", 0, 0, 0, 0, where) + name
    return local, directory


def archive(members, n_members=None, disk=0, comment=b""):
    data, directory = b"", b""
    for each in members:
        local, entry = member(offset=len(data), **each)
        data, directory = data + local, directory + entry
    count = len(members) if n_members is None else n_members
    end = struct.pack("<HHHHIIH", disk, disk, count, count, len(directory), len(data), len(comment))
    return data + directory + b"PK\x05\x06" + end + comment


def zip_cases():
    def case(name, data, says=None, why=""):
        return one("zip", name, data, says, why)

    a, b = {"name": b"a.npy", "data": b"first"}, {"name": b"b.npy", "data": b"the second"}
    good = archive([a, b])
    yield case("two members", good)
    yield case("no members", archive([]))
    yield case("a comment", archive([a, b], comment=b"hello"))
    yield case("bytes in front of a member", archive([a, {**b}]), why="padding aligns arrays")
    yield case("empty", b"", "is empty")
    yield case("cut short", good[:-1], "no directory at its end")
    yield case("no zip", b"PK" + bytes(60), "no directory at its end")
    yield case("a name twice", archive([a, a]), "occurs twice")
    yield case("another checksum", archive([{**a, "crc": 1}]), "another checksum")
    yield case("two members share their bytes", archive([a, {**b, "header": 0}]), "overlaps")
    yield case("a member reaches into the next", archive([{**a, "size": 60}, b]), "overlaps")
    yield case("a member reaches into the directory", archive([{**a, "size": 8}]),
               "overlaps the zip directory")
    yield case("a thousand names for the same bytes", archive(
        [a, *({"name": f"{n}".encode(), "data": b"", "header": 0} for n in range(1000))]), "overlaps")
    yield case("a size beyond the file", archive([{**a, "size": 9999}]), "more than the zip holds")
    yield case("a place beyond the file", archive([{**a, "header": 1 << 30}]), "cut short or damaged")
    yield case("a place that is no header", archive([{**a, "header": 4}]), "is not where")
    yield case("deflated", archive([{**a, "method": 8}]), "is compressed")
    yield case("encrypted", archive([{**a, "flags": 1}]), "is encrypted")
    yield case("one of several disks", archive([a], disk=1), "several disks")
    yield case("more members than there are", archive([a], n_members=5), "zip directory is damaged")


def dump_cases():
    def case(name, header, data=b"", says=None, why=""):
        return one("dump", name, safetensors(header, data), says, why)

    def meta(**metadata):
        return {"__metadata__": metadata}

    site = {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}
    yield case("one site", {"embedding": site, **meta(tokens="[1]")}, bytes(8))
    yield case("a name that is no site", {"x": site}, bytes(8), why="listed, not compared")
    yield case("a site of bytes", {"embedding": {**site, "dtype": "U8", "data_offsets": [0, 2]}},
               bytes(2), why="kept with a refusal, which compare says")
    yield case("a site without data", {"embedding": {**site, "shape": [1 << 40, 0],
                                                     "data_offsets": [0, 0]}},
               why="claims tokens that take no memory")
    yield case("tokens that are no JSON", meta(tokens="[1"), says="not valid JSON")
    yield case("tokens an object", meta(tokens="{}"), says="no list of token ids")
    yield case("tokens with a negative id", meta(tokens="[-1]"), says="expected token ids")
    yield case("tokens with 2^31", meta(tokens="[2147483648]"), says="expected token ids")
    yield case("tokens with a fraction", meta(tokens="[1.5]"), says="expected token ids")
    yield case("first_row beyond the tokens", meta(tokens="[1]", first_row="1"), says="first_row")
    yield case("first_row without tokens", meta(first_row="0"), says="first_row")
    yield case("a config that is none", meta(config="{}"), says="metadata config")
    yield case("edited a text", meta(edited='"x"'), says="no list of names")
    yield case("tokens of two extents", {"tokens": {"dtype": "I32", "shape": [2, 2],
                                                    "data_offsets": [0, 16]}}, bytes(16),
               "expected I32 or I64")
    yield case("tokens of floats", {"tokens": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}},
               bytes(8), "expected I32 or I64")
    yield case("ids beyond 32 bits", {"tokens": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}},
               b"\xff" * 7 + b"\x7f", "expected an id")
    yield one("dump", "one array", npy(), "is one array")
    yield one("dump", "a compressed archive", archive(
        [{"name": b"embedding.npy", "data": npy(), "method": 8}]), "is compressed")
    yield one("dump", "an archive with something else", archive(
        [{"name": b"data.pkl", "data": b"\x80\x04."}]), "expected .npy arrays")
    yield Case("dump", "an empty folder", {"readme.txt": b"x"}, "has no .npy files")
    yield Case("dump", "a folder of arrays", {"embedding.npy": npy(shape="(1, 2)"),
                                              "config.json": js({}) and b"{"}, "not valid JSON")
