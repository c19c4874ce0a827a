// The text of a message's content: as it is, or the sections of a system or developer message.
//
//     system      identity, knowledge cutoff, current date (a line each)
//                 Reasoning: medium
//                 # Tools ...                    built-in namespaces
//                 # Valid channels: analysis, commentary, final. Channel must be included ...
//     developer   # Instructions ...
//                 # Tools ...                    functions
//                 # Response Formats ...         schemas of answers
//
// Sections are separated by an empty line and left out when nothing is in them.
//
// Where    harmony/render.hpp, one content part at a time.
// Source   openai-harmony 0.0.8, src/encoding.rs: render of SystemContent and DeveloperContent.
//          Rules c.4 and c.5 of docs/harmony.md.
// Errors   Error for system content in a message of another role, and for developer content.
// Pitfalls Empty instructions still print their heading. The sentence about functions follows the
//          list of channels and is not printed without it, and whether the conversation has
//          functions is not known from the system message.
#pragma once
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/harmony/message.hpp"
#include "gptoss/harmony/tools.hpp"

namespace gptoss::harmony {

inline const char* effort_name(ReasoningEffort effort) {
    const char* names[] = {"low", "medium", "high"};
    return names[int(effort)];
}

inline std::string channels_text(const ChannelConfig& config, bool has_function_tools) {
    std::string text = "# Valid channels: " + joined(config.valid_channels, ", ") + ".";
    if (config.channel_required) text += " Channel must be included for every message.";
    if (has_function_tools) {
        text += "\nCalls to these tools must go to the commentary channel: 'functions'.";
    }
    return text;
}

inline std::string system_text(const SystemContent& system, bool has_function_tools) {
    std::vector<std::string> lines;
    if (system.model_identity) lines.push_back(*system.model_identity);
    if (system.knowledge_cutoff) lines.push_back("Knowledge cutoff: " + *system.knowledge_cutoff);
    if (system.conversation_start_date) {
        lines.push_back("Current date: " + *system.conversation_start_date);
    }
    std::vector<std::string> sections;
    if (!lines.empty()) sections.push_back(joined(lines, "\n"));
    if (system.reasoning_effort) {
        sections.push_back(std::string("Reasoning: ") + effort_name(*system.reasoning_effort));
    }
    if (!system.tools.empty()) sections.push_back(tools_text(system.tools));
    if (system.channel_config && !system.channel_config->valid_channels.empty()) {
        sections.push_back(channels_text(*system.channel_config, has_function_tools));
    }
    return joined(sections, "\n\n");
}

inline std::string developer_text(const DeveloperContent& developer) {
    std::vector<std::string> sections;
    if (developer.instructions) {
        sections.push_back("# Instructions");
        sections.push_back(*developer.instructions);
    }
    if (!developer.tools.empty()) sections.push_back(tools_text(developer.tools));
    if (!developer.response_formats.empty()) {
        sections.push_back(response_formats_text(developer.response_formats));
    }
    return joined(sections, "\n\n");
}

// "SystemContent may only appear in system messages, found in User"
inline void require_content_role(const char* type, Role allowed, Role found) {
    if (found == allowed) return;
    std::string found_name = role_name(found);
    found_name[0] = char(found_name[0] - 'a' + 'A');
    throw Error(std::string(type) + " may only appear in " + role_name(allowed) +
                " messages, found in " + found_name);
}

inline std::string content_text(const Content& content, Role role, bool has_function_tools) {
    if (const auto* system = std::get_if<SystemContent>(&content)) {
        require_content_role("SystemContent", Role::system, role);
        return system_text(*system, has_function_tools);
    }
    if (const auto* developer = std::get_if<DeveloperContent>(&content)) {
        require_content_role("DeveloperContent", Role::developer, role);
        return developer_text(*developer);
    }
    return std::get<TextContent>(content).text;
}

}  // namespace gptoss::harmony
