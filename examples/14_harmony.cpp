// Example 14: one call of a function, from JSON to tokens and back.  Read with docs/14-harmony.md.
// Try: let the user say "<|end|>". Which ids is it?
#include <cstdio>

#include "gptoss/harmony/calls.hpp"
#include "gptoss/harmony/json.hpp"
#include "gptoss/harmony/parse.hpp"
#include "gptoss/harmony/render.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"

using namespace gptoss;

const char* kConversation = R"({"messages": [
  {"role": "developer", "content": [{"type": "developer_content", "tools": {"functions": {
    "name": "functions", "tools": [{"name": "celsius", "description": "How warm it is.",
      "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}]}}}]},
  {"role": "user", "content": "Paris?"}]})";

// What a model would sample behind the prompt; here it is written down.
const char* kSampled =
    "<|channel|>commentary to=functions.celsius <|constrain|>json"
    "<|message|>{\"city\":\"Paris\"}<|call|>";

void print_ids(const char* title, const std::vector<std::int32_t>& ids, std::size_t from) {
    std::printf("%s, ids from %zu on:", title, from);
    for (std::size_t k = from; k < ids.size(); ++k) {
        std::printf("%s%d", (k - from) % 12 == 0 ? "\n  " : " ", ids[k]);
    }
    std::printf("\n\n");
}

int main() {
    const tokenizer::Tokenizer tokenizer =
        tokenizer::load_tokenizer(GPTOSS_DATA_DIR "/o200k_base.tiktoken");
    const harmony::HarmonyEncoding encoding = harmony::harmony_encoding(tokenizer);

    harmony::Conversation conversation =
        harmony::read_conversation(format::parse_ordered_json("example", kConversation), "example");
    const auto prompt = harmony::render_conversation_for_completion(encoding, conversation,
                                                                    harmony::Role::assistant);
    std::printf("%s\n", tokenizer.decode(prompt).c_str());
    print_ids("prompt", prompt, 0);

    harmony::StreamableParser parser(encoding, harmony::Role::assistant);
    const auto sampled = tokenizer.encode_with_special(kSampled);
    print_ids("sampled", sampled, 0);
    for (const std::int32_t id : sampled) {
        parser.process(id);
        if (parser.last_content_delta()) std::printf("[%s]", parser.last_content_delta()->c_str());
    }
    const harmony::Message call = parser.messages().at(0);
    std::printf("\n%s\n", harmony::to_json(call).dump().c_str());

    conversation.messages.push_back(call);
    conversation.messages.push_back(harmony::answer_call(call, R"({"celsius":21})"));
    const auto next = harmony::render_conversation_for_completion(encoding, conversation,
                                                                  harmony::Role::assistant);
    std::printf("\n%s\n", tokenizer.decode(next).substr(tokenizer.decode(prompt).size()).c_str());
    print_ids("next prompt", next, prompt.size());
}
// Expected output:
// <|start|>developer<|message|># Tools
//
// ## functions
//
// namespace functions {
//
// // How warm it is.
// type celsius = (_: {
// city?: string,
// }) => any;
//
// } // namespace functions<|end|><|start|>user<|message|>Paris?<|end|><|start|>assistant
// prompt, ids from 0 on:
//   200006 77944 200008 2 20574 279 877 9964 279 4797 9964 95359
//   3253 9144 480 382 558 2493 274 63110 314 11350 25 405
//   17500 8528 1621 412 9263 871 1062 502 92 602 9819 9964
//   200007 200006 1428 200008 72782 30 200007 200006 173781
//
// sampled, ids from 0 on:
//   200005 12606 815 316 28 44580 1081 63110 220 200003 4108 200008
//   10848 17500 7534 72782 18583 200012
//
// [{"][city][":"][Paris]["}]
// {"role":"assistant","recipient":"functions.celsius","content":"{\"city\":\"Paris\"}","channel":"commentary","content_type":"<|constrain|>json"}
//
//  to=functions.celsius<|channel|>commentary <|constrain|>json<|message|>{"city":"Paris"}<|call|><|start|>functions.celsius to=assistant<|channel|>commentary<|message|>{"celsius":21}<|end|><|start|>assistant
// next prompt, ids from 45 on:
//   316 28 44580 1081 63110 200005 12606 815 220 200003 4108 200008
//   10848 17500 7534 72782 18583 200012 200006 44580 1081 63110 316 28
//   173781 200005 12606 815 200008 10848 66 63110 1243 2040 92 200007
//   200006 173781
