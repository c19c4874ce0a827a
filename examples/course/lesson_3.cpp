// Lesson 3, numbers: BF16 and MXFP4.
#include <bit>

#include "adapt_numbers.hpp"
#include "functions.hpp"
#include "in_model.hpp"
#include "lessons.hpp"

namespace gptoss::course {
namespace {

using ToBf16 = Remote<"float_to_bf16", &float_to_bf16_of>;
using DecodeBlock = Remote<"mxfp4_decode_block", &mxfp4_decode_block_of>;
using Bytes = std::vector<std::uint8_t>;

// A NaN's payload is its own affair.
double bits_of(float value) {
    const std::uint16_t bits = ToBf16::call(value);
    const bool is_nan = (bits & 0x7FFF) > 0x7F80;
    return is_nan ? 0x7FC0 : bits;
}

Numbers hidden_bf16(Random& random) {
    Numbers bits;
    for (int n = 0; n < 8; ++n) {
        const std::uint32_t any = std::uint32_t(random.word());
        const std::uint32_t halfway = (any & 0xFFFF0000u) | 0x8000u;
        bits.push_back(bits_of(std::bit_cast<float>(n % 2 == 0 ? any : halfway)));
    }
    return bits;
}

// Everything that two layers of a model compute, as bf16 would keep it.
Numbers rounded_run() {
    Numbers bits;
    for (const auto& [key, activation] : right_run(pitfalls::kOnePass).sites) {
        for (std::size_t i = 0; i < activation.values.size() && i < 20; ++i) {
            bits.push_back(bits_of(activation.values[i]));
        }
    }
    return bits;
}

Numbers decoded(const Bytes& codes, std::uint8_t scale) {
    Floats weights = unwritten(32);
    DecodeBlock::call(codes, scale, {weights.data(), 32});
    return numbers(weights);
}

// The first two bytes, and 14 of zeros.
Numbers decoded(std::uint8_t first, std::uint8_t second, std::uint8_t scale) {
    Bytes codes(16, 0);
    codes[0] = first;
    codes[1] = second;
    return decoded(codes, scale);
}

Numbers hidden_block(Random& random) {
    return decoded(random.bytes(16, 0, 255), std::uint8_t(random.between(100, 150)));
}

Numbers block(Numbers first, double rest = 0) {
    first.resize(32, rest);
    return first;
}

}  // namespace

std::vector<Exercise> lesson_3() {
    std::vector<WorkedCase> bf16{
        {"1 is 0x3F80 = 16256", {0x3F80}, [] { return Numbers{bits_of(1)}; }},
        {"-2.5 is 0xC020 = 49184: nothing is lost",
         {0xC020},
         [] { return Numbers{bits_of(-2.5f)}; }},
        {"3.14159 lies nearest to 0x4049 = 16457",
         {0x4049},
         [] { return Numbers{bits_of(3.14159f)}; }},
        {"1.0078 is nearer to 0x3F81 = 16257 than to 0x3F80",
         {0x3F81},
         [] { return Numbers{bits_of(1.0078f)}; }},
        {"1 + 2^-8 is halfway: the even one, 0x3F80 = 16256",
         {0x3F80},
         [] { return Numbers{bits_of(1.00390625f)}; }},
        {"1 + 3 * 2^-8 is halfway: the even one, 0x3F82 = 16258",
         {0x3F82},
         [] { return Numbers{bits_of(1.01171875f)}; }},
        {"a NaN whose upper bits are those of infinity stays a NaN",
         {0x7FC0},
         [] { return Numbers{bits_of(std::bit_cast<float>(0x7F800001u))}; }},
    };
    std::vector<WorkedCase> decode{
        {"0x77 at scale 127: twice 6", block({6, 6}), [] { return decoded(0x77, 0, 127); }},
        {"0x21: the low nibble, 1, comes first: 0.5, then 1", block({0.5, 1}),
         [] { return decoded(0x21, 0, 127); }},
        {"0x9F, 0xC5: signs: -6, -0.5, 3, -2", block({-6, -0.5, 3, -2}),
         [] { return decoded(0x9F, 0xC5, 127); }},
        {"scale 129 is 2^2: 4 and 4", block({4, 4}), [] { return decoded(0x22, 0, 129); }},
        {"scale 120 is 2^-7: all of 16 bytes", block({}, 1.0 / 128),
         [] { return decoded(Bytes(16, 0x22), 120); }},
        {"scale 0 is 2^-127, a subnormal", block({0x1p-127, 0x1p-127}),
         [] { return decoded(0x22, 0, 0); }},
    };
    return {{"float_to_bf16", bf16, hidden_bf16, rounded_run, "activations of a model"},
            {"mxfp4_decode_block", decode, hidden_block}};
}

}  // namespace gptoss::course
