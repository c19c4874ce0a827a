#include "gptoss/core/storage.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/core/view.hpp"

using namespace gptoss;

TEST_CASE("storage: two weights in each form, at an odd address", "[storage]") {
    const std::uint8_t bf16[] = {0xFF, 0x80, 0x3F, 0x40, 0xC0};                     // 1, -3
    const std::uint8_t f16[] = {0xFF, 0x00, 0x3C, 0x00, 0xC2};                      // 1, -3
    const std::uint8_t f32[] = {0xFF, 0, 0, 0x80, 0x3F, 0, 0, 0x40, 0xC0};          // 1, -3
    const std::uint8_t q8_0[1 + kQ8_0BlockBytes] = {0xFF, 0x00, 0x38, 2, 256 - 6};  // half of these
    CHECK(load_stored(Storage::bf16, bf16 + 1, 1) == -3.0f);
    CHECK(load_stored(Storage::f16, f16 + 1, 1) == -3.0f);
    CHECK(load_stored(Storage::f32, f32 + 1, 1) == -3.0f);
    CHECK(load_stored(Storage::q8_0, q8_0 + 1, 1) == -3.0f);
    CHECK(load_stored(Storage::q8_0, q8_0 + 1, 0) == 1.0f);
}

TEST_CASE("storage: a float32 keeps its last bit", "[storage]") {
    const std::uint8_t bytes[] = {0x01, 0, 0x80, 0x3F};
    CHECK(load_stored(Storage::f32, bytes, 0) == 1.0f + 0x1p-23f);
}

TEST_CASE("storage: bytes of 96 weights", "[storage]") {
    CHECK(storage_bytes(Storage::bf16, 96) == 192);
    CHECK(storage_bytes(Storage::f16, 96) == 192);
    CHECK(storage_bytes(Storage::f32, 96) == 384);
    CHECK(storage_bytes(Storage::q8_0, 96) == 102);
}

TEST_CASE("storage: a matrix of any form finds its second row", "[storage]") {
    for (const Storage storage : {Storage::bf16, Storage::f16, Storage::f32, Storage::q8_0}) {
        INFO(storage_name(storage));
        std::vector<std::uint8_t> bytes(2 * storage_bytes(storage, 64));
        const DenseMatrix m{bytes.data(), 2, 64, storage};
        std::uint8_t* second = bytes.data() + m.row_bytes();
        if (storage == Storage::bf16) second[1] = 0x40;  // 2, 2, 2 and a scale of 2
        if (storage == Storage::f16) second[1] = 0x40;
        if (storage == Storage::f32) second[3] = 0x40;
        if (storage == Storage::q8_0) second[1] = 0x40;
        if (storage == Storage::q8_0) second[2] = 1;
        CHECK(m.row(0)[63] == 0.0f);
        CHECK(m.row(1)[0] == 2.0f);
        CHECK(m.row(1)[1] == 0.0f);
    }
}
