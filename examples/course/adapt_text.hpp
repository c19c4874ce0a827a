// Adapters of lesson 9: what a header's text is taken apart into, as one line.
#pragma once
#include <string>

#include "gptoss/harmony/header.hpp"

namespace gptoss::course {

// "final|assistant", "-|assistant" without a channel, or what is wrong with it.
inline std::string take_channel_of(std::string header) {
    try {
        const auto channel = harmony::take_channel(header);
        return channel.value_or("-") + "|" + header;
    } catch (const harmony::HarmonyError& error) {
        return "error: " + std::string(error.what());
    }
}

// "assistant to=functions.f commentary <|constrain|>json"; - for what is not there.
inline std::string parse_header_of(std::string text) {
    const harmony::MessageHeader header = harmony::parse_header(text, {});
    return std::string(harmony::role_name(header.author.role)) +
           " to=" + header.recipient.value_or("-") + " " + header.channel.value_or("-") + " " +
           header.content_type.value_or("-");
}

}  // namespace gptoss::course
