#include "gptoss/mpi/experts.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;

TEST_CASE("mpi combine: a quarter of each of four experts, wherever they are", "[mpi]") {
    // 0.25 * (1 + 2 + 3 + 4) = 2.5, and 0.25 * (10 + 20 + 30 + 40) = 25
    const int top_k = 4;
    std::vector<float> expert_out(std::size_t(top_k) * 2), weights(std::size_t(top_k), 0.25f),
        out(2);
    mpi::team.owns_row.assign(std::size_t(top_k), false);
    for (int j = 0; j < top_k; ++j) {
        const bool is_own = j % mpi::team.n_ranks == mpi::team.rank;
        mpi::team.owns_row[std::size_t(j)] = is_own;
        expert_out[std::size_t(2 * j)] = is_own ? float(j + 1) : 100.0f;  // what was gathered
        expert_out[std::size_t(2 * j + 1)] = is_own ? 10.0f * float(j + 1) : 100.0f;
    }
    mpi::combine(&gptoss::combine, {expert_out.data(), top_k, 2}, {weights.data(), 1, top_k},
                 {out.data(), 1, 2});
    CHECK(out == std::vector<float>{2.5f, 25.0f});
}

TEST_CASE("mpi route: at a near-tie rank 0 chooses for all, if it is told to", "[mpi]") {
    // Ranks but 0 find expert 2 a little better than expert 1.
    const float difference = mpi::team.rank == 0 ? -1e-6f : 1e-6f;
    std::vector<float> logits{0.0f, 1.0f, 1.0f + difference, -1.0f}, weights(2);
    std::vector<std::int32_t> ids(2);
    const auto choose = [&] {
        mpi::route(&gptoss::route, {logits.data(), 1, 4}, {ids.data(), 1, 2},
                   {weights.data(), 1, 2});
    };
    choose();
    CHECK(ids[0] == (mpi::team.rank == 0 ? 1 : 2));
    mpi::team.shares_routes = true;
    choose();
    mpi::team.shares_routes = false;
    CHECK(ids == std::vector<std::int32_t>{1, 2});
    CHECK(weights[0] > weights[1]);
}
