#include "gptoss/diagnose/embedding_hint.hpp"

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/diagnose/anchored_run.hpp"
#include "planted_dump.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::diagnose;
using namespace gptoss::dump;
using namespace gptoss::test;

TEST_CASE("embedding hint: other tokens and other weights are told apart", "[diagnose]") {
    const Weights weights = synthetic_weights(with_layers(preset_tiny(), 1), 5);
    Dump dump = planted_dump(right_model<ScalarOps>(), weights, {7, 90, 33});
    CHECK(embedding_hint(weights, dump) == "");
    dump.tokens = {7, 90, 3};
    CHECK(embedding_hint(weights, dump) ==
          "row 2 of the embedding is that of token 33, not of 3: other tokens");
    dump.sites.at({Site::embedding, kNoLayer}).values[1] = 0.3f;
    CHECK(embedding_hint(weights, dump) ==
          "row 0 of the embedding is no row of this model's table: other weights");
}
