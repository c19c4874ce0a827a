#include "gptoss/format/array.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"
#include "npy_bytes.hpp"

using namespace gptoss;
using namespace gptoss::format;
using gptoss::test::bytes_of;

namespace {

ArrayView array_of(const std::string& dtype, const Shape& shape, const std::string& bytes) {
    ArrayView array;
    array.tensor = {dtype, shape, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                    bytes.size()};
    return array;
}

}  // namespace

TEST_CASE("array: every float dtype of the same three numbers", "[array]") {
    const std::vector<float> expected = {1, -2, 0.5f};
    const std::string f32 = bytes_of<float>({1, -2, 0.5f});
    const std::string f64 = bytes_of<double>({1, -2, 0.5});
    const std::string f16 = bytes_of<std::uint16_t>({0x3C00, 0xC000, 0x3800});
    const std::string bf16 = bytes_of<std::uint16_t>({0x3F80, 0xC000, 0x3F00});
    CHECK(read_floats(array_of("F32", {3}, f32)) == expected);
    CHECK(read_floats(array_of("F64", {3}, f64)) == expected);
    CHECK(read_floats(array_of("F16", {3}, f16)) == expected);
    CHECK(read_floats(array_of("BF16", {3}, bf16)) == expected);
}

TEST_CASE("array: float64 is rounded to nearest", "[array]") {
    const std::string bytes = bytes_of<double>({0.1, 1e300});
    const std::vector<float> values = read_floats(array_of("F64", {2}, bytes));
    CHECK(values[0] == 0.1f);
    CHECK(values[1] > 3e38f);  // infinity
}

TEST_CASE("array: integers of both widths", "[array]") {
    const std::vector<std::int64_t> expected = {7, -1};
    const std::string i32 = bytes_of<std::int32_t>({7, -1});
    const std::string i64 = bytes_of<std::int64_t>({7, -1});
    CHECK(read_integers(array_of("I32", {2}, i32)) == expected);
    CHECK(read_integers(array_of("I64", {2}, i64)) == expected);
}

TEST_CASE("array: big endian is turned around", "[array]") {
    std::string bytes = bytes_of<float>({1.5f});
    std::reverse(bytes.begin(), bytes.end());
    ArrayView array = array_of("F32", {1}, bytes);
    array.big_endian = true;
    CHECK(read_floats(array) == std::vector<float>{1.5f});
}

TEST_CASE("array: Fortran order comes out row-major", "[array]") {
    // x[a, b, c] = 100 a + 10 b + c of shape (2, 3, 2), the first index contiguous.
    std::vector<float> stored, expected;
    for (int c = 0; c < 2; ++c) {
        for (int b = 0; b < 3; ++b) {
            for (int a = 0; a < 2; ++a) {
                stored.push_back(float(100 * a + 10 * b + c));
            }
        }
    }
    for (int a = 0; a < 2; ++a) {
        for (int b = 0; b < 3; ++b) {
            for (int c = 0; c < 2; ++c) {
                expected.push_back(float(100 * a + 10 * b + c));
            }
        }
    }
    const std::string bytes = bytes_of(stored);
    ArrayView array = array_of("F32", {2, 3, 2}, bytes);
    array.fortran_order = true;
    CHECK(read_floats(array) == expected);
}

TEST_CASE("array: nothing, and a single number", "[array]") {
    for (const bool fortran_order : {false, true}) {
        ArrayView none = array_of("F32", {3, 0}, "");
        none.fortran_order = fortran_order;
        CHECK(read_floats(none).empty());
        const std::string bytes = bytes_of<float>({4});
        ArrayView one = array_of("F32", {}, bytes);
        one.fortran_order = fortran_order;
        CHECK(read_floats(one) == std::vector<float>{4});
    }
}
