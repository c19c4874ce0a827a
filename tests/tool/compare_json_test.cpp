#include "../../examples/gptoss/compare_json.hpp"

#include <limits>
#include <set>
#include <string>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::tool;
using namespace gptoss::compare;
using namespace gptoss::format;

TEST_CASE("compare json: verdict, first divergence, sites, experts and logits", "[compare_json]") {
    Comparison c;
    c.verdict = Verdict::diverged;
    c.reason = "why";
    CompareRow row{{Site::attn_q, 3}};
    row.outcome = Outcome::nan;
    row.metrics.n_nan = 2;
    row.tolerance = 0.5;
    c.rows = {row};
    c.first_divergence = 0;
    ExpertChange change;
    change.token = 7;
    change.is_near_tie = true;
    c.changes = {change};
    c.logits = LogitMetrics{};

    const OrderedJson json = comparison_json(c);
    CHECK(json["verdict"] == "diverged");
    CHECK(json["first_divergence"] == "block.3.attn.q");
    CHECK(json["sites"][0]["outcome"] == "nan");
    CHECK(json["sites"][0]["n_nan"] == 2);
    CHECK(json["sites"][0]["tolerance"] == 0.5);
    CHECK(json["expert_changes"][0]["token"] == 7);
    CHECK(json["expert_changes"][0]["near_tie"] == true);
    CHECK(json["logits"]["top_1"] == 1);
}

TEST_CASE("compare json: what there is not is null, an infinite error too", "[compare_json]") {
    Comparison c;
    CompareRow row{{Site::attn_q, 3}};
    row.metrics.error = std::numeric_limits<double>::infinity();
    row.metrics.n_values = 1;
    c.rows = {row};
    const OrderedJson json = OrderedJson::parse(comparison_json(c).dump());
    CHECK(json["verdict"] == "unusable");
    CHECK(json["first_divergence"].is_null());
    CHECK(json["logits"].is_null());
    CHECK(json["sites"][0]["error"].is_null());
}

TEST_CASE("compare json: where no value is a number nothing looks like a match", "[compare_json]") {
    Comparison c;
    CompareRow row{{Site::attn_q, 3}};
    row.outcome = Outcome::nan;
    row.metrics.n_nan = 4;  // of four
    c.rows = {row};
    const OrderedJson json = comparison_json(c);
    for (const char* measure :
         {"error", "relative", "max", "mean", "cosine", "bf16_ulps", "bf16_equal"}) {
        CHECK(json["sites"][0][measure].is_null());
    }
    CHECK(json["sites"][0]["n_reference_nan"] == 0);
}

TEST_CASE("compare json: every outcome has a name and a key of its own", "[compare_json]") {
    std::set<std::string> names, keys;
    for (int i = 0; i <= int(Outcome::nan_reference); ++i) {
        names.insert(outcome_name(Outcome(i)));
        keys.insert(outcome_key(Outcome(i)));
    }
    CHECK(names.size() == 10);
    CHECK(keys.size() == 10);
}
