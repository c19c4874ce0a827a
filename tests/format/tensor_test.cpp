#include "gptoss/format/tensor.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::format;

TEST_CASE("tensor: sizes of the dtypes", "[tensor]") {
    CHECK(dtype_bytes("U8") == 1);
    CHECK(dtype_bytes("BF16") == 2);
    CHECK(dtype_bytes("F32") == 4);
    CHECK(dtype_bytes("I64") == 8);
    CHECK(dtype_bytes("F4") == 0);
}

TEST_CASE("tensor: bytes of a shape", "[tensor]") {
    CHECK(checked_bytes({2, 3}, 4) == 24u);
    CHECK(checked_bytes({}, 4) == 4u);
    CHECK(checked_bytes({0, 5}, 4) == 0u);
    CHECK(shape_text({2, 3}) == "(2, 3)");
    CHECK(shape_text({}) == "()");
}

TEST_CASE("tensor: a product beyond 64 bits is nothing", "[tensor][errors]") {
    const std::int64_t two_to_the_62 = std::int64_t(1) << 62;
    CHECK(checked_bytes({two_to_the_62}, 2) == std::uint64_t(1) << 63);
    CHECK(checked_bytes({two_to_the_62}, 4) == std::nullopt);
    CHECK(checked_bytes({two_to_the_62, 4}, 1) == std::nullopt);
    CHECK(checked_bytes({-1}, 4) == std::nullopt);
}
