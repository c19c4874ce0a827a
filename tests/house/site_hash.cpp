// Prints one hash per activation of the tiny model, for same_bits.sh, which compares compilers.
#include <cstdio>
#include <string_view>

#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/transformer.hpp"

struct HashSites : gptoss::Watch {
    bool wants(gptoss::Site, int) override { return true; }

    void show(gptoss::Site site, int layer, gptoss::ConstMatrixView values) override {
        print_hash(site, layer, values.data, values.rows * values.cols);
    }
    void show_ids(gptoss::Site site, int layer, gptoss::ConstIdsView ids) override {
        print_hash(site, layer, ids.data, ids.rows * ids.cols);
    }

    // floats and ids are both four bytes wide
    static void print_hash(gptoss::Site site, int layer, const void* data, int count) {
        const std::string_view bytes(static_cast<const char*>(data), 4 * std::size_t(count));
        const auto hash = static_cast<unsigned long long>(gptoss::fnv1a(bytes));
        std::printf("%016llx  %s\n", hash, gptoss::site_name(site, layer).c_str());
    }
};

int main() {
    const std::int32_t tokens[12] = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42};
    gptoss::Transformer<> transformer(
        gptoss::checkpoint::synthetic_weights(gptoss::preset_tiny(), 1));
    HashSites hashes;
    transformer.feed({tokens, 12}, gptoss::LogitRows::all, &hashes);
}
