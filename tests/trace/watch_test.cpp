#include "gptoss/trace/watch.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/transformer.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;

namespace {

// Counts what it is shown, and compares each shape with the site's.
struct CountingWatch : Watch {
    Config config;
    std::set<Site> wanted;
    std::map<std::pair<Site, int>, int> shown = {};
    std::vector<std::string> wrong_shapes = {};
    int n_tokens = 0;
    int n_positions = 0;
    int n_passes = 0;

    bool wants(Site site, int) override { return wanted.count(site) > 0; }
    void begin_pass(ConstIdsView tokens, ConstIdsView positions) override {
        n_tokens = tokens.rows;
        n_positions = positions.data[positions.rows - 1] + 1;
        ++n_passes;
    }
    void show(Site site, int layer, ConstMatrixView values) override {
        count(site, layer, values.rows, values.cols);
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        count(site, layer, ids.rows, ids.cols);
    }

    // The first two of three dimensions arrive flattened.
    void count(Site site, int layer, int rows, int cols) {
        ++shown[{site, layer}];
        const std::vector<int> shape = site_shape(site, config, n_tokens, n_positions);
        const int expected_rows = shape.size() == 3 ? shape[0] * shape[1] : shape[0];
        if (rows == expected_rows && cols == shape.back()) return;
        wrong_shapes.push_back(site_name(site, layer));
    }
};

std::set<Site> every_site() {
    std::set<Site> sites;
    for (const SiteInfo& info : kSites) {
        sites.insert(info.site);
    }
    return sites;
}

const std::vector<std::int32_t> kTokens = {1, 2, 3, 5, 8, 13, 21};

ConstIdsView tokens(int first, int count) {
    return {kTokens.data() + first, count};
}

std::vector<float> logits_of(Watch* watch) {
    Transformer<> transformer(synthetic_weights(preset_odd(), 1));
    transformer.feed(tokens(0, 7), LogitRows::all, watch);
    const ConstMatrixView logits = transformer.a.logits;
    return {logits.data, logits.row(logits.rows)};
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("watch: each site fires once per pass and layer, in its shape", "[watch]") {
    const Config config = preset_odd();
    Transformer<> transformer(synthetic_weights(config, 1));
    CountingWatch watch;
    watch.config = config;
    watch.wanted = every_site();
    transformer.feed(tokens(0, 4), LogitRows::all, &watch);
    transformer.feed(tokens(4, 3), LogitRows::all, &watch);

    CHECK(watch.n_passes == 2);
    CHECK(watch.shown.size() == std::size_t(3 + 21 * config.n_layers));
    for (const auto& [place, count] : watch.shown) {
        const auto& [site, layer] = place;
        INFO(site_name(site, layer));
        CHECK(count == 2);
        CHECK((layer == kNoLayer) == !is_per_layer(site));
        CHECK(layer < config.n_layers);
    }
    CHECK(watch.wrong_shapes == std::vector<std::string>{});
}

TEST_CASE("watch: only what is wanted is shown", "[watch]") {
    Transformer<> transformer(synthetic_weights(preset_odd(), 1));
    CountingWatch watch;
    watch.config = preset_odd();
    watch.wanted = {Site::attn_weights, Site::mlp_expert_ids};
    transformer.feed(tokens(0, 7), LogitRows::last, &watch);
    CHECK(watch.shown.size() == 2 * std::size_t(preset_odd().n_layers));
}

TEST_CASE("watch: by default all but the two large sites are wanted", "[watch]") {
    struct DefaultWatch : Watch {
        void show(Site, int, ConstMatrixView) override {}
    } watch;
    for (const SiteInfo& info : kSites) {
        const bool is_large = info.site == Site::attn_scores || info.site == Site::attn_weights;
        CHECK(watch.wants(info.site, 0) == !is_large);
    }
}

TEST_CASE("watch: a pass begins with its tokens and their positions", "[watch]") {
    struct PassWatch : Watch {
        std::vector<std::int32_t> seen_tokens;
        std::vector<std::int32_t> seen_positions;
        bool wants(Site, int) override { return false; }
        void begin_pass(ConstIdsView t, ConstIdsView p) override {
            seen_tokens.insert(seen_tokens.end(), t.data, t.data + t.rows);
            seen_positions.insert(seen_positions.end(), p.data, p.data + p.rows);
        }
        void show(Site, int, ConstMatrixView) override {}
    } watch;
    Transformer<> transformer(synthetic_weights(preset_odd(), 1));
    transformer.feed(tokens(0, 4), LogitRows::last, &watch);
    transformer.feed(tokens(4, 3), LogitRows::last, &watch);
    CHECK(watch.seen_tokens == kTokens);
    CHECK(watch.seen_positions == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("watch: looking changes no bit, and nobody looking takes no record", "[watch]") {
    CountingWatch all;
    all.config = preset_odd();
    all.wanted = every_site();
    CountingWatch none;
    none.config = preset_odd();
    const std::vector<float> unwatched = logits_of(nullptr);
    CHECK(same_bits(logits_of(&all), unwatched));
    CHECK(same_bits(logits_of(&none), unwatched));
    CHECK(none.shown.empty());

    Transformer<> transformer(synthetic_weights(preset_odd(), 1));
    transformer.feed(tokens(0, 7), LogitRows::last, &none);
    CHECK(transformer.a.record_memory.bytes() == 0);  // of attn_scores and attn_weights
}

// --- A Watch that writes ------------------------------------------------------------------------

namespace {

// Sets one site of layer 0 to what it is told, and remembers what it is shown there.
struct EditingWatch : CountingWatch {
    Site edited_site = Site::attn_mix;
    float value = 0;
    std::vector<std::string> noted = {};
    std::vector<Site> asked = {};
    std::vector<float> last_shown = {};

    bool edits(Site site, int layer) override {
        asked.push_back(site);
        return site == edited_site && layer <= 0;
    }
    void edit(Site, int, MatrixView values) override {
        std::fill(values.data, values.row(values.rows), value);
    }
    void edit_ids(Site, int, IdsView ids) override {
        for (int i = 0; i < ids.rows * ids.cols; ++i) {
            ids.data[i] = std::int32_t(value);
        }
    }
    void show(Site site, int layer, ConstMatrixView values) override {
        count(site, layer, values.rows, values.cols);
        if (site == edited_site && layer <= 0)
            last_shown.assign(values.data, values.row(values.rows));
    }
    void note_edit(const std::string& name) override { noted.push_back(name); }
};

EditingWatch editing(Site site, float value) {
    EditingWatch watch;
    watch.config = preset_odd();
    watch.wanted = every_site();
    watch.edited_site = site;
    watch.value = value;
    return watch;
}

}  // namespace

TEST_CASE("watch: what the next op reads is what an edit left, and that is shown", "[watch]") {
    // attn.out of nothing is its bias
    Transformer<> transformer(synthetic_weights(preset_odd(), 1));
    struct : CountingWatch {
        std::vector<float> first_row = {};
        bool edits(Site site, int layer) override { return site == Site::attn_mix && layer == 0; }
        void edit(Site, int, MatrixView values) override {
            std::fill(values.data, values.row(values.rows), 0.0f);
        }
        void show(Site site, int layer, ConstMatrixView values) override {
            if (site != Site::attn_out || layer != 0) return;
            first_row.assign(values.data, values.row(1));
        }
    } watch;
    watch.wanted = every_site();
    transformer.feed(tokens(0, 4), LogitRows::last, &watch);
    const ConstVectorView bias = transformer.w.layers[0].attn.out_bias;
    CHECK(watch.first_row == std::vector<float>(bias.data, bias.data + bias.size));
}

TEST_CASE("watch: every site that is read later can be edited, and is then named", "[watch]") {
    const std::vector<float> unedited = logits_of(nullptr);
    for (const SiteInfo& info : kSites) {
        INFO(info.name);
        EditingWatch watch = editing(info.site, 0.5f);
        const bool changed = !same_bits(logits_of(&watch), unedited);
        const int layer = is_per_layer(info.site) ? 0 : kNoLayer;
        CHECK(changed == is_read_later(info.site));
        if (!changed) {
            CHECK(std::count(watch.asked.begin(), watch.asked.end(), info.site) == 0);
            CHECK(watch.noted.empty());
        } else {
            CHECK(watch.noted == std::vector<std::string>{site_name(info.site, layer)});
        }
        if (changed && info.site != Site::mlp_expert_ids) CHECK(watch.last_shown[0] == 0.5f);
    }
}

TEST_CASE("watch: an edit that writes what was there is none", "[watch]") {
    struct : CountingWatch {
        int n_noted = 0;
        bool edits(Site, int) override { return true; }
        void edit(Site, int, MatrixView values) override { values.data[0] += 0.0f; }
        void note_edit(const std::string&) override { ++n_noted; }
    } watch;
    CHECK(same_bits(logits_of(&watch), logits_of(nullptr)));
    CHECK(watch.n_noted == 0);
}

TEST_CASE("watch: an id that is no expert's is refused before anything reads it", "[watch]") {
    EditingWatch watch = editing(Site::mlp_expert_ids, 6);
    REQUIRE_THROWS_WITH(logits_of(&watch),
                        "edit: block.0.mlp.expert_ids[0, 0] is 6, expected 0 <= id < 6");
}
