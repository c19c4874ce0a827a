// Model: a checkpoint that answers. For a program that wants to run one and nothing else.
//
//     gptoss::Model<gptoss::FastOps> model("gpt-oss-20b");
//     model.generate("The sun", {.max_tokens = 24}, print);             // print gets text
//     const std::string answer = model.ask("What is 17 + 25?");         // the final channel
//
// Ops is the path: ScalarOps to step through, FastOps to be quick, CudaOps on a GPU. What a caller
// wants beyond this is in tokenizer, transformer and encoding(): run/generate.hpp and run/chat.hpp
// work on them.
//
// Source   openai-harmony's format document: the answer to a user is what the final channel holds.
// Errors   Error, as load_weights, load_tokenizer, generate and chat_turn throw it.
// Pitfalls Both calls begin a new context; nothing is remembered between them. Without options the
//          likeliest token is taken each time.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gptoss/checkpoint/generation_config.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/model/copy_weights.hpp"
#include "gptoss/ops/scalar.hpp"
#include "gptoss/run/chat.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"
#include "gptoss/tokenizer/streaming_decoder.hpp"

namespace gptoss {

using OnText = std::function<void(std::string_view text)>;

// What ends a text: the config's ids, and the control tokens that the vocabulary has for it.
inline std::vector<std::int32_t> stop_ids(const Config& config,
                                          const tokenizer::Vocabulary& vocabulary) {
    std::vector<std::int32_t> ids = config.eos_token_ids;
    for (const char* name : {"<|return|>", "<|call|>", "<|endoftext|>"}) {
        const auto found = vocabulary.special_ids.find(name);
        if (found != vocabulary.special_ids.end()) ids.push_back(found->second);
    }
    return ids;
}

template <class Memory>
Weights load_weights_into(const std::filesystem::path& dir) {
    Weights weights = checkpoint::load_weights(dir);
    if constexpr (std::is_same_v<Memory, HostMemory>) {
        return weights;
    } else {
        return copy_weights<Memory>(weights);
    }
}

template <class Ops = ScalarOps>
struct Model {
    tokenizer::Tokenizer tokenizer;
    Transformer<Ops> transformer;
    checkpoint::GenerationConfig generation;

    explicit Model(const std::filesystem::path& dir);

    harmony::HarmonyEncoding encoding() const { return harmony::harmony_encoding(tokenizer); }

    // Continues text up to a stop token. on_text gets whole characters as they come; all of them
    // are returned.
    std::string generate(std::string_view text, GenerateOptions options = {},
                         const OnText& on_text = nullptr);

    // The text that the model means for the user: what it says in the final channel.
    std::string ask(const std::string& question, const GenerateOptions& options = {});
};

template <class Ops>
Model<Ops>::Model(const std::filesystem::path& dir)
    : tokenizer(tokenizer::load_tokenizer(dir)),
      transformer(load_weights_into<typename Ops::Memory>(dir)),
      generation(checkpoint::read_generation_config(dir)) {}

template <class Ops>
std::string Model<Ops>::generate(std::string_view text, GenerateOptions options,
                                 const OnText& on_text) {
    const std::vector<std::int32_t> prompt = tokenizer.encode(text);
    const std::vector<std::int32_t> stops = stop_ids(transformer.w.config, tokenizer.vocabulary);
    options.stop_ids.insert(options.stop_ids.end(), stops.begin(), stops.end());
    options.stop_ids.insert(options.stop_ids.end(), generation.eos_token_ids.begin(),
                            generation.eos_token_ids.end());
    transformer.cache = KvCache{};

    std::string generated;
    const auto add = [&](const std::string& piece) {
        generated += piece;
        if (on_text && !piece.empty()) on_text(piece);
    };
    tokenizer::StreamingDecoder decoder{tokenizer.vocabulary};
    const OnToken on_token = [&](std::int32_t id) {
        if (!is_stop(options, id)) add(decoder.push(id));
        return true;
    };
    gptoss::generate(transformer, {prompt.data(), int(prompt.size())}, options, on_token);
    add(decoder.finish());
    return generated;
}

template <class Ops>
std::string Model<Ops>::ask(const std::string& question, const GenerateOptions& options) {
    using harmony::Message;
    using harmony::Role;
    const harmony::HarmonyEncoding words = encoding();
    harmony::Conversation conversation;
    conversation.messages = {
        Message::from_role_and_content(Role::system, harmony::SystemContent{}),
        Message::from_role_and_content(Role::user, question),
    };
    transformer.cache = KvCache{};
    ModelSource<Ops> source{transformer, options};
    ChatOptions chat_options;
    chat_options.max_tokens = options.max_tokens;
    const ChatTurn turn = chat_turn(source, words, conversation, {}, chat_options);
    const Message& last = conversation.messages.back();
    if (last.channel == "final") return harmony::text_of(last);
    throw Error(
        "ask: the model gave no final answer" +
        (turn.error ? ": " + *turn.error : " in " + std::to_string(turn.n_tokens) + " tokens"));
}

}  // namespace gptoss
