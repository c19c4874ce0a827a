#include "gptoss/diagnose/weights_in_q8_0.hpp"

#include "catch.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/dump/read_dump.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;

TEST_CASE("weights in Q8_0: llama.cpp's embedding of such a file shows it", "[diagnose]") {
    const Weights stored = checkpoint::load_weights(GPTOSS_SOURCE_DIR "/examples/nano/model");
    dump::Dump theirs = dump::read_dump(GPTOSS_GOLDEN_DIR "/nano_q8_0_llama.gguf", {});
    CHECK(shows_q8_0(stored, theirs));

    const Weights rounded = all_dense_in_q8_0(stored);
    CHECK(rounded.embedding.storage == Storage::q8_0);
    CHECK(rounded.layers[3].attn.q.storage == Storage::q8_0);
    CHECK_FALSE(shows_q8_0(rounded, theirs));  // its rows are the table's as they are
    const std::vector<float>& rows = theirs.sites.at({Site::embedding, kNoLayer}).values;
    const std::int32_t last = theirs.tokens->back();
    for (int i = 0; i < 96; ++i) {
        CHECK(rows[rows.size() - 96 + std::size_t(i)] == rounded.embedding.row(last)[i]);
    }

    theirs.sites.at({Site::embedding, kNoLayer}).values[5] += 1e-3f;
    CHECK_FALSE(shows_q8_0(stored, theirs));
    theirs.sites.erase({Site::embedding, kNoLayer});
    CHECK_FALSE(shows_q8_0(stored, theirs));
}
