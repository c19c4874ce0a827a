#include "gptoss/core/shares.hpp"

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;

TEST_CASE("shares: 32 experts over 3 ranks are 10, 11 and 11", "[shares]") {
    const int sizes[] = {10, 11, 11};
    int next = 0;
    for (int rank = 0; rank < 3; ++rank) {
        const Share share = share_of(32, rank, 3);
        CHECK(share.first == next);
        CHECK(share.size() == sizes[rank]);
        CHECK(share.has(share.first));
        CHECK_FALSE(share.has(share.end));
        next = share.end;
    }
    CHECK(next == 32);
}

TEST_CASE("shares: together they are the checkpoint, each part once", "[shares]") {
    for (const Config& c : {preset_20b(), preset_120b(), preset_odd()}) {
        const ModelSize size = model_size(c);
        for (int n_ranks = 1; n_ranks <= c.n_experts; ++n_ranks) {
            std::int64_t cut = 0;
            for (int rank = 0; rank < n_ranks; ++rank) {
                const RankBytes bytes = rank_bytes(c, rank, n_ranks);
                cut += bytes.experts + bytes.unembedding;
            }
            const RankBytes first = rank_bytes(c, 0, n_ranks);
            CHECK(cut + first.shared + first.embedding == size.payload_bytes);
        }
    }
}

TEST_CASE("shares: an expert of 20b has 13,219,200 bytes", "[shares]") {
    // three matrices of 2880 * 2880 weights, 17 bytes for each 32 of them
    CHECK(expert_matrix_bytes(preset_20b()) == 3 * 2880 * 2880 / 32 * 17);
    CHECK(expert_matrix_bytes(preset_20b()) == 13219200);
}

TEST_CASE("shares: one of two ranks has 2.7 of a token's four experts", "[shares]") {
    // Of 32 over 4: two and two in C(16,2)^2 = 14,400 ways, three and one in 2 C(16,3) 16 = 17,920,
    // all four on one in 2 C(16,4) = 3,640; 35,960 in all.
    const double mean = (2 * 14400 + 3 * 17920 + 4 * 3640) / 35960.0;
    CHECK_THAT(expected_most_experts(preset_20b(), 2), WithinAbs(mean, 1e-12));
    CHECK_THAT(mean, WithinAbs(2.7008, 1e-4));
}

TEST_CASE("shares: the rank with most experts, counted over every set of them", "[shares]") {
    // odd: three of six experts, over four ranks that own 1, 2, 1 and 2
    const int rank_of[] = {0, 1, 1, 2, 3, 3};
    int sum = 0, n_sets = 0;
    for (int a = 0; a < 6; ++a) {
        for (int b = 0; b < a; ++b) {
            for (int c = 0; c < b; ++c) {
                int count[4] = {};
                for (const int e : {a, b, c})
                    ++count[rank_of[e]];
                sum += *std::max_element(count, count + 4);
                ++n_sets;
            }
        }
    }
    for (int e = 0; e < 6; ++e)
        CHECK(share_of(6, rank_of[e], 4).has(e));
    CHECK_THAT(expected_most_experts(preset_odd(), 4), WithinAbs(double(sum) / n_sets, 1e-12));
}

TEST_CASE("shares: one rank reads per token what one machine does", "[shares]") {
    for (const Config& c : {preset_20b(), preset_120b()}) {
        CHECK(slowest_bytes_per_token(c, 1) == model_size(c).bytes_per_token);
        CHECK(slowest_bytes_per_token(c, 4) < slowest_bytes_per_token(c, 2));
    }
}

TEST_CASE("shares: what a network costs, by hand", "[shares]") {
    Config c = preset_20b();
    // 24 sums of 11,520 bytes and 804,352 bytes of logits
    CHECK(traffic_per_token(c).n_calls == 25);
    CHECK(traffic_per_token(c).n_bytes == 24 * 11520 + 804352);
    // Two ranks, 0.1 ms and 125 MB/s: 25 rounds, 24 * 11,520 bytes and half of the logits.
    const double seconds = 25 * 1e-4 + (24 * 11520 + 402176) / 125e6;
    CHECK_THAT(network_seconds_per_token(c, 2, {1e-4, 125e6}), WithinAbs(seconds, 1e-9));
    // Four ranks: two rounds each, three quarters of the logits.
    const double four = 50 * 1e-4 + (2 * 24 * 11520 + 603264) / 125e6;
    CHECK_THAT(network_seconds_per_token(c, 4, {1e-4, 125e6}), WithinAbs(four, 1e-9));
    CHECK(network_seconds_per_token(c, 1, {1e-4, 125e6}) == 0);
}

TEST_CASE("shares: more ranks than experts are refused", "[shares][errors]") {
    CHECK_NOTHROW(require_ranks(32, 32));
    CHECK_THROWS_WITH(require_ranks(33, 32),
                      "ranks: there are 33, expected 1 to 32, the number of experts");
    CHECK_THROWS_WITH(require_ranks(0, 32),
                      "ranks: there are 0, expected 1 to 32, the number of experts");
}
