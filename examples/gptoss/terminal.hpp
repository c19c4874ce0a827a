// What the user sees: checked output, aligned tables, readable numbers, a progress bar.
//
// Results go to standard output, everything else to standard error. Each write is checked, so that
// a full disk behind "> file" is an error and not a short file.
#pragma once
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/printable.hpp"

namespace gptoss::tool {

// --- Output -----------------------------------------------------------------------------------

[[noreturn]] inline void throw_output_error() {
    throw Error(std::string("standard output: cannot be written: ") + std::strerror(errno));
}

inline bool output_is_terminal() {
    return ::isatty(STDOUT_FILENO) == 1;
}

inline bool errors_are_terminal() {
    return ::isatty(STDERR_FILENO) == 1;
}

// A model, or a name in a file, may hold control characters, and a terminal would obey them; into
// files and pipes they go as they are.
inline std::string safe_for_terminal(std::string_view text) {
    return printable(text);
}

// For text with control sequences of our own.
inline void print_as_it_is(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) throw_output_error();
}

inline void print(std::string_view text) {
    print_as_it_is(output_is_terminal() ? safe_for_terminal(text) : std::string(text));
}

inline void flush_output() {
    if (std::fflush(stdout) != 0) throw_output_error();
}

// A piece of a model's text, at once.
inline void print_streamed(std::string_view text) {
    if (text.empty()) return;
    print(text);
    flush_output();
}

// On one line, so that a list of documents is a file of lines.
inline void print_json(const nlohmann::ordered_json& json) {
    const auto replace_bad_utf8 = nlohmann::ordered_json::error_handler_t::replace;
    print(json.dump(-1, ' ', false, replace_bad_utf8) + "\n");
}

inline void print_error_line(std::string_view text) {
    const std::string line = errors_are_terminal() ? safe_for_terminal(text) : std::string(text);
    std::fprintf(stderr, "%s\n", line.c_str());
}

// --- Numbers ----------------------------------------------------------------------------------

// 20914757184 -> "20,914,757,184"
inline std::string with_commas(std::int64_t number) {
    const std::string digits = std::to_string(number);
    std::string text;
    for (std::size_t place = 0; place < digits.size(); ++place) {
        const std::size_t n_left = digits.size() - place;
        if (place > 0 && n_left % 3 == 0) text += ',';
        text += digits[place];
    }
    return text;
}

inline std::string formatted(const char* format, double number) {
    char text[64];
    std::snprintf(text, sizeof text, format, number);
    return text;
}

// 13761264768 -> "12.816 GiB"
inline std::string readable_bytes(std::int64_t bytes) {
    const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double number = double(bytes);
    int unit = 0;
    while (number >= 1024 && unit < 4) {
        number /= 1024;
        ++unit;
    }
    if (unit == 0) return std::to_string(bytes) + " B";
    return formatted("%.3f ", number) + units[unit];
}

// --- Tables -----------------------------------------------------------------------------------

// Code points, which is what most terminals give a column each.
inline std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (const char byte : text) {
        const bool continues_a_character = (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
        if (!continues_a_character) ++width;
    }
    return width;
}

// Rows of text in columns as wide as their widest entry, two spaces apart.
struct Table {
    std::string alignment;  // "lr": one letter per column, left or right
    std::vector<std::vector<std::string>> rows = {};

    void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }

    std::string text() const {
        std::vector<std::size_t> widths(alignment.size(), 0);
        for (const auto& row : rows) {
            for (std::size_t column = 0; column < row.size(); ++column) {
                widths[column] = std::max(widths[column], display_width(row[column]));
            }
        }
        std::string text;
        for (const auto& row : rows) {
            text += line(row, widths) + "\n";
        }
        return text;
    }

private:
    std::string line(const std::vector<std::string>& row,
                     const std::vector<std::size_t>& widths) const {
        std::string line;
        for (std::size_t column = 0; column < row.size(); ++column) {
            const std::string padding(widths[column] - display_width(row[column]), ' ');
            const bool is_right = alignment[column] == 'r';
            line += "  " + (is_right ? padding + row[column] : row[column] + padding);
        }
        return line.erase(line.find_last_not_of(' ') + 1);
    }
};

inline void print_table(const std::string& title, const Table& table) {
    print(title + "\n" + table.text() + "\n");
}

// --- Progress ---------------------------------------------------------------------------------

// One line on standard error, drawn anew at each percent; nothing unless that is a terminal.
class ProgressBar {
public:
    ~ProgressBar() {
        if (percent_ >= 0) std::fputs("\r\033[K", stderr);  // erases the line
    }
    ProgressBar() = default;
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    void show(std::uint64_t done, std::uint64_t in_all, const std::string& what) {
        const int percent = in_all == 0 ? 100 : int(100.0 * double(done) / double(in_all));
        if (!visible_ || percent == percent_) return;
        percent_ = percent;
        std::string bar(std::size_t(percent) / 4, '#');
        bar.resize(25, '.');
        std::fprintf(stderr, "\r[%s] %3d %%  %s\033[K", bar.c_str(), percent, what.c_str());
        std::fflush(stderr);
    }

private:
    bool visible_ = errors_are_terminal();
    int percent_ = -1;
};

}  // namespace gptoss::tool
