// Writes every activation of a run on the plain path: built by g++ and, for WebAssembly, by em++, it
// leaves the same bytes (tests/live/same_bits.py compares them).
//
//     dump MODEL_DIR OUT.safetensors 1,2,3
#include "gptoss/dump/dump.hpp"

#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "gptoss/checkpoint/load.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "gptoss/model/transformer.hpp"

namespace {

std::vector<std::int32_t> ids_of(const std::string& list) {
    std::vector<std::int32_t> ids;
    std::istringstream stream(list);
    for (std::string id; std::getline(stream, id, ',');) {
        ids.push_back(std::int32_t(std::stoi(id)));
    }
    return ids;
}

void write_run(const std::string& model_dir, const std::string& out, const std::string& list) {
    gptoss::Transformer<> transformer(gptoss::checkpoint::load_weights(model_dir));
    const gptoss::Config& config = transformer.w.config;
    const std::vector<std::int32_t> ids = ids_of(list);
    gptoss::dump::Recorder recorder(config, gptoss::dump::all_sites());
    transformer.feed({ids.data(), int(ids.size())}, gptoss::LogitRows::all, &recorder);
    gptoss::dump::write_dump(out, recorder, gptoss::format::hugging_face_config_text(config));
}

}  // namespace

int main(int n_arguments, char** arguments) {
    if (n_arguments != 4) {
        std::fprintf(stderr, "usage: dump MODEL_DIR OUT.safetensors 1,2,3\n");
        return 2;
    }
    try {
        write_run(arguments[1], arguments[2], arguments[3]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
