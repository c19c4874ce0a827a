// One file of one kind read by our readers: status 0 if it is accepted, 1 with the error's line if not.
//
//     gptoss_malformed safetensors FILE
#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "gptoss/checkpoint/checkpoint_files.hpp"
#include "gptoss/dump/read_dump.hpp"
#include "gptoss/format/gguf.hpp"
#include "gptoss/format/npy.hpp"
#include "gptoss/format/zip.hpp"
#include "gptoss/harmony/conversation_file.hpp"
#include "gptoss/harmony/parse.hpp"
#include "gptoss/tokenizer/tiktoken_file.hpp"
#include "gptoss/tokenizer/tokenizer_json.hpp"

namespace {

using namespace gptoss;
using Path = std::string;

void read_npy_file(const Path& path) {
    const format::NpyArray npy = format::open_npy(path);
    if (!npy.refusal.empty()) throw Error(path + ": " + npy.refusal);
}

void read_zip_file(const Path& path) {
    const format::MappedFile file(path);
    for (const format::ZipMember& member : format::read_zip(path, file.bytes(), file.size()))
        dump::require_stored(path, member);
}

// A file of token ids, as the assistant's answer: parsed, rendered, and no control token in it that
// the answer did not have.
void read_harmony(const Path& path) {
    const tokenizer::Tokenizer tokenizer{tokenizer::load_tiktoken_file(GPTOSS_O200K)};
    const harmony::HarmonyEncoding encoding = harmony::harmony_encoding(tokenizer);
    std::ifstream file(path);
    std::vector<std::int32_t> ids;
    for (std::int32_t id; file >> id;)
        ids.push_back(id);
    const harmony::ParseResult result =
        harmony::parse_messages_from_completion_tokens(encoding, ids, harmony::Role::assistant);
    if (result.error)
        throw Error(path + ": token " + std::to_string(result.error->at) + ": " +
                    result.error->text);
}

const std::map<std::string, void (*)(const Path&)>& readers() {
    static const std::map<std::string, void (*)(const Path&)> all = {
        {"safetensors", [](const Path& path) { format::open_safetensors(path); }},
        {"index", [](const Path& path) { checkpoint::open_checkpoint(path); }},
        {"gguf", [](const Path& path) { format::open_gguf(path); }},
        {"config", [](const Path& path) { checkpoint::read_model_config(path); }},
        {"tokenizer", [](const Path& path) { tokenizer::load_tokenizer_json(path); }},
        {"tiktoken",
         [](const Path& path) {
             tokenizer::load_tiktoken_file(path, std::vector<tokenizer::SpecialToken>{});
         }},
        {"conversation",
         [](const Path& path) {
             harmony::read_conversation_file(format::read_ordered_json_file(path), path);
         }},
        {"harmony", &read_harmony},
        {"dump", [](const Path& path) { dump::read_dump(path, {}); }},
        {"npy", &read_npy_file},
        {"zip", &read_zip_file},
    };
    return all;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3 || !readers().contains(argv[1])) {
        std::fprintf(stderr, "usage: gptoss_malformed KIND FILE\n");
        return 2;
    }
    try {
        readers().at(argv[1])(argv[2]);
        return 0;
    } catch (const gptoss::Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
