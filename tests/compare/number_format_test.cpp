#include "gptoss/compare/number_format.hpp"

#include <limits>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::dump;

namespace {

const std::vector<float> kFloat32{1.1f, 2.3f, -0.7f}, kBf16{1.1015625f, 2.296875f, -0.69921875f},
    kFloat16{1.099609375f, 2.30078125f, -0.7001953125f};

Dump dump_with(const std::vector<float>& values) {
    Dump dump;
    dump.sites[{Site::embedding, kNoLayer}] = {{1, 3}, kBf16, {}};
    dump.sites[{Site::logits, kNoLayer}] = {{1, 3}, values, {}};
    return dump;
}

}  // namespace

TEST_CASE("number format: 8, 11 and 24 significant bits", "[number_format]") {
    CHECK(number_format(kFloat32) == NumberFormat::float32);
    CHECK(number_format(kBf16) == NumberFormat::bf16);
    CHECK(number_format(kFloat16) == NumberFormat::float16);
    CHECK(number_format({1e6f, 3e38f}) == NumberFormat::float32);     // 1e6 has 14 bits
    CHECK(number_format({0x1p20f, 0x1p100f}) == NumberFormat::bf16);  // no float16 is so large
    const float infinity = std::numeric_limits<float>::infinity();
    CHECK(number_format({1.099609375f, -infinity}) == NumberFormat::float16);
}

TEST_CASE("number format: one in a hundred may be another number", "[number_format]") {
    std::vector<float> values(200, kFloat16[0]);
    values[7] = kFloat32[0];
    CHECK(number_format(values) == NumberFormat::float16);
    values[8] = values[9] = kFloat32[0];
    CHECK(number_format(values) == NumberFormat::float32);
}

TEST_CASE("number format: the embedding of a dump says nothing", "[number_format]") {
    CHECK(number_format_of(dump_with(kFloat32)) == NumberFormat::float32);
    CHECK(number_format_of(dump_with(kBf16)) == NumberFormat::bf16);
    CHECK(number_format_of(dump_with(kFloat16)) == NumberFormat::float16);
    CHECK(number_format_of(dump_with({})) == NumberFormat::float32);
}
