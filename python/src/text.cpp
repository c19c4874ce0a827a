// gptoss.Tokenizer, and what gptoss.harmony is made of. Conversations come and go as JSON, with
// openai-harmony's field names.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind.hpp"
#include "gptoss/harmony/conversation_file.hpp"
#include "gptoss/harmony/json.hpp"
#include "gptoss/harmony/parse.hpp"
#include "gptoss/harmony/render.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"
#include "header_docs.hpp"

using namespace gptoss::format;
using namespace gptoss::harmony;
using namespace gptoss::tokenizer;
using namespace nanobind::literals;

namespace gptoss::python {
namespace {

using Ids = std::vector<std::int32_t>;
using SharedTokenizer = std::shared_ptr<Tokenizer>;

nb::bytes bytes_of(std::string_view text) {
    return nb::bytes(text.data(), text.size());
}

Role role_named(const std::string& name) {
    if (const std::optional<Role> role = find_role(name)) return *role;
    throw Error("harmony: role is '" + name +
                "', expected user, assistant, system, developer or tool");
}

std::optional<Role> role_or_none(const std::string& name) {
    return name.empty() ? std::nullopt : std::optional<Role>(role_named(name));
}

Ids rendered(const Tokenizer& tokenizer, const std::string& json, const std::string& next_role,
             bool for_training, bool keep_analysis) {
    const HarmonyEncoding encoding = harmony_encoding(tokenizer);
    const Conversation conversation =
        read_conversation_file(parse_ordered_json("render", json), "render");
    const RenderConversationConfig config{!keep_analysis};
    if (for_training) return render_conversation_for_training(encoding, conversation, config);
    if (next_role.empty()) return render_conversation(encoding, conversation, config);
    return render_conversation_for_completion(encoding, conversation, role_named(next_role),
                                              config);
}

// The messages as JSON, and the error behind them if there was one.
std::pair<std::string, std::string> parsed(const Tokenizer& tokenizer, const Ids& ids,
                                           const std::string& role, bool strict) {
    const ParseResult result = parse_messages_from_completion_tokens(
        harmony_encoding(tokenizer), ids, role_or_none(role), {strict});
    const std::string messages = to_json(Conversation{result.messages})["messages"].dump();
    if (!result.error) return {messages, ""};
    return {messages, "at token " + std::to_string(result.error->at) + ": " + result.error->text};
}

// The parser, and what it refers to.
struct StreamParser {
    SharedTokenizer tokenizer;
    std::unique_ptr<HarmonyEncoding> encoding;
    std::unique_ptr<StreamableParser> parser;

    StreamParser(SharedTokenizer from, const std::string& role, bool strict)
        : tokenizer(std::move(from)),
          encoding(new HarmonyEncoding(harmony_encoding(*tokenizer))),
          parser(new StreamableParser(*encoding, role_or_none(role), {strict})) {}
};

void require_no_error(const std::optional<std::string>& error) {
    if (error) throw Error("harmony: " + *error);
}

void bind_parser(nb::module_& m) {
    nb::class_<StreamParser>(m, "StreamParser", header_doc("harmony/parse.hpp"))
        .def(nb::init<SharedTokenizer, std::string, bool>(), "tokenizer"_a, "role"_a = "assistant",
             "strict"_a = true)
        .def(
            "process", [](StreamParser& p, int id) { require_no_error(p.parser->process(id)); },
            "id"_a)
        .def("process_eos", [](StreamParser& p) { require_no_error(p.parser->process_eos()); })
        .def_prop_ro("role",
                     [](const StreamParser& p) -> std::optional<std::string> {
                         const auto role = p.parser->current_role();
                         if (!role) return std::nullopt;
                         return role_name(*role);
                     })
        .def_prop_ro("channel", [](const StreamParser& p) { return p.parser->current_channel(); })
        .def_prop_ro("recipient",
                     [](const StreamParser& p) { return p.parser->current_recipient(); })
        .def_prop_ro("content", [](const StreamParser& p) { return p.parser->current_content(); })
        .def_prop_ro("last_delta",
                     [](const StreamParser& p) { return p.parser->last_content_delta(); })
        .def_prop_ro("messages_json", [](const StreamParser& p) {
            return to_json(Conversation{p.parser->messages()})["messages"].dump();
        });
}

}  // namespace

void bind_text(nb::module_& m) {
    nb::class_<Tokenizer>(m, "Tokenizer", header_doc("tokenizer/tokenizer.hpp"))
        .def(
            "encode", [](const Tokenizer& t, const std::string& text) { return t.encode(text); },
            "text"_a, nb::call_guard<WithoutGil>())
        .def(
            "encode_with_special",
            [](const Tokenizer& t, const std::string& text,
               const std::optional<std::vector<std::string>>& allowed) {
                return allowed ? t.encode_with_special(text, *allowed)
                               : t.encode_with_special(text);
            },
            "text"_a, "allowed"_a = nb::none())
        .def("decode", &Tokenizer::decode, "ids"_a)
        .def(
            "decode_bytes",
            [](const Tokenizer& t, const Ids& ids) { return bytes_of(t.decode_bytes(ids)); },
            "ids"_a)
        .def(
            "token",
            [](const Tokenizer& t, int id) { return bytes_of(token_bytes(t.vocabulary, id)); },
            "id"_a, "The bytes of one token; of a special one its name.")
        .def(
            "special_id",
            [](const Tokenizer& t, const std::string& name) {
                return special_id(t.vocabulary, name);
            },
            "name"_a)
        .def_prop_ro("vocab_size", [](const Tokenizer& t) { return vocab_size(t.vocabulary); });
    m.def(
        "load_tokenizer",
        [](const std::string& path) {
            const WithoutGil without_gil;
            return std::make_shared<Tokenizer>(load_tokenizer(path));
        },
        "path"_a, header_doc("tokenizer/load_tokenizer.hpp"));
    m.def("render", &rendered, "tokenizer"_a, "json"_a, "next_role"_a, "for_training"_a,
          "keep_analysis"_a);
    m.def("parse", &parsed, "tokenizer"_a, "ids"_a, "role"_a, "strict"_a);
    m.def("stop_ids", [](const Tokenizer& tokenizer) {
        return stop_tokens_for_assistant_actions(harmony_encoding(tokenizer));
    });
    bind_parser(m);
}

}  // namespace gptoss::python
