// One test vector: rendered or parsed, and compared with what it expects.
//
//     render   messages, mode, config        -> expected_text, expected_ids or an error
//     parse    ids or input, role, strict    -> expected_messages, states, deltas or an error
//
// Where    harmony_vectors.hpp, which reads them from a folder.
// Source   the format is described in tests/harmony/data/README.md.
// Errors   VectorMistake, in a few lines: what differs, where, both sides.
// Pitfalls "config": null means that nothing is dropped, as in openai-harmony's Rust core; its
//          Python classes, and our default, drop.
#pragma once
#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/harmony/json.hpp"
#include "gptoss/harmony/parse.hpp"
#include "gptoss/harmony/parser_json.hpp"
#include "gptoss/harmony/render.hpp"

namespace gptoss::tool {

using namespace harmony;

// What is wrong with a case.
struct VectorMistake : Error {
    using Error::Error;
};

// --- Differences ------------------------------------------------------------------------------

inline std::string excerpt(const std::string& text, std::size_t at) {
    const std::size_t begin = at < 20 ? 0 : at - 20;
    return format::quoted(tokenizer::replace_invalid_utf8(text.substr(begin, 60)));
}

inline void require_same_text(const std::string& what, const std::string& got,
                              const std::string& expected) {
    if (got == expected) return;
    const auto place = std::mismatch(got.begin(), got.end(), expected.begin(), expected.end());
    const std::size_t at = std::size_t(place.first - got.begin());
    throw VectorMistake(what + ": first difference at byte " + std::to_string(at) +
                        "\n  got      " + excerpt(got, at) + "\n  expected " +
                        excerpt(expected, at));
}

inline std::string ids_around(const std::vector<std::int32_t>& ids, std::size_t at) {
    std::string text;
    for (std::size_t k = at < 3 ? 0 : at - 3; k < std::min(at + 5, ids.size()); ++k) {
        text += std::to_string(ids[k]) + " ";
    }
    return text + "(" + std::to_string(ids.size()) + " in all)";
}

inline void require_same_ids(const std::string& what, const std::vector<std::int32_t>& got,
                             const std::vector<std::int32_t>& expected) {
    if (got == expected) return;
    const auto place = std::mismatch(got.begin(), got.end(), expected.begin(), expected.end());
    const std::size_t at = std::size_t(place.first - got.begin());
    throw VectorMistake(what + ": first difference at index " + std::to_string(at) +
                        "\n  got      " + ids_around(got, at) + "\n  expected " +
                        ids_around(expected, at));
}

inline void require_same_json(const std::string& what, const format::OrderedJson& got,
                              const format::OrderedJson& expected) {
    if (got == expected) return;
    throw VectorMistake(what + ": not as expected\n  got      " + json_text(got) + "\n  expected " +
                        json_text(expected));
}

inline void require_same_messages(const std::string& what, const std::vector<Message>& got,
                                  const format::OrderedJson& expected) {
    const Conversation wanted = read_conversation({{"messages", expected}}, what);
    require_same_json(what, to_json(Conversation{got}), to_json(wanted));
}

inline void require_error(const std::optional<std::string>& got, const std::string& expected) {
    if (!got) throw VectorMistake("no error, expected " + format::quoted(expected));
    if (got->find(expected) != std::string::npos) return;
    throw VectorMistake("error differs\n  got      " + format::quoted(*got) + "\n  expected " +
                        format::quoted(expected));
}

// --- Render cases -----------------------------------------------------------------------------

inline RenderConversationConfig read_render_config(const format::OrderedJson& json) {
    if (!json.contains("config") || json["config"].is_null()) return {false};
    return {json["config"].value("auto_drop_analysis", true)};
}

inline std::vector<std::int32_t> render_case(const HarmonyEncoding& encoding,
                                             const format::OrderedJson& json) {
    const Conversation conversation = read_conversation(json, "case");
    const RenderConversationConfig config = read_render_config(json);
    const std::string mode = read_string(require_field(json, "mode", "case"), "mode");
    if (mode == "completion") {
        const Role next_role = json.contains("next_role")
                                   ? read_role(json["next_role"], "next_role")
                                   : Role::assistant;
        return render_conversation_for_completion(encoding, conversation, next_role, config);
    }
    if (mode == "conversation") return render_conversation(encoding, conversation, config);
    if (mode == "training") return render_conversation_for_training(encoding, conversation, config);
    if (mode != "render_message") {
        throw VectorMistake("mode is " + format::quoted(mode) +
                            ", expected completion, conversation, training or render_message");
    }
    if (conversation.messages.empty()) throw VectorMistake("render_message: no message");
    const bool has_functions = json.value("conversation_has_function_tools", false);
    return render(encoding, conversation.messages[0], {has_functions});
}

inline void check_render_error(const HarmonyEncoding& encoding, const format::OrderedJson& json) {
    std::optional<std::string> error;
    try {
        render_case(encoding, json);
    } catch (const VectorMistake&) {
        throw;
    } catch (const Error& thrown) {
        error = thrown.what();
    }
    require_error(error, json["expected_error_contains"].get<std::string>());
}

inline void check_render_case(const HarmonyEncoding& encoding, const format::OrderedJson& json,
                              const std::filesystem::path& folder) {
    if (json.contains("expected_error_contains")) return check_render_error(encoding, json);

    std::vector<std::int32_t> ids = render_case(encoding, json);
    if (json.value("drop_last_token", false) && !ids.empty()) ids.pop_back();
    const bool is_inline = json.contains("expected_text");
    if (is_inline || json.contains("expected_text_file")) {
        const std::string expected =
            is_inline
                ? json["expected_text"].get<std::string>()
                : format::read_text_file(folder / json["expected_text_file"].get<std::string>());
        require_same_text("text", encoding.tokenizer.decode(ids), expected);
    }
    if (json.contains("expected_ids")) require_same_ids("ids", ids, json["expected_ids"]);
}

// --- Parse cases ------------------------------------------------------------------------------

// Only what the vector mentions is compared; "token" is what was fed.
inline void check_state(const StreamableParser& parser, const format::OrderedJson& expected,
                        const std::string& place) {
    const format::OrderedJson observed = observed_json(parser);
    for (const auto& [key, value] : expected.items()) {
        if (key == "token" || !observed.contains(key)) continue;
        require_same_json(key + " after " + place, observed[key], value);
    }
}

inline std::vector<std::int32_t> input_ids(const HarmonyEncoding& encoding,
                                           const format::OrderedJson& input) {
    std::vector<std::int32_t> ids;
    for (const format::OrderedJson& item : input) {
        const std::vector<std::int32_t> piece =
            item.contains("text")
                ? encoding.tokenizer.encode_with_special(item["text"].get<std::string>())
                : require_field(item, "ids", "an item of input").get<std::vector<std::int32_t>>();
        ids.insert(ids.end(), piece.begin(), piece.end());
    }
    return ids;
}

struct ParseRun {
    std::optional<std::string> error = {};
    format::OrderedJson error_at = nullptr;  // an index, or "eos"
    std::string deltas = {};
};

inline ParseRun run_parser(StreamableParser& parser, const std::vector<std::int32_t>& ids,
                           bool with_eos, const format::OrderedJson& expected_states) {
    ParseRun run;
    const std::size_t n_steps = ids.size() + (with_eos ? 1 : 0);
    for (std::size_t k = 0; k < n_steps; ++k) {
        const bool is_token = k < ids.size();
        run.error = is_token ? parser.process(ids[k]) : parser.process_eos();
        if (k < expected_states.size()) {
            check_state(parser, expected_states[k], "step " + std::to_string(k));
        }
        if (run.error) {
            run.error_at = is_token ? format::OrderedJson(k) : format::OrderedJson("eos");
            return run;
        }
        run.deltas += parser.last_content_delta().value_or("");
    }
    return run;
}

inline void check_parse_case(const HarmonyEncoding& encoding, const format::OrderedJson& json) {
    std::vector<std::int32_t> ids;
    if (json.contains("input")) ids = input_ids(encoding, json["input"]);
    if (json.contains("ids")) {
        const auto expected_ids = json["ids"].get<std::vector<std::int32_t>>();
        if (json.contains("input")) require_same_ids("ids of the input", ids, expected_ids);
        ids = expected_ids;
    }
    std::optional<Role> role;
    if (json.contains("role") && !json["role"].is_null()) role = read_role(json["role"], "role");
    StreamableParser parser(encoding, role, {json.value("strict", true)});
    const format::OrderedJson states = json.value("expected_states", format::OrderedJson::array());
    const ParseRun run = run_parser(parser, ids, json.value("eos", true), states);

    const bool expects_error = json.contains("expected_error_contains");
    if (run.error && !expects_error) {
        throw VectorMistake("error at " + run.error_at.dump() + ": " + *run.error);
    }
    if (expects_error) {
        require_error(run.error, json["expected_error_contains"].get<std::string>());
        if (json.contains("expected_error_at")) {
            require_same_json("place of the error", run.error_at, json["expected_error_at"]);
        }
    }
    for (const char* key : {"expected_messages", "expected_messages_before_error"}) {
        if (json.contains(key)) require_same_messages("messages", parser.messages(), json[key]);
    }
    if (json.contains("expected_concatenated_deltas")) {
        const std::string expected = json["expected_concatenated_deltas"].get<std::string>();
        require_same_text("deltas", run.deltas, expected);
    }
}

}  // namespace gptoss::tool
