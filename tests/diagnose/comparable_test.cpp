#include "gptoss/diagnose/comparable.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::diagnose;
using namespace gptoss::dump;

namespace {

CompareRow row_with(Site site, std::int64_t n_values, const char* note) {
    CompareRow row{{site, is_per_layer(site) ? 0 : kNoLayer}};
    row.metrics.n_values = n_values;
    row.outcome = n_values > 0 ? Outcome::ok : Outcome::shape;
    row.note = note;
    return row;
}

}  // namespace

TEST_CASE("comparable: two of three arrays are enough, and the third is told", "[diagnose]") {
    Comparison c;
    c.rows = {row_with(Site::embedding, 9, ""), row_with(Site::logits, 9, ""),
              row_with(Site::final_norm, 0, "is empty")};
    const Comparable found = comparable_arrays(c, {}, {});
    CHECK(found.is_enough);
    CHECK(found.n_sites == 2);
    CHECK(found.not_compared == std::vector<std::string>{"final_norm: is empty"});
    CHECK(found.notes == found.not_compared);
}

TEST_CASE("comparable: a dump of mostly other names is not enough", "[diagnose]") {
    Comparison c;
    c.rows = {row_with(Site::embedding, 9, "")};
    Dump theirs;
    theirs.name = "their.npz";
    theirs.unknown_names = {"a", "b"};
    const Comparable found = comparable_arrays(c, {}, theirs);
    CHECK(!found.is_enough);
    CHECK_THAT(found.reason, ContainsSubstring("2 arrays of 3 cannot be compared, as their.npz: "));
}

TEST_CASE("comparable: llama.cpp's graph has more arrays than sites", "[diagnose]") {
    Comparison c;
    c.rows = {row_with(Site::embedding, 9, "")};
    Dump theirs;
    theirs.unknown_names = {"kqv-0", "norm-0"};
    theirs.is_llama_cpp = true;
    const Comparable found = comparable_arrays(c, {}, theirs);
    CHECK(found.is_enough);
    CHECK(found.notes.size() == 1);
}

TEST_CASE("comparable: a layer that the model lacks is not compared", "[diagnose]") {
    Comparison c;
    c.rows = {row_with(Site::embedding, 9, "")};
    Dump theirs;
    theirs.sites[{Site::attn_q, 7}] = {{1, 1}, {0}, {}};
    const Comparable found = comparable_arrays(c, {}, theirs);
    CHECK(found.is_enough);
    CHECK(found.not_compared ==
          std::vector<std::string>{"block.7.attn.q: the model has no such layer"});
}

TEST_CASE("comparable: a dump whose arrays have other shapes is another model's", "[diagnose]") {
    Comparison c;
    c.rows = {row_with(Site::embedding, 0, "has 3 columns, expected 2")};
    const Comparable found = comparable_arrays(c, {}, {});
    CHECK(!found.is_enough);
    CHECK_THAT(found.reason, ContainsSubstring("1 array of 1 cannot be compared, as embedding: "));
    CHECK_THAT(found.reason, ContainsSubstring("is it the dump of another model?"));
}

TEST_CASE("comparable: layers that the dump ends in front of are named", "[diagnose]") {
    Dump theirs;
    theirs.sites[{Site::mlp_residual, 0}] = {{1, 1}, {0}, {}};
    CHECK(layers_without_arrays(theirs, 1) == "");
    CHECK(layers_without_arrays(theirs, 2) == "layer 1");
    CHECK(layers_without_arrays(theirs, 4) == "layers 1 to 3");
    theirs.sites[{Site::logits}] = {{1, 1}, {0}, {}};  // which layers 1 to 3 go into
    CHECK(layers_without_arrays(theirs, 4) == "");
}
