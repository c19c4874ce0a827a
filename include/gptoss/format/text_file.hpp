// A file of text read whole: a regular one, or a pipe that somebody writes to, as shells make for
// <(command).
//
// Where    json.hpp: configs, indices, tools, conversations.
// Source   POSIX.1-2017: open with O_NONBLOCK, poll, read of a pipe without a writer.
// Errors   Error, naming the file: missing, a folder, a device, a pipe without a writer, larger than
//          kMaxTextBytes.
// Pitfalls Opening a pipe waits for a writer, for ever if none comes.
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>

#include "gptoss/core/check.hpp"

namespace gptoss::format {

inline constexpr std::size_t kMaxTextBytes = std::size_t(1)
                                             << 28;  // 256 MiB; tokenizer.json has 27

// An open file, closed in the end.
struct Descriptor {
    int number;
    explicit Descriptor(int opened) : number(opened) {}
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

inline std::string read_to_the_end(const std::string& path, int descriptor) {
    std::string text;
    char part[1 << 16];
    while (true) {
        const ssize_t n_bytes = ::read(descriptor, part, sizeof part);
        if (n_bytes == 0) return text;
        const bool must_wait = n_bytes < 0 && (errno == EAGAIN || errno == EINTR);
        if (n_bytes < 0 && !must_wait) throw Error(path + ": cannot be read");
        if (must_wait) {
            struct pollfd waited = {descriptor, POLLIN, 0};
            ::poll(&waited, 1, -1);
            continue;
        }
        text.append(part, std::size_t(n_bytes));
        if (text.size() > kMaxTextBytes) {
            throw Error(path + ": has more than " + std::to_string(kMaxTextBytes) +
                        " bytes, which no file of text here needs");
        }
    }
}

inline std::string read_text_file(const std::filesystem::path& path) {
    const std::string name = path.string();
    const Descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status = {};
    const bool is_open = file.number >= 0 && ::fstat(file.number, &status) == 0;
    if (!is_open || S_ISDIR(status.st_mode)) throw Error(name + ": cannot be opened");
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {  // may have no end
        throw Error(name + ": is a device, expected a file");
    }
    const std::string text = read_to_the_end(name, file.number);
    if (S_ISFIFO(status.st_mode) && text.empty()) {
        throw Error(name + ": is a pipe that nobody writes to");
    }
    return text;
}

}  // namespace gptoss::format
