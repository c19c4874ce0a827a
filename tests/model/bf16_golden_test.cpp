// Bf16Ops against every site of the official model's own bf16 run, and the table of what is equal.
//
// Where two implementations round at the same points, most values are equal to the bit; where a
// sum in another order falls on the other side of a rounding, a value differs in its last bit, and
// what is computed from it may too. So the measure is the share of equal values.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/diagnose/anchored_run.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/ops/bf16.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;
using namespace gptoss::pitfalls;
using namespace gptoss::test;

namespace {

struct Share {
    double n_equal = 0;
    double n_values = 0;
    double value() const { return n_equal / n_values; }
};

// Counts equal values per site, all layers together, as the sites fire.
struct CountEqual : Watch {
    const Golden& golden;
    std::map<Site, Share> shares;

    explicit CountEqual(const Golden& g) : golden(g) {}

    bool wants(Site, int) override { return true; }

    void show(Site site, int layer, ConstMatrixView values) override {
        const ConstMatrixView expected = golden.at(site, layer);
        REQUIRE(values.rows == expected.rows);
        REQUIRE(values.cols == expected.cols);
        count(site, values.data, expected.data, values.rows * values.cols);
    }

    void show_ids(Site site, int layer, ConstIdsView ids) override {
        const ConstIdsView expected = golden.ids_at(site, layer);
        count(site, ids.data, expected.data, ids.rows * ids.cols);
    }

    template <class T>
    void count(Site site, const T* values, const T* expected, int n_values) {
        for (int i = 0; i < n_values; ++i) {
            shares[site].n_equal += values[i] == expected[i] ? 1 : 0;
        }
        shares[site].n_values += n_values;
    }
};

template <class Ops>
std::map<Site, Share> equal_shares(const Golden& golden) {
    Transformer<Ops> transformer(golden.weights);
    CountEqual count(golden);
    transformer.feed(golden.token_ids(), LogitRows::all, &count);
    return count.shares;
}

// Counts, and then puts the golden's values in the place of what was computed: a rounding that fell
// on the other side goes no further. A trained model makes the most of each.
struct CountAndPutBack : PassWatch {
    CountEqual equal;

    explicit CountAndPutBack(const Golden& g) : equal(g) {}

    bool wants(Site, int) override { return true; }

    void show(Site site, int layer, ConstMatrixView values) override {
        equal.show(site, layer, values);
        const MatrixView ours = matrix_behind(*activations, site);  // empty: nothing reads it
        const ConstMatrixView golden = equal.golden.at(site, layer);
        std::copy_n(golden.data, ours.rows * ours.cols, ours.data);
    }

    void show_ids(Site site, int layer, ConstIdsView ids) override {
        equal.show_ids(site, layer, ids);
        const IdsView ours = activations->mlp_expert_ids;
        std::copy_n(equal.golden.ids_at(site, layer).data, ours.rows * ours.cols, ours.data);
    }
};

// Counts only in the first layer.
struct CountFirstLayer : CountEqual {
    using CountEqual::CountEqual;
    bool wants(Site, int layer) override { return layer == 0; }
};

template <class Ops>
double lowest_share(const Golden& golden) {
    double lowest = 1;
    for (const auto& [site, share] : equal_shares<Ops>(golden)) {
        lowest = std::min(lowest, share.value());
    }
    return lowest;
}

Config config_of_block20b() {
    Config config = with_layers(preset_20b(), 1);
    config.vocab_size = 512;
    config.pad_token_id = 510;
    config.eos_token_ids = {511};
    return config;
}

const Golden& tiny_bf16() {
    static const Golden golden("tiny_bf16", preset_tiny());
    return golden;
}

const Golden& odd_bf16() {
    static const Golden golden("odd_bf16", preset_odd());
    return golden;
}

// Measured: 99.92 % at attn_out of odd, more elsewhere, all values at most sites.
constexpr double kLeastShare = 0.998;

// Measured, op by op: 99.988 % at attn_out of nano, 99.996 % and more elsewhere. In a whole pass each
// of these few spreads: 35 % of nano's logits, 28 % of the chat's are equal.
constexpr double kLeastShareOfTrained = 0.9997;

// Measured at 20b widths: 99.5 % of the logits (5 of 1,024), 99.9 % and more elsewhere.
constexpr double kLeastShareAt20b = 0.99;

void check_shares(const Golden& golden) {
    const auto shares = equal_shares<Bf16Ops>(golden);
    const auto in_float32 = equal_shares<ScalarOps>(golden);
    REQUIRE(shares.size() == kSites.size());
    std::printf("%s: share of equal values, in bf16 and in float32\n", golden.name.c_str());
    for (const auto& [site, share] : shares) {
        std::printf("  %-20s %.5f  %.5f\n", site_symbol(site).c_str(), share.value(),
                    in_float32.at(site).value());
        INFO(site_symbol(site));
        CHECK(share.value() >= kLeastShare);
    }
    CHECK(in_float32.at(Site::logits).value() < 0.01);
}

void check_trained(const Golden& golden, const std::map<Site, Share>& shares) {
    std::printf("%s: share of equal values\n", golden.name.c_str());
    for (const auto& [site, share] : shares) {
        std::printf("  %-20s %.5f\n", site_symbol(site).c_str(), share.value());
        INFO(site_symbol(site));
        CHECK(share.value() >= kLeastShareOfTrained);
    }
}

// The first tokens only: every later one costs as much, and tells no more.
struct CountFirstRows : CountEqual {
    using CountEqual::CountEqual;
    void show(Site site, int layer, ConstMatrixView values) override {
        const bool has_all_positions = site == Site::attn_scores || site == Site::attn_weights;
        if (has_all_positions) return;
        const ConstMatrixView expected = golden.at(site, layer);
        REQUIRE(values.cols == expected.cols);
        count(site, values.data, expected.data, values.rows * values.cols);
    }
};

// Bf16Ops with one op left as it is in float32.
// clang-format off
struct PlainRmsnorm : Bf16Ops { static constexpr auto rmsnorm = &gptoss::rmsnorm; };
struct PlainLinear : Bf16Ops { static constexpr auto linear = &gptoss::linear; };
struct PlainRopeTable : Bf16Ops { static constexpr auto rope_table = &gptoss::rope_table; };
struct PlainRope : Bf16Ops { static constexpr auto rope = &gptoss::rope; };
struct PlainAttend : Bf16Ops { static constexpr auto attend = &gptoss::attend; };
struct PlainResidual : Bf16Ops { static constexpr auto add_residual = &gptoss::add_residual; };
struct PlainRoute : Bf16Ops { static constexpr auto route = &gptoss::route; };
struct PlainExpertLinear : Bf16Ops {
    static constexpr auto expert_linear = &gptoss::expert_linear;
};
struct PlainSwiglu : Bf16Ops { static constexpr auto swiglu = &gptoss::swiglu; };
struct PlainCombine : Bf16Ops { static constexpr auto combine = &gptoss::combine; };
struct PlainUnembed : Bf16Ops { static constexpr auto unembed = &gptoss::unembed; };
// clang-format on

}  // namespace

TEST_CASE("bf16 golden: tiny, as the official model rounds it", "[golden]") {
    check_shares(tiny_bf16());
}

TEST_CASE("bf16 golden: odd, whose head size makes the scale of scores inexact", "[golden]") {
    check_shares(odd_bf16());
}

TEST_CASE("bf16 golden: nano, op by op", "[golden]") {
    const Golden golden("nano_bf16", golden_nano().weights);
    CountAndPutBack count(golden);
    run_in_passes<Bf16Ops>(golden.weights, golden.token_ids(), kOnePass, LogitRows::all, count);
    CHECK(count.equal.shares.size() == kSites.size());
    check_trained(golden, count.equal.shares);
}

TEST_CASE("bf16 golden: nano in a chat with tools, the first layer", "[golden]") {
    const Golden golden("nano_chat_bf16", golden_nano().weights);
    Transformer<Bf16Ops> transformer(golden.weights);
    transformer.feed(golden.early_ids());
    CountFirstLayer count(golden);
    transformer.feed(golden.recorded_ids(), LogitRows::last, &count);
    CHECK(count.shares.size() == kSites.size() - 3);
    check_trained(golden, count.shares);
}

TEST_CASE("bf16 golden: two tokens at 20b widths", "[golden]") {
#ifndef __OPTIMIZE__
    skip_test("takes half a minute without optimization; the release build runs it");
#endif
    const Golden golden("block20b_bf16", config_of_block20b());
    Transformer<Bf16Ops> transformer(golden.weights);
    CountFirstRows count(golden);
    transformer.feed({golden.tokens.data(), 2}, LogitRows::all, &count);
    std::printf("block20b_bf16: share of equal values of two tokens\n");
    for (const auto& [site, share] : count.shares) {
        std::printf("  %-20s %.5f\n", site_symbol(site).c_str(), share.value());
        INFO(site_symbol(site));
        CHECK(share.value() >= kLeastShareAt20b);
    }
    CHECK(count.shares.size() == kSites.size() - 2);
}

TEST_CASE("bf16 golden: one token after the other gives the same bits", "[golden]") {
    const Golden& golden = tiny_bf16();
    Transformer<Bf16Ops> transformer(golden.weights);
    for (int t = 0; t < golden.n_tokens(); ++t) {
        transformer.feed({golden.tokens.data() + t, 1});
        const ConstMatrixView expected = golden.at(Site::logits, kNoLayer);
        const float* logits = transformer.a.logits.data;
        CHECK(std::equal(logits, logits + expected.cols, expected.row(t)));
    }
}

TEMPLATE_TEST_CASE("bf16 golden: no rounding can be left out unseen", "[golden]", PlainRmsnorm,
                   PlainLinear, PlainRopeTable, PlainRope, PlainAttend, PlainResidual, PlainRoute,
                   PlainExpertLinear, PlainSwiglu, PlainCombine, PlainUnembed) {
    CHECK(lowest_share<TestType>(tiny_bf16()) < kLeastShare);
}

// --- The page ---------------------------------------------------------------------------------

TEST_CASE("bf16 golden: docs/precision.md has the shares of the manifest", "[golden][docs]") {
    std::ifstream page(GPTOSS_SOURCE_DIR "/docs/precision.md");
    std::ifstream file(GPTOSS_SOURCE_DIR "/tests/golden/data/manifest_bf16.json");
    const nlohmann::json goldens = nlohmann::json::parse(file).at("goldens");
    const char* official_order = "equal_share_of_hugging_face_in_official_order";
    for (const char* name : {"tiny", "odd"}) {
        for (const auto& share : goldens.at(name).at(official_order)) {
            CHECK(share.get<double>() == 1.0);
        }
    }
    int n_rows = 0;
    std::string line;
    while (std::getline(page, line)) {
        const std::size_t end = line.find("` | 0.");
        if (!line.starts_with("| `") || end == std::string::npos) continue;
        const std::string site = line.substr(3, end - 3);
        char row[100];
        std::snprintf(row, sizeof row, "| `%s` | %.3f | %.3f |", site.c_str(),
                      goldens.at("tiny").at("equal_share_of_hugging_face").at(site).get<double>(),
                      goldens.at("odd").at("equal_share_of_hugging_face").at(site).get<double>());
        CHECK(line == row);
        ++n_rows;
    }
    CHECK(n_rows == 9);
}
