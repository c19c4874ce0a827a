// Targets: Harmony's tokens, and conversations in JSON.
#include "fuzz.hpp"
#include "gptoss/harmony/conversation_file.hpp"
#include "gptoss/harmony/parse.hpp"
#include "gptoss/harmony/render.hpp"
#include "nano_tokenizer.hpp"

namespace gptoss::fuzz {
namespace {

const harmony::HarmonyEncoding& encoding() {
    static const harmony::HarmonyEncoding nano = harmony::harmony_encoding(nano_tokenizer());
    return nano;
}

// A byte below 224 stands for itself as text; every other is one of the control tokens.
std::vector<std::int32_t> tokens_of(std::string_view bytes) {
    constexpr unsigned kFirstControl = 224;
    std::vector<std::int32_t> ids;
    std::string text;
    const auto end_text = [&] {
        const auto encoded = nano_tokenizer().encode(tokenizer::replace_invalid_utf8(text));
        ids.insert(ids.end(), encoded.begin(), encoded.end());
        text.clear();
    };
    for (const char c : bytes) {
        const unsigned byte = static_cast<unsigned char>(c);
        if (byte < kFirstControl) {
            text += c;
        } else {
            end_text();
            ids.push_back(encoding().control_ids[byte % harmony::kControlTokenCount]);
        }
    }
    end_text();
    return ids;
}

std::vector<std::int32_t> render_all(const std::vector<harmony::Message>& messages) {
    std::vector<std::int32_t> ids;
    for (const harmony::Message& message : messages) {
        const auto rendered = harmony::render(encoding(), message);
        ids.insert(ids.end(), rendered.begin(), rendered.end());
    }
    return ids;
}

// A header in which a model put control tokens that do not belong there is read by openai-harmony, and so
// by us, as text that spells them; rendered, they are control tokens again, and the header is another. The
// recipient "all", and a tool without one, do not come back either (rule d.2.12 of docs/harmony.md).
bool spells_a_control_token(const std::optional<std::string>& text, std::string_view but_for = "") {
    if (!text) return false;
    const std::size_t from = text->starts_with(but_for) ? but_for.size() : 0;
    return text->find("<|", from) != std::string::npos;
}

bool is_another_when_rendered(const std::vector<harmony::Message>& messages) {
    const std::string_view constrain = harmony::control_name(harmony::ControlToken::constrain);
    for (const harmony::Message& message : messages) {
        const bool is_lost = message.recipient == "all" ||
                             (message.author.role == harmony::Role::tool && !message.recipient);
        if (is_lost || spells_a_control_token(message.recipient) ||
            spells_a_control_token(message.channel) ||
            spells_a_control_token(message.author.name) ||
            spells_a_control_token(message.content_type, constrain)) {
            return true;
        }
    }
    return false;
}

}  // namespace

// What was parsed without a mistake can be rendered; reading that and rendering it again gives the same tokens.
void fuzz_harmony(std::string_view bytes) {
    const auto parsed =
        harmony::parse_messages_from_completion_tokens(encoding(), tokens_of(bytes));
    if (parsed.error || is_another_when_rendered(parsed.messages)) return;
    const std::vector<std::int32_t> rendered = render_all(parsed.messages);
    const auto again = harmony::parse_messages_from_completion_tokens(encoding(), rendered);
    if (again.error || render_all(again.messages) != rendered) disagree("render and parse");
}

void fuzz_conversation(std::string_view bytes) {
    accepts([&] {
        const auto conversation =
            harmony::read_conversation_file(format::parse_ordered_json("f", bytes), "f");
        harmony::render_conversation(encoding(), conversation);
    });
}

}  // namespace gptoss::fuzz
