#include "gptoss/core/generator.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/core/mxfp4.hpp"

using namespace gptoss;

namespace {

// The first bytes of a tensor's stream under seed 1.
std::vector<std::uint8_t> stream(const std::string& name, std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    generate_bytes(generator_key(1, name), 0, count, bytes.data());
    return bytes;
}

std::uint64_t hash_of(const std::vector<std::uint8_t>& bytes) {
    return fnv1a({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

TEST_CASE("generator: the mixer and the hash against published values", "[generator]") {
    CHECK(mix(0) == 0);
    CHECK(mix(1) == 0x5692161d100b05e5);
    CHECK(mix(kGoldenGamma) == 0xe220a8397b1dcdaf);  // splitmix64 from state 0
    CHECK(fnv1a("") == 0xcbf29ce484222325);
    CHECK(fnv1a("a") == 0xaf63dc4c8601ec8c);
    CHECK(fnv1a("foobar") == 0x85944171f73967e8);
    CHECK(fnv1a("bar", fnv1a("foo")) == fnv1a("foobar"));
}

TEST_CASE("generator: half_log2 of the fan-ins that occur", "[generator]") {
    CHECK(half_log2(2880) == 5);
    CHECK(half_log2(4096) == 6);
    CHECK(half_log2(64) == 3);
    CHECK(half_log2(32) == 2);
    CHECK(half_log2(1) == 0);
}

TEST_CASE("generator: uniform values are odd multiples of 2^(p - 8)", "[generator]") {
    CHECK(uniform_value(0x00, 0) == 1.0f / 256);
    CHECK(uniform_value(0xFF, 0) == -1.0f / 256);
    CHECK(uniform_value(0x7F, 0) == 255.0f / 256);
    CHECK(uniform_value(0x80, 0) == -255.0f / 256);
    CHECK(uniform_value(0x00, 3) == 8.0f / 256);
}

TEST_CASE("generator: every value is exact in BF16", "[generator]") {
    for (int byte = 0; byte < 256; ++byte) {
        const float uniform = uniform_value(std::uint8_t(byte), -5);
        const float gain = norm_gain_value(std::uint8_t(byte));
        CHECK(round_to_bf16(uniform) == uniform);
        CHECK(round_to_bf16(gain) == gain);
        CHECK(gain >= 0.75f);
        CHECK(gain <= 1.2421875f);
    }
}

TEST_CASE("generator: keys, words, bytes and 4,096-byte hashes of six tensors", "[generator]") {
    struct Expected {
        const char* name;
        std::uint64_t fnv, key, word_0, word_1;
        std::uint8_t byte_1234567;
        std::uint64_t hash;
    };
    const Expected expected[] = {
        {"embedding.weight", 0xfb1c2fe2c08e8104, 0xd2d3920afdd8beaf, 0xcca87469f445e3f6,
         0xcf02b10802ec825f, 0x2a, 0x6333270868835afb},
        {"unembedding.weight", 0x2dd49d64e86b6987, 0xb9ddeceaa947f5ed, 0x3f01597d4393169c,
         0x3daeae30ebb6b6bb, 0x30, 0x6e9fe4c3c876d85a},
        {"block.0.attn.qkv.weight", 0x5ad9a03b5a0ae931, 0xe2098624292a3ee5, 0x711925809f64680b,
         0x92d5bda4a7e93a72, 0xb9, 0x3fdb7b5895756a3c},
        {"block.0.mlp.mlp1_weight.blocks", 0x9f0d72a40a470700, 0x1a1e71a14642de7d,
         0x1ac6d024bdfa9208, 0xf501210b08a5970f, 0x02, 0x436d12e6e7ae18f3},
        {"block.0.mlp.mlp1_weight.scales", 0x21bff0721b4b0c65, 0x21c348905fd44c5e,
         0x968d29ac99558167, 0x8d0d485eda17e054, 0x7c, 0xe3350bca97ec3804},
        {"block.23.mlp.norm.scale", 0x26447f3dc6f00446, 0xd1d8f2fcf2ac41bb, 0xafcb6e46f9aca7df,
         0x5d884d6c96a5a13b, 0, 0x63ed938455f160d5},
    };
    for (const Expected& e : expected) {
        INFO(e.name);
        const std::uint64_t key = generator_key(1, e.name);
        CHECK(fnv1a(e.name) == e.fnv);
        CHECK(key == e.key);
        CHECK(generator_word(key, 0) == e.word_0);
        CHECK(generator_word(key, 1) == e.word_1);
        if (e.byte_1234567 != 0) CHECK(generator_byte(key, 1234567) == e.byte_1234567);
        CHECK(hash_of(stream(e.name, 4096)) == e.hash);
    }
    CHECK(stream("embedding.weight", 8) ==
          std::vector<std::uint8_t>{0xf6, 0xe3, 0x45, 0xf4, 0x69, 0x74, 0xa8, 0xcc});
    CHECK(stream("block.23.mlp.norm.scale", 8) ==
          std::vector<std::uint8_t>{0xdf, 0xa7, 0xac, 0xf9, 0x46, 0x6e, 0xcb, 0xaf});
}

TEST_CASE("generator: a stretch is the same wherever it begins and ends", "[generator]") {
    const std::uint64_t key = generator_key(1, "embedding.weight");
    const std::vector<std::uint8_t> whole = stream("embedding.weight", 64);
    for (std::size_t first = 0; first < 20; ++first) {
        for (std::size_t count = 0; count < 30; ++count) {
            std::vector<std::uint8_t> part(count);
            generate_bytes(key, first, count, part.data());
            REQUIRE(std::equal(part.begin(), part.end(), whole.begin() + long(first)));
        }
    }
}

TEST_CASE("generator: the first weights of four tensors of the 20b config", "[generator]") {
    const auto embedding = stream("embedding.weight", 8);
    const float first_embeddings[8] = {-0.07421875f, -0.22265625f, 0.54296875f,  -0.08984375f,
                                       0.82421875f,  0.91015625f,  -0.68359375f, -0.40234375f};
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(uniform_value(embedding[i], 0) == first_embeddings[i]);
    }

    const auto qkv = stream("block.0.attn.qkv.weight", 4);
    const float first_qkv[4] = {0.0028076171875f, 0.0255126953125f, 0.0245361328125f,
                                -0.0235595703125f};
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(uniform_value(qkv[i], -half_log2(2880)) == first_qkv[i]);
    }

    const auto norm = stream("block.23.mlp.norm.scale", 8);
    const float first_gains[8] = {1.1796875f, 1.0703125f, 1.0859375f, 1.234375f,
                                  0.8828125f, 0.9609375f, 1.140625f,  1.0859375f};
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(norm_gain_value(norm[i]) == first_gains[i]);
    }

    const auto scales = stream("block.0.mlp.mlp1_weight.scales", 8);
    const std::uint8_t first_scales[8] = {120, 120, 120, 120, 119, 120, 120, 119};
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(mxfp4_scale_value(scales[i], 2880) == first_scales[i]);
    }
}

TEST_CASE("generator: the first expert row of the 20b config, decoded", "[generator]") {
    const auto codes = stream("block.0.mlp.mlp1_weight.blocks", 90 * 16);  // 2,880 weights
    const auto scales = stream("block.0.mlp.mlp1_weight.scales", 90);
    double sum_of_group = 0;
    double sum_of_row = 0;
    for (std::size_t block = 0; block < 90; ++block) {
        float weights[kMxfp4BlockSize];
        const std::uint8_t scale = mxfp4_scale_value(scales[block], 2880);
        mxfp4_decode_block(&codes[16 * block], scale, weights);
        for (const float weight : weights) {
            if (block == 0) sum_of_group += double(weight);
            sum_of_row += double(weight);
        }
        if (block > 0) continue;
        const float first_weights[8] = {-0.0f,       0.0f,       0.0078125f,  -0.00390625f,
                                        -0.0078125f, -0.046875f, -0.0234375f, -0.01171875f};
        for (int i = 0; i < 8; ++i)
            CHECK(weights[i] == first_weights[i]);
    }
    CHECK(sum_of_group == -0.08203125);
    CHECK(sum_of_row == -0.9609375);
}
