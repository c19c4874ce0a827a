// MpiOps against the goldens, on as many ranks as mpirun started. A failed REQUIRE would leave the other
// ranks waiting, so there are only CHECKs.
#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/ops/mpi.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::test;

namespace {

// What a pass may be told, on every rank alike; afterwards it is as before.
struct TeamSetting {
    explicit TeamSetting(bool gathers_experts, bool shares_routes = false) {
        mpi::team.gathers_experts = gathers_experts;
        mpi::team.shares_routes = shares_routes;
        mpi::team.work = {};
    }
    ~TeamSetting() {
        mpi::team.gathers_experts = false;
        mpi::team.shares_routes = false;
    }
};

struct CompareRun : Watch {
    const Golden& golden;
    std::string mistakes;
    int n_compared = 0;

    explicit CompareRun(const Golden& g) : golden(g) {}

    void show(Site site, int layer, ConstMatrixView values) override {
        const double bound = tuned_bound(golden.config(), site);
        const std::string mistake = site_mistake(golden, site, layer, values, bound);
        if (!mistake.empty()) mistakes += mistake + "\n";
        ++n_compared;
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        const ConstIdsView expected = golden.ids_at(site, layer);
        for (int i = 0; i < ids.rows * ids.cols; ++i) {
            if (ids.data[i] != expected.data[i]) mistakes += site_name(site, layer) + "\n";
        }
        ++n_compared;
    }
};

template <class Ops>
void check_every_site(const Golden& golden, bool shares_routes = false) {
    const TeamSetting setting(true, shares_routes);
    CompareRun compare(golden);
    Transformer<Ops> transformer(golden.weights);
    const bool compares = mpi::team.rank == 0;
    if (golden.first_row > 0) transformer.feed(golden.early_ids());
    transformer.feed(golden.recorded_ids(), LogitRows::all, compares ? &compare : nullptr);
    CHECK(compare.mistakes == "");
    if (compares) CHECK(compare.n_compared == 3 + 19 * golden.config().n_layers);
}

std::vector<float> copy_of(ConstMatrixView m) {
    return {m.data, m.row(m.rows)};
}

std::vector<float> logits_of(const Weights& weights, ConstIdsView tokens) {
    Transformer<MpiOps<FastOps>> transformer(weights);
    transformer.feed(tokens, LogitRows::all);
    return copy_of(transformer.a.logits);
}

std::uint64_t hash_of(const std::vector<float>& values) {
    return fnv1a({reinterpret_cast<const char*>(values.data()), 4 * values.size()});
}

bool is_alike_on_all_ranks(std::uint64_t hash) {
    std::uint64_t least = 0, most = 0;
    MPI_Allreduce(&hash, &least, 1, MPI_UINT64_T, MPI_MIN, MPI_COMM_WORLD);
    MPI_Allreduce(&hash, &most, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
    return least == most;
}

// FastOps as it is on another machine: every second rank rounds twice where the others do once.
struct UnlikeOps : FastOps {
    static fast::Kernels here() {
        return mpi::team.rank % 2 == 0 ? fast::kernels()
                                       : fast::kernels_for(fast::InstructionSet::portable);
    }
    static void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
        fast::linear_with(here(), nullptr, x, w, bias, y);
    }
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        fast::expert_linear_with(here(), nullptr, x, x_rows, ids, all_experts, bias, y);
    }
};

// Every scale of an expert that another rank owns means NaN.
struct OnlyOwnExperts {
    Weights weights;
    std::vector<std::vector<std::uint8_t>> scales;

    explicit OnlyOwnExperts(const Weights& all) : weights(all) {
        for (LayerWeights& layer : weights.layers) {
            spoil(layer.mlp.gate_up);
            spoil(layer.mlp.down);
        }
    }
    void spoil(ExpertStack& s) {
        const std::size_t of_expert = std::size_t(s.rows) * std::size_t(s.cols / kMxfp4BlockSize);
        scales.emplace_back(s.scales, s.scales + of_expert * std::size_t(s.n_experts));
        const Share own = share_of(s.n_experts, mpi::team.rank, mpi::team.n_ranks);
        for (int e = 0; e < s.n_experts; ++e) {
            if (!own.has(e))
                std::memset(&scales.back()[std::size_t(e) * of_expert], 255, of_expert);
        }
        s.scales = scales.back().data();
    }
};

}  // namespace

TEST_CASE("mpi: tiny, every site", "[mpi][golden]") {
    check_every_site<MpiOps<FastOps>>(golden_tiny());
}

TEST_CASE("mpi: odd, whose six experts no four ranks share evenly, every site", "[mpi][golden]") {
    check_every_site<MpiOps<FastOps>>(golden_odd());
}

TEST_CASE("mpi: nano, every site", "[mpi][golden]") {
    check_every_site<MpiOps<FastOps>>(golden_nano());
    check_every_site<MpiOps<FastOps>>(golden_nano_chat());
}

TEST_CASE("mpi: ranks that round differently, every site", "[mpi][golden]") {
    check_every_site<MpiOps<UnlikeOps>>(golden_tiny(), true);
    check_every_site<MpiOps<UnlikeOps>>(golden_odd(), true);
}

TEST_CASE("mpi: token by token is within the bound, too", "[mpi][golden]") {
    const TeamSetting setting(false);
    const Golden& golden = golden_odd();
    Transformer<MpiOps<FastOps>> transformer(golden.weights);
    double worst = 0;
    for (int t = 0; t < golden.n_tokens(); ++t) {
        transformer.feed({golden.token_ids().row(t), 1});
        const ConstMatrixView expected = rows_of(golden.at(Site::logits, kNoLayer), t, 1);
        worst = std::max(worst, difference(transformer.a.logits, expected).error);
    }
    CHECK(worst <= tuned_bound(golden.config(), Site::logits));
}

TEST_CASE("mpi: all ranks have the same bits, in every run, watched or not", "[mpi]") {
    const Golden& golden = golden_nano_chat();
    std::vector<float> first;
    {
        const TeamSetting setting(false);
        first = logits_of(golden.weights, golden.token_ids());
    }
    CHECK(is_alike_on_all_ranks(hash_of(first)));
    {
        const TeamSetting setting(false);
        CHECK(hash_of(logits_of(golden.weights, golden.token_ids())) == hash_of(first));
    }
    const TeamSetting setting(true, true);
    CHECK(hash_of(logits_of(golden.weights, golden.token_ids())) == hash_of(first));
}

TEST_CASE("mpi: one rank has the bits of the host table", "[mpi]") {
    if (mpi::team.n_ranks > 1) return;
    const Golden& golden = golden_odd();
    Transformer<FastOps> host(golden.weights);
    host.feed(golden.token_ids(), LogitRows::all);
    CHECK(logits_of(golden.weights, golden.token_ids()) == copy_of(host.a.logits));
}

TEST_CASE("mpi: a rank reads no expert of another one", "[mpi]") {
    const TeamSetting setting(false);
    for (const Golden* golden : {&golden_tiny(), &golden_odd()}) {
        const std::vector<float> expected = logits_of(golden->weights, golden->token_ids());
        const OnlyOwnExperts own(golden->weights);
        CHECK(hash_of(logits_of(own.weights, golden->token_ids())) == hash_of(expected));
    }
}

TEST_CASE("mpi: the calls and bytes of a token are those of the model of them", "[mpi]") {
    const TeamSetting setting(false);
    const Golden& golden = golden_odd();
    const Config& c = golden.config();
    Transformer<MpiOps<FastOps>> transformer(golden.weights);
    transformer.feed({golden.token_ids().row(0), 1});
    const mpi::Work work = mpi::team.work;
    const Traffic expected = traffic_per_token(c);
    const bool sends = mpi::team.n_ranks > 1;
    CHECK(work.traffic.n_calls == (sends ? expected.n_calls : 0));
    CHECK(work.traffic.n_bytes == (sends ? expected.n_bytes : 0));

    // An expert's two matrices for each of its rows, and no row twice.
    CHECK(work.n_expert_bytes == work.n_expert_rows / 2 * expert_matrix_bytes(c));
    CHECK(work.n_all_expert_rows == 2 * c.n_layers * c.top_k);
    std::int64_t n_rows = 0;
    MPI_Allreduce(&work.n_expert_rows, &n_rows, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    CHECK(n_rows == work.n_all_expert_rows);
}
