// Headers are those that numpy 2.4.6 writes, if the case does not damage them.
#include "gptoss/format/npy.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "npy_bytes.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::test;

namespace {

const std::string kHeader = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n";
const std::string kData = bytes_of<float>({0, 1, 2, 3, 4, 5});

NpyArray read(const std::string& bytes) {
    return read_npy("x.npy", reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string complaint(const std::string& bytes) {
    try {
        read(bytes);
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

std::string refusal(const std::string& descr) {
    return read(npy_bytes(descr, "(2,)", "12345678")).refusal;
}

}  // namespace

TEST_CASE("npy: all three versions of the header", "[npy]") {
    for (const int major : {1, 2, 3}) {
        const std::string bytes = npy_with_header(kHeader, kData, major);
        const NpyArray npy = read(bytes);
        CHECK(npy.descr == "<f4");
        CHECK(npy.array.tensor.dtype == "F32");
        CHECK(npy.array.tensor.shape == Shape{2, 3});
        CHECK(npy.refusal == "");
        CHECK(read_floats(npy.array) == std::vector<float>{0, 1, 2, 3, 4, 5});
    }
}

TEST_CASE("npy: a Fortran-ordered, big-endian float64 array of numpy's own", "[npy]") {
    // numpy.save of numpy.asfortranarray(numpy.arange(6).reshape(2, 3).astype(">f8"))
    const std::string data = from_hex(
        "000000000000000040080000000000003ff0000000000000401000000000000040000000000000004014000000"
        "000000");
    const std::string bytes = npy_bytes(">f8", "(2, 3)", data, true);
    CHECK(read_floats(read(bytes).array) == std::vector<float>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("npy: the dtypes that are read", "[npy]") {
    CHECK(npy_dtype("<f2") == "F16");
    CHECK(npy_dtype(">f4") == "F32");
    CHECK(npy_dtype("=f8") == "F64");
    CHECK(npy_dtype("<i4") == "I32");
    CHECK(npy_dtype("<i8") == "I64");
    CHECK(npy_dtype("<u4") == "");
    CHECK(npy_dtype("") == "");
    CHECK(npy_dtype("f") == "");
}

TEST_CASE("npy: shapes with no, one and more extents", "[npy]") {
    CHECK(read(npy_bytes("<f4", "()", "1234")).array.tensor.shape.empty());
    CHECK(read(npy_bytes("<f4", "(2,)", "12345678")).array.tensor.shape == Shape{2});
    CHECK(read(npy_bytes("<f4", "(1, 0, 3)", "")).array.tensor.shape == Shape{1, 0, 3});
}

TEST_CASE("npy: what is not read says what to save instead", "[npy][errors]") {
    CHECK(refusal("|O") ==
          "dtype is \"|O\", Python objects; save numbers: "
          "numpy.save(f, x.astype(numpy.float32))");
    CHECK_THAT(refusal("|V2"), ContainsSubstring("if it is bfloat16, save x.astype"));
    CHECK_THAT(refusal("<V2"), ContainsSubstring("if it is bfloat16"));
    CHECK_THAT(refusal("<u2"), StartsWith("dtype is \"<u2\", expected f2, f4, f8, i4 or i8"));
    CHECK_THAT(refusal("<c8"), ContainsSubstring("expected f2"));
    CHECK_THAT(refusal("|b1"), ContainsSubstring("expected f2"));
    const std::string structured =
        "{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (2,), }\n";
    CHECK_THAT(read(npy_with_header(structured, "")).refusal, ContainsSubstring("expected f2"));
}

TEST_CASE("npy: cut short or with something behind it", "[npy][errors]") {
    const std::string whole = npy_with_header(kHeader, kData);
    CHECK(complaint(whole.substr(0, whole.size() - 1)) ==
          "x.npy: holds 23 bytes of data, which does not fit \"<f4\" (2, 3); is it cut short?");
    CHECK_THAT(complaint(whole + whole), EndsWith("is a second array behind the first?"));
    CHECK(complaint(whole.substr(0, 40)) ==
          "x.npy: npy header has 63 bytes, the file 40; is it cut short?");
    for (std::size_t n = 0; n < whole.size(); ++n) {
        CHECK(complaint(whole.substr(0, n)) != "none");
    }
}

TEST_CASE("npy: an extent beyond all bounds", "[npy][errors]") {
    CHECK_THAT(complaint(npy_bytes("<f4", "(4294967296, 4294967296, 4)", kData)),
               ContainsSubstring("does not fit"));
    CHECK_THAT(complaint(npy_bytes("<f4", "(99999999999999999999,)", kData)),
               ContainsSubstring("an extent beyond 10^17"));
    CHECK_THAT(complaint(npy_bytes("<f4", "(-1,)", kData)), ContainsSubstring("no list of counts"));
}

TEST_CASE("npy: more extents than any array has", "[npy][errors]") {
    std::string extents;
    for (std::size_t axis = 0; axis < kMaxRank; ++axis)
        extents += "1, ";
    CHECK(read(npy_bytes("<f4", "(" + extents + ")", "1234")).array.tensor.shape.size() == 64);
    CHECK_THROWS_WITH(read(npy_bytes("<f4", "(" + extents + "1,)", "1234")),
                      ContainsSubstring("has a shape of more than 64 extents"));
}

TEST_CASE("npy: a header that is no such dict", "[npy][errors]") {
    const auto complaint_about = [](const std::string& header) {
        return complaint(npy_with_header(header, kData));
    };
    CHECK_THAT(complaint_about(""), ContainsSubstring("has no '{'"));
    CHECK_THAT(complaint_about("{}"), ContainsSubstring("lacks descr, fortran_order or shape"));
    CHECK_THAT(complaint_about("{'descr': '<f4', }"), ContainsSubstring("lacks"));
    CHECK_THAT(complaint_about("{'colour': 'red'}"), ContainsSubstring("has the key \"colour\""));
    CHECK_THAT(complaint_about("{'descr: 1}"), ContainsSubstring("a text without an end"));
    CHECK_THAT(complaint_about("{'descr': [[[}"), ContainsSubstring("a list without an end"));
    CHECK_THAT(complaint_about("{'fortran_order': Maybe}"), ContainsSubstring("True or False"));
    CHECK_THAT(complaint_about("{'shape': (2 3)}"), ContainsSubstring("has no ','"));
    CHECK(complaint("PK not numpy") == "x.npy: is no npy array: does not begin with \\x93NUMPY");
    CHECK(complaint(npy_with_header(kHeader, kData, 4)) ==
          "x.npy: npy version is 4, expected 1 to 3");
}

TEST_CASE("npy: any byte of the header may be wrong", "[npy][errors]") {
    const std::string whole = npy_with_header(kHeader, kData);
    for (std::size_t place = 0; place < 10 + kHeader.size(); ++place) {
        for (const char damage : {'\0', '9', '(', '\'', '\xFF'}) {
            std::string bytes = whole;
            bytes[place] = damage;
            complaint(bytes);  // an error or not, but nothing else
        }
    }
    SUCCEED();
}

TEST_CASE("npy: a file is mapped, and stays so", "[npy]") {
    const TempFolder folder;
    write_bytes(folder / "x.npy", npy_with_header(kHeader, kData));
    const NpyArray npy = open_npy(folder / "x.npy");
    CHECK(read_floats(npy.array).back() == 5);
}
