// Tool calls: recognising one, reading its arguments, answering it.
//
//     assistant to=functions.get_weather   commentary   {"city": "Paris"}     <|call|>
//     functions.get_weather to=assistant   commentary   {"celsius": 21}       <|end|>
//
// Where    run/chat.hpp, or any loop of your own.
// Source   openai-harmony's format document, "Receiving tool calls" and "Handling tool calls".
//          Rules c.9 of docs/harmony.md.
// Errors   Error for arguments that are no JSON object, naming the function and the byte; text to
//          send back to the model, which often mends its call.
// Pitfalls An answer needs the recipient "assistant" and the channel of the call, or later turns
//          show the model a conversation it has never seen. The content of a call to python is code
//          and not JSON. A message to "all" is not a call, although it is closed like one.
#pragma once
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/harmony/message.hpp"

namespace gptoss::harmony {

inline bool is_tool_call(const Message& message) {
    const bool is_addressed = message.recipient && *message.recipient != "all";
    return message.author.role == Role::assistant && is_addressed;
}

inline format::OrderedJson call_arguments(const Message& call) {
    const std::string where = "arguments of " + call.recipient.value_or("(nobody)");
    format::OrderedJson arguments = format::parse_ordered_json(where, text_of(call));
    if (!arguments.is_object()) {
        throw Error(where + ": " + arguments.type_name() + ", expected an object");
    }
    return arguments;
}

inline Message answer_call(const Message& call, const std::string& output) {
    if (!call.recipient) throw Error("answer_call: the message has no recipient, expected a tool");
    return Message::from_author_and_content({Role::tool, *call.recipient}, TextContent{output})
        .with_recipient("assistant")
        .with_channel(call.channel.value_or("commentary"));
}

}  // namespace gptoss::harmony
