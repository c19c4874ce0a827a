// gptoss tokenize: text to token ids and back, and a check against a file of vectors.
#include <memory>
#include <string>
#include <vector>

#include "gptoss/format/mapped_file.hpp"
#include "gptoss/tokenizer/tokenizer_json.hpp"
#include "models.hpp"
#include "terminal.hpp"
#include "tokens.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kTokenizeExamples =
    "  gptoss tokenize encode 'Hello, World!'      13225 11 5922 0\n"
    "  gptoss tokenize decode 13225 11 5922 0      Hello, World!\n"
    "  gptoss tokenize encode --allow-special '<|start|>user<|message|>Hi<|end|>'\n"
    "  gptoss tokenize encode - < book.txt\n"
    "  gptoss tokenize --vectors vectors.jsonl     checks lines {\"text\": ..., \"ids\": [...]}\n";

struct TokenizeFlags {
    std::string text;
    bool allow_special = false;
    std::vector<std::string> ids;
    std::string vectors;
    CLI::App* encode = nullptr;
    CLI::App* decode = nullptr;
};

// --- encode and decode ------------------------------------------------------------------------

int run_encode(const TokenizeFlags& flags, const Globals& globals) {
    const tokenizer::Tokenizer tokenizer = open_tokenizer(globals);
    const std::string text = text_argument(flags.text);
    const std::vector<std::int32_t> ids =
        flags.allow_special ? tokenizer.encode_with_special(text) : tokenizer.encode(text);
    if (!globals.json) {
        print(ids_text(ids) + "\n");
        return 0;
    }
    nlohmann::ordered_json json;
    json["ids"] = ids;
    json["tokens"] = nlohmann::ordered_json::array();
    for (const std::int32_t id : ids) {
        json["tokens"].push_back(token_text(tokenizer.vocabulary, id));
    }
    print_json(json);
    return 0;
}

int run_decode(const TokenizeFlags& flags, const Globals& globals) {
    std::string list;
    for (const std::string& word : flags.ids) {
        list += text_argument(word) + " ";
    }
    const std::vector<std::int32_t> ids = parse_ids(list);
    const std::string text = open_tokenizer(globals).decode(ids);
    if (globals.json) {
        print_json({{"text", text}});
    } else {
        print(text + "\n");
    }
    return 0;
}

// --- vectors ----------------------------------------------------------------------------------

std::string shortened(const std::string& text) {
    const std::size_t most = 60;
    const std::size_t end = std::min(text.size(), most);
    return format::quoted(text.substr(0, end)) + (end < text.size() ? "..." : "");
}

// "got 8 ids, expected 9; at 3 got 72, expected 1092"
std::string difference_of(const std::vector<std::int32_t>& got,
                          const std::vector<std::int32_t>& expected) {
    const auto id_text = [](const std::vector<std::int32_t>& ids, std::size_t place) {
        return place < ids.size() ? std::to_string(ids[place]) : std::string("the end");
    };
    std::size_t place = 0;
    while (place < got.size() && place < expected.size() && got[place] == expected[place]) {
        ++place;
    }
    return "got " + std::to_string(got.size()) + " ids, expected " +
           std::to_string(expected.size()) + "; at " + std::to_string(place) + " got " +
           id_text(got, place) + ", expected " + id_text(expected, place);
}

// "" if the tokenizer agrees with a line {"text": ..., "ids": [...]}, else what is wrong.
std::string vector_mistake(const tokenizer::Tokenizer& tokenizer, std::string_view line) {
    try {
        const nlohmann::json json = format::parse_json("vector", line);
        const auto text =
            tokenizer::require_json(json, "text", "string", "vector").get<std::string>();
        std::vector<std::int32_t> expected;
        for (const nlohmann::json& id : tokenizer::require_json(json, "ids", "array", "vector")) {
            expected.push_back(tokenizer::read_token_id(id, "of ids", "vector"));
        }
        const std::vector<std::int32_t> got = tokenizer.encode(text);
        if (got != expected) return shortened(text) + ": " + difference_of(got, expected);
        const std::string decoded = tokenizer.decode(expected);
        if (decoded != text) return shortened(text) + ": decodes to " + shortened(decoded);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

int run_vectors(const TokenizeFlags& flags, const Globals& globals) {
    const format::MappedFile file(flags.vectors);
    const tokenizer::Tokenizer tokenizer = open_tokenizer(globals);
    std::string_view rest(reinterpret_cast<const char*>(file.bytes()), std::size_t(file.size()));
    int n_passed = 0;
    auto failures = nlohmann::ordered_json::array();
    for (int number = 1; !rest.empty(); ++number) {
        const std::size_t end = rest.find('\n');  // texts may hold other line separators
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (line.empty()) continue;

        const std::string mistake = vector_mistake(tokenizer, line);
        if (mistake.empty()) {
            ++n_passed;
            continue;
        }
        failures.push_back({{"line", number}, {"mistake", mistake}});
        if (!globals.json) print("line " + std::to_string(number) + ": " + mistake + "\n");
    }

    const std::size_t n_failed = failures.size();
    if (n_passed == 0 && n_failed == 0) throw Error(flags.vectors + ": holds no vectors");
    if (globals.json) {
        print_json({{"passed", n_passed}, {"failed", n_failed}, {"failures", failures}});
    } else {
        print(std::to_string(n_passed) + " passed, " + std::to_string(n_failed) + " failed\n");
    }
    return n_failed == 0 ? 0 : 1;
}

int run_tokenize(const TokenizeFlags& flags, const Globals& globals) {
    if (flags.encode->parsed()) return run_encode(flags, globals);
    if (flags.decode->parsed()) return run_decode(flags, globals);
    if (!flags.vectors.empty()) return run_vectors(flags, globals);
    throw Error("tokenize: nothing to do, expected encode TEXT, decode IDS or --vectors FILE");
}

}  // namespace

void add_tokenize(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<TokenizeFlags>();
    CLI::App* tokenize = add_subcommand(
        app, "tokenize", "Text to token ids and back, with o200k_harmony", kTokenizeExamples);
    tokenize->require_subcommand(0, 1);
    CLI::Option* vectors = tokenize->add_option("--vectors", flags->vectors,
                                                "Check lines {\"text\", \"ids\"} of a file");
    vectors->type_name("FILE.jsonl");

    flags->encode =
        add_subcommand(*tokenize, "encode", "Print the ids of a text", kTokenizeExamples);
    flags->encode->add_option("TEXT", flags->text, "The text; - reads standard input")
        ->required()
        ->type_name("");
    flags->encode->add_flag("--allow-special", flags->allow_special,
                            "Read names such as <|start|> as the tokens they name");

    flags->decode = add_subcommand(*tokenize, "decode", "Print the text of ids", kTokenizeExamples);
    flags->decode->add_option("IDS", flags->ids, "Ids, as 1 2 3 or 1,2,3; - reads standard input")
        ->required()
        ->type_name("");
    flags->encode->excludes(vectors);
    flags->decode->excludes(vectors);
    when_chosen(tokenize, tool, [flags, &tool] { return run_tokenize(*flags, tool.globals); });
}

}  // namespace gptoss::tool
