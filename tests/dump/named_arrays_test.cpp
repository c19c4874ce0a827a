#include "gptoss/dump/named_arrays.hpp"

#include <string>
#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::dump;
using namespace gptoss::format;

namespace {

struct ToyFloats {
    std::string name;
    Shape shape;
    std::vector<float> values;
};

// A dump named "x" of some arrays, for one token after the other from id 7 on.
Dump dump_with(const std::vector<ToyFloats>& toys, int n_tokens = 2, const NameMap& map = {}) {
    Dump dump{"x"};
    dump.tokens.emplace();
    for (int t = 0; t < n_tokens; ++t) {
        dump.tokens->push_back(7 + t);
    }
    ArraysRead arrays{map};
    for (const ToyFloats& toy : toys) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(toy.values.data());
        arrays.add(dump, {toy.name, {{"F32", toy.shape, bytes, 4 * toy.values.size()}}, "F32"});
    }
    arrays.finish(dump);
    return dump;
}

const NameMap kApart{{{"gate", "block.0.mlp.gate_up[0::2]"}, {"up", "block.0.mlp.gate_up[1::2]"}}};
const SiteKey kQ = {Site::attn_q, 0};
const SiteKey kQRope = {Site::attn_q_rope, 0};
const SiteKey kGateUp = {Site::mlp_gate_up, 0};

}  // namespace

// --- Gate and up apart ------------------------------------------------------------------------

TEST_CASE("named arrays: gate and up apart are the even and the odd channels", "[dump]") {
    const ToyFloats gate = {"gate", {1, 1, 2}, {1, 2}}, up = {"up", {1, 1, 2}, {5, 6}};
    for (const auto& both : {std::vector{gate, up}, std::vector{up, gate}}) {
        const Dump dump = dump_with(both, 1, kApart);
        CHECK(dump.sites.at(kGateUp).shape == Shape{1, 1, 4});
        CHECK(dump.sites.at(kGateUp).values == std::vector<float>{1, 5, 2, 6});
        CHECK_FALSE(dump.is_llama_cpp);
    }
}

TEST_CASE("named arrays: one half without the other, or twice, is refused", "[dump][errors]") {
    const ToyFloats gate = {"gate", {1, 1, 2}, {1, 2}}, short_up = {"up", {1, 1, 1}, {5}};
    const ToyFloats whole = {"block.0.mlp.gate_up", {1, 1, 4}, {1, 5, 2, 6}};
    CHECK_THROWS_WITH(dump_with({gate}, 1, kApart),
                      "x: has the gates of block.0.mlp.gate_up, expected the ups too");
    CHECK_THROWS_WITH(dump_with({gate, short_up}, 1, kApart),
                      "x: \"up\": is (1, 1, 1), expected the shape of the other half, whose "
                      "channels alternate with it");
    CHECK_THROWS_WITH(dump_with({gate, whole}, 1, kApart),
                      EndsWith("is block.0.mlp.gate_up, which another array is too"));
    CHECK_THROWS_WITH(dump_with({whole, gate}, 1, kApart),
                      EndsWith("is block.0.mlp.gate_up[0::2], which another array is too"));
}

// --- llama.cpp's callback ---------------------------------------------------------------------

TEST_CASE("named arrays: what llama.cpp's callback reports, under its names", "[dump]") {
    const Dump dump = dump_with({{"Kcur-0 MUL_MAT", {2, 2}, {9, 9, 9, 9}},  // no bias, so no ADD
                                 {"Qcur-0 ADD", {2, 2}, {1, 2, 3, 4}},
                                 {"Qcur-0 MUL_MAT", {2, 2}, {0, 0, 0, 0}},
                                 {"Qcur-0 ROPE", {2, 1, 2}, {5, 6, 7, 8}},
                                 {"ffn_moe_gate_biased-0", {2, 1, 1}, {1, 2}},
                                 {"ffn_moe_up_biased-0", {2, 1, 1}, {3, 4}},
                                 {"kqv-0", {2, 2}, {0, 0, 0, 0}}});
    CHECK(dump.is_llama_cpp);
    CHECK(dump.sites.at(kQ).values == std::vector<float>{1, 2, 3, 4});
    CHECK(dump.sites.at(kQRope).values == std::vector<float>{5, 6, 7, 8});
    CHECK(dump.sites.at({Site::attn_k, 0}).values == std::vector<float>{9, 9, 9, 9});
    CHECK(dump.sites.at(kGateUp).values == std::vector<float>{1, 3, 2, 4});
    CHECK(dump.unknown_names == std::vector<std::string>{"kqv-0"});
}

TEST_CASE("named arrays: without the operation llama.cpp's name is the last of it", "[dump]") {
    const Dump dump = dump_with({{"Qcur-0", {2, 1, 2}, {5, 6, 7, 8}}});
    CHECK(dump.sites.count(kQRope) == 1);
    CHECK(dump.sites.count(kQ) == 0);
}

TEST_CASE("named arrays: places of llama.cpp's cache behind the last token go", "[dump]") {
    const Dump dump = dump_with({{"kq_soft_max-0", {1, 2, 4}, {1, 0, 0, 0, .25f, .75f, 0, 0}}});
    CHECK(dump.sites.at({Site::attn_weights, 0}).shape == Shape{1, 2, 2});
    CHECK(dump.sites.at({Site::attn_weights, 0}).values == std::vector<float>{1, 0, .25f, .75f});
}

TEST_CASE("named arrays: of one token llama.cpp's files drop outer extents of 1", "[dump]") {
    const Dump dump =
        dump_with({{"attn_norm-0", {2}, {5, 6}}, {"Qcur-0 ROPE", {3, 2}, {1, 2, 3, 4, 5, 6}}}, 1);
    CHECK(dump.sites.at({Site::attn_norm, 0}).shape == Shape{1, 2});
    CHECK(dump.sites.at(kQRope).shape == Shape{1, 3, 2});
}

TEST_CASE("named arrays: a name with the layer tells llama.cpp, one that others have too does not",
          "[dump]") {
    const Dump dump = dump_with({{"embd", {2, 1}, {1, 2}}, {"my-0", {1}, {1}}});
    CHECK(dump.sites.count({Site::embedding}) == 1);
    CHECK_FALSE(dump.is_llama_cpp);
}
