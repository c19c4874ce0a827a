// The library for a page: C functions that take and return JSON, compiled to WebAssembly.
//
//     live_open("/model")                              {"config": {...}}
//     live_prompt({"kind": "chat", "text": "...", "effort": "low"})    {"tokens": [...]}
//     live_begin({"ids": [...], "edits": [...]})       {}      then live_next() until "stop"
//     live_next("")                                    {"token": {...}, "stop": false}
//     live_run({"ids": [...], "edits": [...]})         {"arrays": {...}, ...}, numbers behind live_bytes()
//
// Errors   {"error": "a sentence"}; the state is then as before the call.
// Pitfalls What a function returns lives until the next call.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edits.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/harmony/chat_prompt.hpp"
#include "gptoss/run/generate.hpp"
#include "gptoss/run/model.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"
#include "page_json.hpp"
#include "page_run.hpp"

namespace gptoss::live {
namespace {

constexpr int kMaxTokens = 400;  // of a run: its numbers take 46 MB then

// Carries out edits and keeps what the page shows.
struct PageWatch : EditingWatch {
    PageRun& run;

    PageWatch(const Config& config, std::vector<Edit> edits, PageRun& page_run)
        : EditingWatch(config, std::move(edits)), run(page_run) {}
    bool wants(Site, int) override { return true; }
    void show(Site site, int layer, ConstMatrixView values) override {
        run.add(site, layer, values);
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override { run.add(site, layer, ids); }
    void edit_attention(int layer, VectorView sinks, int& window) override {
        EditingWatch::edit_attention(layer, sinks, window);
        run.set_window(layer, window);
    }
};

struct Live {
    Weights weights;
    std::optional<tokenizer::Tokenizer> tokenizer = {};
    std::vector<std::int32_t> stops = {};
    std::unique_ptr<Transformer<>> answerer = {};  // of the answer that live_next goes on with
    std::unique_ptr<EditingWatch> watch = {};
    int n_fed = 0;
    PageArrays arrays = {};  // of the run that was last

    const tokenizer::Vocabulary* vocabulary() const {
        return tokenizer ? &tokenizer->vocabulary : nullptr;
    }
};

std::unique_ptr<Live> live;  // the model of the page
std::string answer;

Live& opened() {
    if (live == nullptr) throw Error("no model is open");
    return *live;
}

const char* answer_of(const std::function<Json()>& work) {
    try {
        answer = work().dump();
    } catch (const std::exception& error) {
        answer = Json{{"error", tokenizer::replace_invalid_utf8(error.what())}}.dump();
    }
    return answer.c_str();
}

void require_fits(std::size_t n_tokens) {
    if (n_tokens == 0) throw Error("there is nothing to run: expected a token or more");
    if (n_tokens <= std::size_t(kMaxTokens)) return;
    throw Error("the run has " + std::to_string(n_tokens) + " tokens, expected at most " +
                std::to_string(kMaxTokens) + " in the page (gptoss trace --html takes more)");
}

// --- What can be asked --------------------------------------------------------------------------

Json open_model(const std::string& dir) {
    auto next = std::make_unique<Live>(Live{checkpoint::load_weights(dir)});
    const Config& config = next->weights.config;
    next->stops = checkpoint::read_generation_config(dir).eos_token_ids;
    std::vector<std::int32_t> stops = config.eos_token_ids;
    if (std::filesystem::exists(tokenizer::tokenizer_file(dir))) {
        next->tokenizer = tokenizer::load_tokenizer(dir);
        stops = stop_ids(config, next->tokenizer->vocabulary);
    }
    next->stops.insert(next->stops.end(), stops.begin(), stops.end());
    live = std::move(next);
    return {{"config", config_json(config)}, {"has_tokenizer", live->tokenizer.has_value()}};
}

std::vector<std::int32_t> chat_ids(const tokenizer::Tokenizer& words, const std::string& question,
                                   const std::string& effort) {
    using harmony::Message;
    using harmony::Role;
    harmony::SystemContent system;
    system.reasoning_effort = effort == "high"  ? harmony::ReasoningEffort::high
                              : effort == "low" ? harmony::ReasoningEffort::low
                                                : harmony::ReasoningEffort::medium;
    harmony::Conversation conversation;
    conversation.messages = {Message::from_role_and_content(Role::system, system),
                             Message::from_role_and_content(Role::user, question)};
    return harmony::chat_prompt(harmony::harmony_encoding(words), conversation);
}

Json prompt(const nlohmann::json& request) {
    const Live& l = opened();
    const std::string text = request.value("text", "");
    if (!l.tokenizer) throw Error("the model has no tokenizer.json: give token ids, as 1 2 3");
    if (text.empty()) throw Error("the prompt is empty: expected a text");
    const std::vector<std::int32_t> ids =
        request.value("kind", "chat") == "chat"
            ? chat_ids(*l.tokenizer, text, request.value("effort", "medium"))
            : l.tokenizer->encode_with_special(text);
    require_fits(ids.size());
    return {{"tokens", tokens_json(l.vocabulary(), ids)}};
}

// A layer without a window keeps everything: its ring would have written over what it sees.
Weights with_windows_off(Weights weights, const std::vector<Edit>& edits) {
    for (int layer = 0; layer < weights.config.n_layers; ++layer) {
        for (const Edit& edit : edits) {
            const bool is_meant = edit.layer < 0 || edit.layer == layer;
            if (edit.change != Change::window_off || !is_meant) continue;
            weights.config.layer_kinds[std::size_t(layer)] = AttentionKind::full;
        }
    }
    return weights;
}

Json begin(const nlohmann::json& request) {
    Live& l = opened();
    const auto ids = request.at("ids").get<std::vector<std::int32_t>>();
    const Config& config = l.weights.config;
    const std::vector<Edit> edits = parse_edits(request.at("edits").dump(), config);
    require_fits(ids.size());
    require_token_ids({ids.data(), int(ids.size())}, config.vocab_size);
    l.answerer = std::make_unique<Transformer<>>(with_windows_off(l.weights, edits));
    l.watch = std::make_unique<EditingWatch>(config, edits);
    l.answerer->feed({ids.data(), int(ids.size())}, LogitRows::last, l.watch.get());
    l.n_fed = int(ids.size());
    return Json::object();
}

Json next() {
    Live& l = opened();
    if (l.answerer == nullptr) throw Error("live_next: no answer was begun");
    const ConstMatrixView logits = l.answerer->a.logits;
    const std::int32_t id = top_ids({logits.row(logits.rows - 1), logits.cols}, 1)[0];
    const bool stops = std::find(l.stops.begin(), l.stops.end(), id) != l.stops.end();
    const bool is_full = ++l.n_fed >= kMaxTokens;
    if (!stops && !is_full) l.answerer->feed({&id, 1}, LogitRows::last, l.watch.get());
    return {
        {"token", token_json(l.vocabulary(), id)}, {"stop", stops || is_full}, {"full", is_full}};
}

Json run(const nlohmann::json& request) {
    Live& l = opened();
    const auto ids = request.at("ids").get<std::vector<std::int32_t>>();
    const Config& config = l.weights.config;
    require_fits(ids.size());
    require_token_ids({ids.data(), int(ids.size())}, config.vocab_size);

    l.arrays = {};
    PageRun page_run(l.weights, int(ids.size()));
    PageWatch watch(config, parse_edits(request.at("edits").dump(), config), page_run);
    Transformer<> transformer(l.weights);
    transformer.feed({ids.data(), int(ids.size())}, LogitRows::all, &watch);
    page_run.finish();
    l.arrays = std::move(page_run.arrays);
    return {{"tokens", tokens_json(l.vocabulary(), ids)},
            {"arrays", l.arrays.index()},
            {"windows", page_run.windows()},
            {"texts", texts_of_guesses(l.vocabulary(), l.arrays)},
            {"edited", watch.noted()}};
}

}  // namespace
}  // namespace gptoss::live

// --- The C functions ------------------------------------------------------------------------------

extern "C" {

using namespace gptoss::live;

const char* live_open(const char* dir) {
    return answer_of([dir] { return open_model(dir); });
}
const char* live_prompt(const char* request) {
    return answer_of([request] { return prompt(nlohmann::json::parse(request)); });
}
const char* live_begin(const char* request) {
    return answer_of([request] { return begin(nlohmann::json::parse(request)); });
}
const char* live_next() {
    return answer_of([] { return next(); });
}
const char* live_run(const char* request) {
    return answer_of([request] { return run(nlohmann::json::parse(request)); });
}
const std::uint8_t* live_bytes() {
    return live ? live->arrays.bytes.data() : nullptr;
}
std::size_t live_n_bytes() {
    return live ? live->arrays.bytes.size() : 0;
}

}  // extern "C"
