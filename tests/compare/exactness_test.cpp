#include "gptoss/compare/exactness.hpp"

#include "catch.hpp"
#include "gptoss/compare/compare.hpp"
#include "gptoss/ops/bf16.hpp"
#include "port_ops.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::dump;
using namespace gptoss::test;

namespace {

// Two norms and a matrix product of layer 0, with these rms errors.
std::vector<CompareRow> rows_with(double norm, double q) {
    std::vector<CompareRow> rows{{{Site::embedding}}, {{Site::attn_norm, 0}}, {{Site::attn_q, 0}}};
    for (CompareRow& row : rows) {
        row.n_strict = 1;
        row.metrics.n_values = 1;
    }
    rows[1].metrics.relative = norm;
    rows[2].metrics.relative = q;
    return rows;
}

std::string text_of(double norm, double q, NumberFormat kept = NumberFormat::float32) {
    const Bounds bounds{Policy::float32, 2880, 1, 8};
    const auto found = exactness_of(rows_with(norm, q), bounds, kept);
    return found ? exactness_text(*found) : "";
}

template <class Ops>
Comparison compared(Policy policy) {
    static const Dump reference = port_run<ScalarOps>(wide_weights(), "reference");
    CompareOptions options;
    options.policy = policy;
    return compare_dumps(reference, port_run<Ops>(wide_weights(), "port"), options);
}

template <class Ops>
std::string arithmetic_of(Policy policy) {
    const Comparison c = compared<Ops>(policy);
    INFO(c.reason);
    CHECK(c.verdict == Verdict::pass);
    return c.exactness ? c.exactness->arithmetic : "";
}

}  // namespace

TEST_CASE("exactness: ports of every kind at 2880 channels pass and are told theirs",
          "[exactness]") {
    CHECK(arithmetic_of<ScalarOps>(Policy::float32) == "float32, sums in blocks");
    CHECK(arithmetic_of<PortOps<Blocks>>(Policy::float32) == "float32, sums in blocks");
    CHECK(arithmetic_of<PortOps<LongSum>>(Policy::float32) == "float32 with one long sum");
    CHECK(arithmetic_of<PortOps<FusedSum>>(Policy::float32) == "float32 with one long sum");
    CHECK(arithmetic_of<PortOps<Tf32>>(Policy::bf16) == "11-bit products (TF32, float16)");
    CHECK(arithmetic_of<PortOps<Bf16Products>>(Policy::bf16) == "8-bit products (bf16)");
    CHECK(arithmetic_of<Bf16Ops>(Policy::bf16) == "activations kept in bf16");
}

TEST_CASE("exactness: held to float32, TF32 diverges and is told the policy that allows for it",
          "[exactness]") {
    const Comparison c = compared<PortOps<Tf32>>(Policy::float32);
    CHECK(c.verdict == Verdict::diverged);
    CHECK(!c.exactness);
    REQUIRE(!c.notes.empty());
    CHECK(c.notes.back() ==
          "no error is larger than 11-bit products (TF32, float16) would make it: "
          "if port has such, take the float16 policy");
    CHECK(c.policy_of_products == Policy::float16);
}

// The errors are those of ports at the widths of 20b, as scripts/right_ports.py measures them.
TEST_CASE("exactness: how a port adds up and multiplies shows at the first norm and product",
          "[exactness]") {
    CHECK_THAT(text_of(6e-8, 2.6e-7), ContainsSubstring("block.0.attn.q: float32, sums in blocks"));
    CHECK_THAT(text_of(1.7e-5, 1.7e-5),
               StartsWith("rms error 1.7e-05 at block.0.attn.norm: float32 "
                          "with one long sum; sums in blocks reach "));
    CHECK_THAT(text_of(6e-8, 2e-4), ContainsSubstring("block.0.attn.q: 11-bit products"));
    CHECK_THAT(text_of(6e-8, 1.6e-3), ContainsSubstring("block.0.attn.q: 8-bit products"));
}

TEST_CASE("exactness: 16-bit activations are what they are kept in", "[exactness]") {
    CHECK_THAT(text_of(2e-4, 2e-4, NumberFormat::float16), ContainsSubstring("kept in float16"));
    CHECK_THAT(text_of(1.7e-3, 1.7e-3, NumberFormat::bf16), ContainsSubstring("kept in bf16"));
}

TEST_CASE("exactness: products are short if the first norm is exact and q, k and v are all off",
          "[exactness]") {
    const Bounds bounds{Policy::float32, 2880, 1, 8};
    const auto policy_of = [&bounds](double norm, double q, double k, double v) {
        std::vector<CompareRow> rows;
        const Site sites[4] = {Site::attn_norm, Site::attn_q, Site::attn_k, Site::attn_v};
        const double errors[4] = {norm, q, k, v};
        for (int i = 0; i < 4; ++i) {
            rows.push_back({{sites[i], 0}});
            rows.back().relative_tolerance = bounds.at(rows.back().key).rms;
            rows.back().metrics.relative = errors[i];
        }
        return policy_of_products(rows, bounds);
    };
    CHECK(policy_of(1e-7, 2e-4, 2e-4, 2e-4) == Policy::float16);
    CHECK(policy_of(1e-7, 2e-3, 2e-3, 2e-3) == Policy::bf16);
    CHECK(!policy_of(1e-7, 2e-3, 1e-7, 2e-3));  // then q and v are wrong
    CHECK(!policy_of(1e-3, 2e-3, 2e-3, 2e-3));  // then the norm is
    CHECK(!policy_of(1e-7, 2e-3, 2e-3, 0.1));   // then v is
}

TEST_CASE("exactness: errors larger than any rounding have no arithmetic", "[exactness]") {
    CHECK(text_of(6e-8, 0.1) == "");
    CHECK(!exactness_of({}, Bounds{}, NumberFormat::float32));
}

TEST_CASE("exactness: only products that are too short for float32 count as such", "[exactness]") {
    const Bounds bounds{Policy::float32, 2880, 1, 8};
    CHECK(exactness_of(rows_with(6e-8, 2e-4), bounds, NumberFormat::float32)->has_short_products);
    CHECK(
        !exactness_of(rows_with(1.7e-5, 2e-5), bounds, NumberFormat::float32)->has_short_products);
}
