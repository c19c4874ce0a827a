#include "gptoss/core/model_size.hpp"

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;

TEST_CASE("model_size: the tiny model, counted by hand", "[model_size]") {
    // Per layer: norm 64, qkv 512 x 64 + 512, out 64 x 256 + 64, sinks 4           = 49,796
    //            norm 64, router 8 x 64 + 8, 8 experts of (3 x 32 x 64 + 64 + 64)  = 50,760
    // Outside:   2 x 128 x 64 = 16,384 and the final norm 64
    const ModelSize size = model_size(preset_tiny());
    CHECK(size.attention == 4 * 49'796);
    CHECK(size.experts == 4 * 50'760);
    CHECK(size.total == 4 * (49'796 + 50'760) + 16'384 + 64);
    // One token: half of the outside matrices, and 4 of the 8 experts.
    CHECK(size.active == 8'192 + 64 + 4 * (49'796 + 64 + 520 + 4 * 6'272));
    // 4 x 8 x 6,144 expert weights in blocks of 32 in 17 bytes, all else in 2 bytes.
    CHECK(size.mxfp4 == 196'608);
    CHECK(size.payload_bytes == 196'608 / 32 * 17 + 2 * (size.total - 196'608));
}

TEST_CASE("model_size: the table of the model card", "[model_size]") {
    const ModelSize b20 = model_size(preset_20b());
    CHECK(b20.experts == 19'119'214'848);
    CHECK(b20.attention == 637'272'576);
    CHECK(b20.embedding == 1'158'266'880);
    CHECK(b20.final_norm == 2'880);
    CHECK(b20.total == 20'914'757'184);
    CHECK(b20.active == 3'608'307'264);
    CHECK(b20.mxfp4 == 19'110'297'600);

    const ModelSize b120 = model_size(preset_120b());
    CHECK(b120.experts == 114'714'978'048);
    CHECK(b120.attention == 955'908'864);
    CHECK(b120.embedding == 1'158'266'880);
    CHECK(b120.total == 116'829'156'672);
    CHECK(b120.active == 5'132'849'472);
    CHECK(b120.mxfp4 == 114'661'785'600);
}

TEST_CASE("model_size: payload bytes are the total_size of the released index files",
          "[model_size]") {
    CHECK(model_size(preset_20b()).payload_bytes == 13'761'264'768);
    CHECK(model_size(preset_120b()).payload_bytes == 65'248'815'744);
}

TEST_CASE("model_size: a cache keeps all positions of full layers and a window of the others",
          "[model_size]") {
    // 12 of 24 layers each; a position is 2 x 512 floats.
    const std::int64_t position = 2 * 512 * 4;
    CHECK(kv_cache_bytes(preset_20b(), 100, 128) == 24 * 100 * position);
    CHECK(kv_cache_bytes(preset_20b(), 1000, 128) == 12 * (1000 + 128) * position);
}

TEST_CASE("model_size: a visible key costs two multiply-adds per query channel", "[model_size]") {
    const Config c = with_layers(preset_20b(), 1);  // one sliding layer
    const double one_key = flops_per_token(c, 2) - flops_per_token(c, 1);
    CHECK(one_key == 2 * 2 * 4096);
    CHECK(flops_per_token(c, 128) == flops_per_token(c, 1000));
    CHECK(flops_per_token(c, 0) == 2.0 * double(model_size(c).active));
}
