// Example 15: the shipped model calls a function and answers with its result.  Read with
// docs/14-harmony.md.
// Try: another question, a function of your own (the model has only seen these two), or
// ReasoningEffort::high.
#include <cstdio>
#include <cstdlib>

#include "gptoss/checkpoint/load.hpp"
#include "gptoss/run/chat.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"

using namespace gptoss;

const char* kModel = GPTOSS_SOURCE_DIR "/examples/nano/model";

harmony::ToolDescription function_of_one_text(const char* name, const char* description,
                                              const char* parameter) {
    const format::OrderedJson properties = {{parameter, {{"type", "string"}}}};
    return {name, description, format::OrderedJson{{"type", "object"}, {"properties", properties}}};
}

// "12*34" -> "408"
std::string calculate(const harmony::Message& call) {
    const std::string expression = harmony::call_arguments(call).at("expression");
    char* rest = nullptr;
    const long a = std::strtol(expression.c_str(), &rest, 10);
    const char sign = *rest;
    const long b = std::strtol(rest + 1, nullptr, 10);
    return std::to_string(sign == '+' ? a + b : sign == '-' ? a - b : a * b);
}

std::string weather(const harmony::Message& call) {
    const std::string city = harmony::call_arguments(call).at("city");
    return city == "Oslo" ? R"({"degrees":-3,"sky":"snow"})" : R"({"degrees":17,"sky":"rain"})";
}

int main() {
    Transformer<> transformer(checkpoint::load_weights(kModel));
    const tokenizer::Tokenizer tokenizer = tokenizer::load_tokenizer(kModel);
    const harmony::HarmonyEncoding encoding = harmony::harmony_encoding(tokenizer);
    GenerateOptions greedy;
    greedy.sampling.temperature = 0;
    ModelSource<ScalarOps> source{transformer, greedy};

    harmony::DeveloperContent developer;
    harmony::add_namespace(
        developer.tools,
        harmony::functions_namespace({
            function_of_one_text("get_weather", "Gets the weather of a city.", "city"),
            function_of_one_text("calculator", "Computes an expression.", "expression"),
        }));
    const ToolFunctions functions = {{"functions.get_weather", weather},
                                     {"functions.calculator", calculate}};
    ChatEvents events;
    events.on_message = [](const harmony::Message& message) {
        const std::string from =
            message.author.name.value_or(harmony::role_name(message.author.role));
        const std::string to = message.recipient ? " to=" + *message.recipient : "";
        std::printf("  %-10s  %s%s: %s\n", message.channel.value_or("").c_str(), from.c_str(),
                    to.c_str(), harmony::text_of(message).c_str());
    };

    for (const char* question : {"What is 12 times 34?", "How is the weather in Oslo?"}) {
        std::printf("%s\n", question);
        harmony::Conversation conversation;
        for (const harmony::Content& content :
             {harmony::Content(harmony::SystemContent{}), harmony::Content(developer)}) {
            const bool is_system = conversation.messages.empty();
            const harmony::Role role = is_system ? harmony::Role::system : harmony::Role::developer;
            conversation.messages.push_back(harmony::Message::from_role_and_content(role, content));
        }
        conversation.messages.push_back(
            harmony::Message::from_role_and_content(harmony::Role::user, question));
        chat_turn(source, encoding, conversation, functions, {}, events);
    }
}
// Expected output:
// What is 12 times 34?
//   analysis    assistant: The calculator does 12*34.
//   commentary  assistant to=functions.calculator: {"expression":"12*34"}
//   commentary  functions.calculator to=assistant: 408
//   final       assistant: 12 * 34 = 408.
// How is the weather in Oslo?
//   analysis    assistant: I need the weather in Oslo.
//   commentary  assistant to=functions.get_weather: {"city":"Oslo"}
//   commentary  functions.get_weather to=assistant: {"degrees":-3,"sky":"snow"}
//   final       assistant: It is -3 degrees with snow in Oslo.
