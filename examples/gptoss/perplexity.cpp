// gptoss perplexity: how surprised a model is by a text, or by what an assistant said.
#include "gptoss/run/perplexity.hpp"

#include <memory>
#include <string>
#include <vector>

#include "gptoss/ops/scalar.hpp"
#include "gptoss/text/harmony_json.hpp"
#include "gptoss/text/harmony_render.hpp"
#include "models.hpp"
#include "signals.hpp"
#include "terminal.hpp"
#include "tokens.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kExamples =
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
struct Subject {
    std::vector<std::int32_t> tokens;
    std::vector<bool> counts;
};

const Tokenizer& require_tokenizer(const Model& model) {
    if (model.tokenizer) return *model.tokenizer;
    throw Error(model.dir + " has no tokenizer.json: perplexity needs one");
}

// The text as what an assistant answers, in the final channel; its own tokens count.
Subject as_answer(const Tokenizer& tokenizer, const std::string& question,
                  const std::string& text) {
    const HarmonyEncoding encoding = harmony_encoding(tokenizer);
    Conversation conversation;
    conversation.messages = {Message::from_role_and_content(Role::system, SystemContent{}),
                             Message::from_role_and_content(Role::user, question)};
    Subject subject;
    subject.tokens =
        render_conversation_for_completion(encoding, conversation, Role::assistant, {});
    const auto append = [&](const std::vector<std::int32_t>& ids) {
        subject.tokens.insert(subject.tokens.end(), ids.begin(), ids.end());
    };
    append(tokenizer.encode_with_special("<|channel|>final<|message|>"));
    subject.counts.assign(subject.tokens.size(), false);
    append(tokenizer.encode(text));
    subject.counts.resize(subject.tokens.size(), true);
    return subject;
}

Subject of_conversation(const Tokenizer& tokenizer, const std::string& path) {
    const HarmonyEncoding encoding = harmony_encoding(tokenizer);
    const Conversation conversation = read_conversation(read_ordered_json_file(path), path);
    Subject subject;
    subject.tokens = render_conversation_for_training(encoding, conversation, {false});
    subject.counts = assistant_tokens(encoding, subject.tokens);
    return subject;
}

Subject subject_of(const PerplexityFlags& flags, const Model& model) {
    const Tokenizer& tokenizer = require_tokenizer(model);
    if (!flags.conversation.empty()) return of_conversation(tokenizer, flags.conversation);
    const std::string text = text_argument(flags.text);
    if (!flags.question.empty()) return as_answer(tokenizer, flags.question, text);
    Subject subject{tokenizer.encode(text), {}};
    subject.counts.assign(subject.tokens.size(), true);
    return subject;
}

std::size_t counted_bytes(const Subject& subject, const Vocabulary& vocabulary) {
    std::size_t n_bytes = 0;
    for (std::size_t t = 1; t < subject.tokens.size(); ++t) {
        if (subject.counts[t]) n_bytes += token_text(vocabulary, subject.tokens[t]).size();
    }
    return n_bytes;
}

// --- How it looks -----------------------------------------------------------------------------

Table token_table(const Subject& subject, const std::vector<double>& surprise,
                  const Vocabulary& vocabulary) {
    Table table{"rrlr"};
    table.add({"position", "id", "token", "nats"});
    for (std::size_t t = 1; t < subject.tokens.size(); ++t) {
        if (!subject.counts[t]) continue;
        const std::int32_t id = subject.tokens[t];
        table.add({std::to_string(t), std::to_string(id), quoted(token_text(vocabulary, id)),
                   formatted("%.4f", surprise[t])});
    }
    return table;
}

int run_perplexity(const PerplexityFlags& flags, const Globals& globals) {
    if (flags.text.empty() && flags.conversation.empty()) {
        throw Error("no text: expected a text or --conversation");
    }
    const StopOnSignal stop_on_signal;
    const Model model = open_model(globals);
    const Subject subject = subject_of(flags, model);
    if (subject.tokens.empty()) throw Error("the text has no tokens, expected at least two");
    Transformer<ScalarOps> transformer(model.weights);
    StopWatch stop_watch;
    const ConstIdsView tokens{subject.tokens.data(), int(subject.tokens.size())};
    const std::vector<double> surprise =
        surprises(transformer, tokens, kPerplexityChunk, &stop_watch);
    const Perplexity perplexity = perplexity_of(surprise, subject.counts);
    const Vocabulary& vocabulary = model.tokenizer->vocabulary;
    const double bits = perplexity.bits_per_byte(counted_bytes(subject, vocabulary));

    if (globals.json) {
        nlohmann::ordered_json json;
        json["tokens"] = perplexity.n_tokens;
        json["tokens_in_all"] = subject.tokens.size();
        json["nats_per_token"] = perplexity.mean_surprise();
        json["perplexity"] = perplexity.value();
        json["bits_per_byte"] = bits;
        if (flags.per_token) json["ids"] = subject.tokens;
        if (flags.per_token) json["surprise"] = surprise;
        print_json(json);
        return 0;
    }
    if (flags.per_token) print(token_table(subject, surprise, vocabulary).text() + "\n");
    Table table{"ll"};
    table.add({"tokens", std::to_string(perplexity.n_tokens) + " that count, of " +
                             std::to_string(subject.tokens.size())});
    table.add({"nats per token", formatted("%.4f", perplexity.mean_surprise())});
    table.add({"perplexity", formatted("%.4f", perplexity.value())});
    table.add({"bits per byte", formatted("%.4f", bits)});
    print(table.text());
    return 0;
}

}  // namespace

void add_perplexity(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<PerplexityFlags>();
    CLI::App* perplexity =
        add_subcommand(app, "perplexity", "How surprising a text is to a model", kExamples);
    CLI::Option* text =
        perplexity->add_option("TEXT", flags->text, "The text, as it is; - reads standard input");
    text->type_name("");
    perplexity
        ->add_option("--question", flags->question,
                     "Take TEXT as an assistant's answer to this, in the Harmony format")
        ->type_name("TEXT");
    perplexity
        ->add_option("--conversation", flags->conversation,
                     "A conversation instead of TEXT; what the assistant says counts")
        ->type_name("FILE.json")
        ->excludes(text);
    perplexity->add_flag("--per-token", flags->per_token, "Also a line per token");
    when_chosen(perplexity, tool, [flags, &tool] { return run_perplexity(*flags, tool.globals); });
}

}  // namespace gptoss::tool
