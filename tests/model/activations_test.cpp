#include "gptoss/model/activations.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/config_rules.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/kv_cache.hpp"

using namespace gptoss;

namespace {

constexpr int kTokens = 7;
constexpr int kLogitRows = 2;

struct SizedView {
    const void* data;
    int rows;
    int cols;
    std::size_t bytes() const { return std::size_t(rows) * std::size_t(cols) * 4; }
};

SizedView sized(MatrixView view) {
    return {view.data, view.rows, view.cols};
}
SizedView sized(IdsView view) {
    return {view.data, view.rows, view.cols};
}

struct SiteView {
    Site site;
    SizedView view;
};

// Every site by its symbol: block.{l}.attn.q is a.attn_q.
std::vector<SiteView> site_views(const Activations& a) {
    return {{Site::embedding, sized(a.embedding)},
            {Site::attn_norm, sized(a.attn_norm)},
            {Site::attn_q, sized(a.attn_q)},
            {Site::attn_k, sized(a.attn_k)},
            {Site::attn_v, sized(a.attn_v)},
            {Site::attn_q_rope, sized(a.attn_q_rope)},
            {Site::attn_k_rope, sized(a.attn_k_rope)},
            {Site::attn_scores, sized(a.attn_scores)},
            {Site::attn_weights, sized(a.attn_weights)},
            {Site::attn_sink_share, sized(a.attn_sink_share)},
            {Site::attn_mix, sized(a.attn_mix)},
            {Site::attn_out, sized(a.attn_out)},
            {Site::attn_residual, sized(a.attn_residual)},
            {Site::mlp_norm, sized(a.mlp_norm)},
            {Site::mlp_router_logits, sized(a.mlp_router_logits)},
            {Site::mlp_expert_ids, sized(a.mlp_expert_ids)},
            {Site::mlp_expert_weights, sized(a.mlp_expert_weights)},
            {Site::mlp_gate_up, sized(a.mlp_gate_up)},
            {Site::mlp_swiglu, sized(a.mlp_swiglu)},
            {Site::mlp_expert_out, sized(a.mlp_expert_out)},
            {Site::mlp_out, sized(a.mlp_out)},
            {Site::mlp_residual, sized(a.mlp_residual)},
            {Site::final_norm, sized(a.final_norm)},
            {Site::logits, sized(a.logits)}};
}

bool is_record(Site site) {
    return site == Site::attn_scores || site == Site::attn_weights;
}

// Rows and cols of a site: of three dimensions the first two are flattened into rows.
std::vector<int> rows_and_cols(const Config& config, Site site, int n_positions) {
    std::vector<int> shape = site_shape(site, config, kTokens, n_positions);
    if (site == Site::logits) shape[0] = kLogitRows;
    if (shape.size() == 3) shape = {shape[0] * shape[1], shape[2]};
    return shape;
}

struct Wants : Watch {
    std::set<Site> sites;
    explicit Wants(std::set<Site> wanted) : sites(std::move(wanted)) {}
    bool wants(Site site, int) override { return sites.count(site) > 0; }
    void show(Site, int, ConstMatrixView) override {}
};

}  // namespace

TEST_CASE("activations: every view has the shape of its site", "[activations]") {
    const Config config = preset_odd();  // no two extents alike
    Activations a;
    shape_activations<HostMemory>(a, config, kTokens, kLogitRows);
    shape_attention_record<HostMemory>(a, config, kTokens, 11);
    REQUIRE(site_views(a).size() == kSites.size());
    for (const SiteView& entry : site_views(a)) {
        INFO(site_symbol(entry.site));
        const std::vector<int> expected = rows_and_cols(config, entry.site, 11);
        CHECK(std::vector<int>{entry.view.rows, entry.view.cols} == expected);
    }
    CHECK(a.tokens.rows == kTokens);
    CHECK(a.positions.rows == kTokens);
    CHECK(a.rope_table.rows == kTokens);
    CHECK(a.rope_table.cols == config.head_dim);
    CHECK(a.next_token.rows == 1);
}

TEST_CASE("activations: no two views overlap, and none leaves the buffer", "[activations]") {
    Activations a;
    shape_activations<HostMemory>(a, preset_odd(), kTokens, kLogitRows);
    std::vector<SizedView> views = {sized(a.tokens), sized(a.positions), sized(a.rope_table),
                                    sized(a.next_token)};
    for (const SiteView& entry : site_views(a)) {
        if (!is_record(entry.site)) views.push_back(entry.view);
    }
    std::sort(views.begin(), views.end(),
              [](const SizedView& x, const SizedView& y) { return x.data < y.data; });

    const auto* end_of_last = static_cast<const std::byte*>(a.memory.data());
    for (const SizedView& view : views) {
        const auto* begin = static_cast<const std::byte*>(view.data);
        CHECK(begin >= end_of_last);
        CHECK(begin - end_of_last < 64);  // nothing lies between two views but padding
        end_of_last = begin + view.bytes();
    }
    const auto* end = static_cast<const std::byte*>(a.memory.data()) + a.memory.bytes();
    CHECK(end_of_last <= end);
    CHECK(end - end_of_last < 64);
}

TEST_CASE("activations: every view begins on a cache line", "[activations]") {
    for (int n_tokens = 1; n_tokens < 20; ++n_tokens) {
        Activations a;
        shape_activations<HostMemory>(a, preset_odd(), n_tokens, 1);
        for (const SiteView& entry : site_views(a)) {
            INFO(site_symbol(entry.site) << " of " << n_tokens << " tokens");
            CHECK(reinterpret_cast<std::uintptr_t>(entry.view.data) % 64 == 0);
        }
    }
}

TEST_CASE("activations: a smaller pass reuses the memory, a larger one takes more",
          "[activations]") {
    const Config config = preset_odd();
    Activations a;
    shape_activations<HostMemory>(a, config, 7, 1);
    const void* memory = a.memory.data();
    shape_activations<HostMemory>(a, config, 3, 1);
    CHECK(a.memory.data() == memory);
    CHECK(a.memory.bytes() == activation_bytes(config, 7, 1));
    CHECK(a.embedding.rows == 3);
    shape_activations<HostMemory>(a, config, 70, 70);
    CHECK(a.memory.bytes() == activation_bytes(config, 70, 70));
    CHECK(a.logits.rows == 70);
}

TEST_CASE("activations: a pass too large for the memory leaves no view of what was given back",
          "[activations][errors]") {
    struct FullMemory : HostMemory {
        static void* allocate(std::size_t) { throw std::bad_alloc(); }
    };
    Activations a;
    shape_activations<HostMemory>(a, preset_odd(), 10, 1);
    CHECK_THROWS_AS(shape_activations<FullMemory>(a, preset_odd(), 400, 1), std::bad_alloc);
    CHECK(a.memory.bytes() == 0);
    for (const SiteView& entry : site_views(a)) {
        INFO(site_symbol(entry.site));
        CHECK(entry.view.data == nullptr);
        CHECK(entry.view.rows == 0);
    }
    shape_activations<HostMemory>(a, preset_odd(), 3, 1);
    CHECK(a.embedding.rows == 3);
}

TEST_CASE("activations: scores and weights have memory only when it is asked for",
          "[activations]") {
    const Config config = preset_odd();
    Activations a;
    shape_activations<HostMemory>(a, config, 7, 1);
    CHECK(a.attn_scores.data == nullptr);
    CHECK(a.attn_weights.data == nullptr);
    CHECK(a.record_memory.bytes() == 0);

    shape_attention_record<HostMemory>(a, config, 7, 11);
    CHECK(a.record_memory.bytes() == 2 * std::size_t(6 * 7 * 11) * sizeof(float));
    CHECK(a.attn_weights.data == a.attn_scores.row(a.attn_scores.rows));
    shape_activations<HostMemory>(a, config, 7, 1);
    CHECK(a.attn_scores.data == nullptr);  // of this pass, until it is asked for again
}

TEST_CASE("activations: attend records what is watched and nothing else", "[activations]") {
    Activations a;
    shape_activations<HostMemory>(a, preset_odd(), 7, 1);
    shape_attention_record<HostMemory>(a, preset_odd(), 7, 7);

    CHECK(attention_record(nullptr, 0, a).sink_share.data == nullptr);
    CHECK_FALSE(wants_attention_record(nullptr, 5));

    Wants sinks({Site::attn_sink_share});
    CHECK_FALSE(wants_attention_record(&sinks, 5));
    CHECK(attention_record(&sinks, 0, a).sink_share.data == a.attn_sink_share.data);
    CHECK(attention_record(&sinks, 0, a).scores.data == nullptr);

    Wants weights({Site::attn_weights});
    CHECK(wants_attention_record(&weights, 5));
    CHECK(attention_record(&weights, 0, a).weights.data == a.attn_weights.data);
    CHECK(attention_record(&weights, 0, a).scores.data == nullptr);
    CHECK(attention_record(&weights, 0, a).sink_share.data == nullptr);
}

TEST_CASE("activations: a pass of 512 tokens at 20b takes 171 MB", "[activations]") {
    const double megabytes = double(activation_bytes(preset_20b(), 512, 1)) / 1e6;
    CHECK_THAT(megabytes, WithinAbs(171, 1));
    // A row of logits for every token would be 411 MB more.
    const double with_all_logits = double(activation_bytes(preset_20b(), 512, 512)) / 1e6;
    CHECK_THAT(with_all_logits - megabytes, WithinAbs(411, 1));
}

TEST_CASE("activations: 20b at 4,096 tokens needs 432 MB besides the mapped file",
          "[activations]") {
    // What a Transformer holds after a prefill in chunks of 512, and what loading widens to float.
    const Config config = preset_20b();
    KvCache cache;
    while (cache.length < 4096) {
        reserve<HostMemory>(cache, config, 512);
        cache.length += 512;
    }
    const ModelSize size = model_size(config);
    const std::int64_t per_layer_biases =
        2 * config.hidden_size + config.q_size() + 2 * config.kv_size() + config.n_heads +
        config.hidden_size + config.n_experts +
        config.n_experts * (2 * config.intermediate_size + config.hidden_size);
    const std::int64_t widened = 4 * (config.n_layers * per_layer_biases + size.final_norm);

    const double megabytes =
        (double(activation_bytes(config, 512, 1)) + double(bytes_of(cache)) + double(widened)) /
        1e6;
    CHECK_THAT(double(widened) / 1e6, WithinAbs(28, 1));
    CHECK_THAT(double(bytes_of(cache)) / 1e6, WithinAbs(233, 1));
    CHECK_THAT(megabytes, WithinAbs(432, 2));  // promised: less than 1.5 GiB
}

TEST_CASE("activations: bytes are counted right for the largest config that is valid",
          "[activations]") {
    Config config = preset_tiny();
    config.n_experts = int(kLargestExtent);
    config.top_k = int(kLargestExtent);
    REQUIRE_NOTHROW(validate(config));
    const std::size_t n_expert_rows = std::size_t(512) * std::size_t(config.top_k);
    const int floats_per_row = 3 * config.intermediate_size + config.hidden_size;
    CHECK(activation_bytes(config, 512, 1) > 4 * n_expert_rows * std::size_t(floats_per_row));
}
