// gptoss harmony: conversations as tokens and back, and a check against a folder of vectors.
#include <memory>
#include <string>

#include "gptoss/harmony/conversation_file.hpp"
#include "gptoss/harmony/json.hpp"
#include "gptoss/harmony/parse.hpp"
#include "gptoss/harmony/pasted_text.hpp"
#include "gptoss/harmony/render.hpp"
#include "gptoss/harmony/response_format_json.hpp"
#include "harmony_vectors.hpp"
#include "models.hpp"
#include "terminal.hpp"
#include "tokens.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kHarmonyExamples =
    "  gptoss harmony render chat.json                 {\"messages\": [...]} as the prompt's text\n"
    "  gptoss harmony render --ids chat.json           the same as token ids\n"
    "  gptoss harmony parse --role assistant out.txt   text with control tokens, or ids, as JSON\n"
    "  gptoss harmony --vectors DIR                    checks every case of a folder\n"
    "FILE may be - for standard input.\n";

struct HarmonyFlags {
    std::string file;
    std::string mode = "completion";
    std::string next_role = "assistant";
    bool keep_analysis = false;
    bool ids = false;
    std::string role;
    bool lenient = false;
    bool response_formats = false;
    std::string vectors;
    CLI::App* render = nullptr;
    CLI::App* parse = nullptr;
};

std::string read_input(const std::string& file) {
    return file == "-" ? text_argument(file) : format::read_text_file(file);
}

harmony::Role role_of(const std::string& name) {
    if (const std::optional<harmony::Role> role = harmony::find_role(name)) return *role;
    throw Error("role is " + format::quoted(name) +
                ", expected user, assistant, system, developer or tool");
}

// --- render -----------------------------------------------------------------------------------

std::vector<std::int32_t> rendered(const harmony::HarmonyEncoding& encoding,
                                   const HarmonyFlags& flags, const format::OrderedJson& json) {
    const harmony::Conversation conversation = harmony::read_conversation_file(json, flags.file);
    const harmony::RenderConversationConfig config{!flags.keep_analysis};
    if (flags.mode == "conversation")
        return harmony::render_conversation(encoding, conversation, config);
    if (flags.mode == "training") {
        return harmony::render_conversation_for_training(encoding, conversation, config);
    }
    if (flags.mode == "completion") {
        return harmony::render_conversation_for_completion(encoding, conversation,
                                                           role_of(flags.next_role), config);
    }
    if (flags.mode != "message") {
        throw Error("mode is " + format::quoted(flags.mode) +
                    ", expected completion, conversation, training or message");
    }
    if (conversation.messages.size() != 1) {
        throw Error(flags.file + ": " + std::to_string(conversation.messages.size()) +
                    " messages, expected 1 (mode message)");
    }
    return harmony::render(encoding, conversation.messages[0]);
}

int run_render(const HarmonyFlags& flags, const Globals& globals) {
    const format::OrderedJson json = format::parse_ordered_json(flags.file, read_input(flags.file));
    const tokenizer::Tokenizer tokenizer = open_tokenizer(globals);
    const std::vector<std::int32_t> ids =
        rendered(harmony::harmony_encoding(tokenizer), flags, json);
    if (globals.json) {
        print_json({{"text", tokenizer.decode(ids)}, {"ids", ids}});
    } else {
        print((flags.ids ? ids_text(ids) : tokenizer.decode(ids)) + "\n");
    }
    return 0;
}

// --- parse ------------------------------------------------------------------------------------

// Numbers are ids; anything else is text, in which control tokens stand by name. A line feed at its
// end is the file's, not the text's, and so is whitespace between messages.
std::vector<std::int32_t> ids_of_input(const tokenizer::Tokenizer& tokenizer, std::string input) {
    input = harmony::mended_text(input);
    if (input.ends_with('\n')) input.pop_back();
    const bool is_ids = input.find_first_not_of("0123456789 \t\r\n,[]") == std::string::npos;
    if (!is_ids) return tokenizer.encode_with_special(input);
    for (char& letter : input) {
        if (letter == '[' || letter == ']' || letter == '\r') letter = ' ';
    }
    return parse_ids(input);
}

// Developer messages with their formats apart, where they have some.
std::vector<harmony::Message> with_response_formats(std::vector<harmony::Message> messages) {
    for (harmony::Message& message : messages) {
        if (message.author.role != harmony::Role::developer) continue;
        const auto developer = harmony::parse_developer_text(harmony::text_of(message));
        if (!developer) continue;
        message.content.clear();
        if (!developer->before.empty())
            message.content.push_back(harmony::TextContent{developer->before});
        message.content.push_back(harmony::DeveloperContent{std::nullopt, {}, developer->formats});
    }
    return messages;
}

int run_parse(const HarmonyFlags& flags, const Globals& globals) {
    std::optional<harmony::Role> role;
    if (!flags.role.empty()) role = role_of(flags.role);
    const std::string input = read_input(flags.file);
    const tokenizer::Tokenizer tokenizer = open_tokenizer(globals);
    const harmony::ParseResult result = harmony::parse_messages_from_completion_tokens(
        harmony::harmony_encoding(tokenizer), ids_of_input(tokenizer, input), role,
        {!flags.lenient});
    // What was complete before a mistake is printed too.
    const format::OrderedJson json = harmony::to_json(harmony::Conversation{
        flags.response_formats ? with_response_formats(result.messages) : result.messages});
    if (globals.json) {
        print_json(json);
    } else {
        print(json.dump(2) + "\n");
    }
    flush_output();
    if (!result.error) return 0;
    throw Error(flags.file + ": at token " + std::to_string(result.error->at) + ": " +
                result.error->text);
}

// --- vectors ----------------------------------------------------------------------------------

int run_vectors(const HarmonyFlags& flags, const Globals& globals) {
    const tokenizer::Tokenizer tokenizer = open_tokenizer(globals);
    const VectorReport report =
        run_harmony_vectors(harmony::harmony_encoding(tokenizer), flags.vectors);
    const std::size_t n_failed = report.mistakes.size();
    if (globals.json) {
        format::OrderedJson failures = format::OrderedJson::array();
        for (const VectorReport::Mistake& mistake : report.mistakes) {
            failures.push_back({{"name", mistake.name}, {"mistake", mistake.text}});
        }
        print_json({{"passed", report.n_passed}, {"failed", n_failed}, {"failures", failures}});
    } else {
        for (const VectorReport::Mistake& mistake : report.mistakes) {
            print(mistake.name + ": " + mistake.text + "\n");
        }
        print(std::to_string(report.n_passed) + " passed, " + std::to_string(n_failed) +
              " failed\n");
    }
    return n_failed == 0 ? 0 : 1;
}

int run_harmony(const HarmonyFlags& flags, const Globals& globals) {
    if (flags.render->parsed()) return run_render(flags, globals);
    if (flags.parse->parsed()) return run_parse(flags, globals);
    if (!flags.vectors.empty()) return run_vectors(flags, globals);
    throw Error("harmony: nothing to do, expected render FILE, parse FILE or --vectors DIR");
}

}  // namespace

void add_harmony(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<HarmonyFlags>();
    CLI::App* harmony =
        add_subcommand(app, "harmony", "Conversations to tokens and back, as the models read them",
                       kHarmonyExamples);
    harmony->require_subcommand(0, 1);
    CLI::Option* vectors =
        harmony->add_option("--vectors", flags->vectors, "Check every case of a folder");
    vectors->type_name("DIR");

    flags->render =
        add_subcommand(*harmony, "render", "Print a conversation as text", kHarmonyExamples);
    flags->render->add_option("FILE", flags->file, "JSON; - reads standard input")
        ->required()
        ->type_name("");
    flags->render
        ->add_option("--mode", flags->mode,
                     "completion, conversation, training or message [completion]")
        ->type_name("NAME");
    flags->render
        ->add_option("--next-role", flags->next_role, "Who speaks next in a completion [assistant]")
        ->type_name("NAME");
    flags->render->add_flag("--keep-analysis", flags->keep_analysis,
                            "Keep the analysis of questions that are answered");
    flags->render->add_flag("--ids", flags->ids, "Print token ids instead");

    flags->parse = add_subcommand(*harmony, "parse", "Print the messages of a text or of ids",
                                  kHarmonyExamples);
    flags->parse->add_option("FILE", flags->file, "Text or ids; - reads standard input")
        ->required()
        ->type_name("");
    flags->parse
        ->add_option("--role", flags->role,
                     "Who speaks, if the input goes on behind <|start|> and a role")
        ->type_name("NAME");
    flags->parse->add_flag("--lenient", flags->lenient,
                           "Read a header that ends without <|message|> as a message");
    flags->parse->add_flag("--response-formats", flags->response_formats,
                           "Read a developer's # Response Formats as JSON, not as text");
    flags->render->excludes(vectors);
    flags->parse->excludes(vectors);
    when_chosen(harmony, tool, [flags, &tool] { return run_harmony(*flags, tool.globals); });
}

}  // namespace gptoss::tool
