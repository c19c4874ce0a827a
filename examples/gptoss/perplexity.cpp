// gptoss perplexity: how surprised a model is by a text, or by what an assistant said.
#include "gptoss/run/perplexity.hpp"

#include <memory>
#include <string>
#include <vector>

#include "gptoss/harmony/conversation_file.hpp"
#include "gptoss/harmony/render.hpp"
#include "gptoss/ops/scalar.hpp"
#include "models.hpp"
#include "paths.hpp"
#include "signals.hpp"
#include "terminal.hpp"
#include "tokens.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kPerplexityExamples =
    "  gptoss perplexity --question 'What is 17 + 25?' '17 + 25 = 42.'\n"
    "  gptoss perplexity --model DIR - < book.txt         a bare text\n"
    "  gptoss perplexity --model DIR --conversation chat.json\n"
    "A bare text is far more surprising to gpt-oss than the same text as an answer: "
    "docs/tool.md.\n";

struct PerplexityFlags {
    std::string text;
    std::string question;
    std::string conversation;
    bool per_token = false;
};

// What is run, and what of it counts.
struct Passage {
    std::vector<std::int32_t> tokens;
    std::vector<bool> counts;
};

const tokenizer::Tokenizer& require_tokenizer(const OpenedModel& model) {
    if (model.tokenizer) return *model.tokenizer;
    throw Error(model.dir + " has no tokenizer.json: perplexity needs one");
}

// The text as what an assistant answers, in the final channel; its own tokens count.
Passage as_answer(const tokenizer::Tokenizer& tokenizer, const std::string& question,
                  const std::string& text) {
    const harmony::HarmonyEncoding encoding = harmony::harmony_encoding(tokenizer);
    harmony::Conversation conversation;
    conversation.messages = {
        harmony::Message::from_role_and_content(harmony::Role::system, harmony::SystemContent{}),
        harmony::Message::from_role_and_content(harmony::Role::user, question)};
    Passage passage;
    passage.tokens = harmony::render_conversation_for_completion(encoding, conversation,
                                                                 harmony::Role::assistant, {});
    const auto append = [&](const std::vector<std::int32_t>& ids) {
        passage.tokens.insert(passage.tokens.end(), ids.begin(), ids.end());
    };
    append(tokenizer.encode_with_special("<|channel|>final<|message|>"));
    passage.counts.assign(passage.tokens.size(), false);
    append(tokenizer.encode(text));
    passage.counts.resize(passage.tokens.size(), true);
    return passage;
}

Passage of_conversation(const tokenizer::Tokenizer& tokenizer, const std::string& path) {
    const harmony::HarmonyEncoding encoding = harmony::harmony_encoding(tokenizer);
    const harmony::Conversation conversation =
        harmony::read_conversation_file(format::read_ordered_json_file(path), path);
    Passage passage;
    passage.tokens = harmony::render_conversation_for_training(encoding, conversation, {false});
    passage.counts = assistant_tokens(encoding, passage.tokens);
    return passage;
}

Passage subject_of(const PerplexityFlags& flags, const OpenedModel& model) {
    const tokenizer::Tokenizer& tokenizer = require_tokenizer(model);
    if (!flags.conversation.empty()) return of_conversation(tokenizer, flags.conversation);
    const std::string text = text_argument(flags.text);
    if (!flags.question.empty()) {
        tokenizer::require_valid_utf8("--question", flags.question);
        return as_answer(tokenizer, flags.question, text);
    }
    Passage passage{tokenizer.encode(text), {}};
    passage.counts.assign(passage.tokens.size(), true);
    return passage;
}

std::size_t counted_bytes(const Passage& passage, const tokenizer::Vocabulary& vocabulary) {
    std::size_t n_bytes = 0;
    for (std::size_t t = 1; t < passage.tokens.size(); ++t) {
        if (passage.counts[t]) n_bytes += token_text(vocabulary, passage.tokens[t]).size();
    }
    return n_bytes;
}

// --- How it looks -----------------------------------------------------------------------------

Table token_table(const Passage& passage, const std::vector<double>& surprise,
                  const tokenizer::Vocabulary& vocabulary) {
    Table table{"rrlr"};
    table.add({"position", "id", "token", "nats"});
    for (std::size_t t = 1; t < passage.tokens.size(); ++t) {
        if (!passage.counts[t]) continue;
        const std::int32_t id = passage.tokens[t];
        table.add({std::to_string(t), std::to_string(id),
                   format::quoted(token_text(vocabulary, id)), formatted("%.4f", surprise[t])});
    }
    return table;
}

int run_perplexity(const PerplexityFlags& flags, const Globals& globals) {
    if (flags.text.empty() && flags.conversation.empty()) {
        throw Error("no text: expected a text or --conversation");
    }
    const StopOnSignal stop_on_signal;
    const OpenedModel model = open_model(globals);
    const Passage passage = subject_of(flags, model);
    if (passage.tokens.empty()) throw Error("the text has no tokens, expected at least two");
    ChosenTransformer transformer(model.weights, chosen_path(globals));
    StopWatch stop_watch;
    const ConstIdsView tokens{passage.tokens.data(), int(passage.tokens.size())};
    const std::vector<double> surprise =
        surprises(transformer, tokens, kPerplexityChunk, &stop_watch);
    const Perplexity perplexity = perplexity_of(surprise, passage.counts);
    const tokenizer::Vocabulary& vocabulary = model.tokenizer->vocabulary;
    const double bits = perplexity.bits_per_byte(counted_bytes(passage, vocabulary));

    if (globals.json) {
        nlohmann::ordered_json json;
        json["tokens"] = perplexity.n_tokens;
        json["tokens_in_all"] = passage.tokens.size();
        json["nats_per_token"] = perplexity.mean_surprise();
        json["perplexity"] = perplexity.value();
        json["bits_per_byte"] = bits;
        if (flags.per_token) json["ids"] = passage.tokens;
        if (flags.per_token) json["surprise"] = surprise;
        print_json(json);
        return 0;
    }
    if (flags.per_token) print(token_table(passage, surprise, vocabulary).text() + "\n");
    Table table{"ll"};
    table.add({"tokens", std::to_string(perplexity.n_tokens) + " that count, of " +
                             std::to_string(passage.tokens.size())});
    table.add({"nats per token", formatted("%.4f", perplexity.mean_surprise())});
    table.add({"perplexity", formatted("%.4f", perplexity.value())});
    table.add({"bits per byte", formatted("%.4f", bits)});
    print(table.text());
    return 0;
}

}  // namespace

void add_perplexity(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<PerplexityFlags>();
    CLI::App* perplexity = add_subcommand(app, "perplexity", "How surprising a text is to a model",
                                          kPerplexityExamples);
    CLI::Option* text =
        perplexity->add_option("TEXT", flags->text, "The text, as it is; - reads standard input");
    text->type_name("");
    CLI::Option* question =
        perplexity->add_option("--question", flags->question,
                               "Take TEXT as an assistant's answer to this, in the Harmony format");
    question->type_name("TEXT");
    perplexity
        ->add_option("--conversation", flags->conversation,
                     "A conversation instead of TEXT; what the assistant says counts")
        ->type_name("FILE.json")
        ->excludes(text)
        ->excludes(question);
    perplexity->add_flag("--per-token", flags->per_token, "Also a line per token");
    when_chosen(perplexity, tool, [flags, &tool] { return run_perplexity(*flags, tool.globals); });
}

}  // namespace gptoss::tool
