// PartialFile: a file that appears under its name only once it is whole.
//
// Bytes go to NAME.partial; finish() renames it to NAME. Whatever goes wrong before that (a full
// disk, an exception in the caller) removes NAME.partial and leaves an older NAME as it was.
//
//     PartialFile file("model.safetensors");
//     file.write(bytes, n_bytes);               as often as needed
//     file.finish();
//
// Source   POSIX.1-2017: rename replaces the target in one step.
// Errors   Error, naming the final file and the system's reason.
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "gptoss/core/check.hpp"

namespace gptoss {

class PartialFile {
public:
    explicit PartialFile(const std::filesystem::path& path)
        : path_(path.string()), partial_path_(path_ + ".partial") {
        const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
        descriptor_ = ::open(partial_path_.c_str(), flags, 0666);
        if (descriptor_ < 0) fail("cannot be created");
    }
    ~PartialFile() {
        if (finished_) return;
        if (descriptor_ >= 0) ::close(descriptor_);
        ::unlink(partial_path_.c_str());
    }
    PartialFile(const PartialFile&) = delete;
    PartialFile& operator=(const PartialFile&) = delete;

    void write(const void* bytes, std::size_t n_bytes) {
        const char* next = static_cast<const char*>(bytes);
        while (n_bytes > 0) {
            const ssize_t written = ::write(descriptor_, next, n_bytes);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail("cannot be written");
            next += written;
            n_bytes -= std::size_t(written);
        }
    }
    void write(std::string_view text) { write(text.data(), text.size()); }

    void finish() {
        const int closed = ::close(descriptor_);
        descriptor_ = -1;
        if (closed != 0) fail("cannot be written");  // some file systems report a full disk here
        if (std::rename(partial_path_.c_str(), path_.c_str()) != 0) fail("cannot be renamed to");
        finished_ = true;
    }

private:
    [[noreturn]] void fail(const char* what) const {
        throw Error(path_ + ": " + what + ": " + std::strerror(errno));
    }

    std::string path_;
    std::string partial_path_;
    int descriptor_ = -1;
    bool finished_ = false;
};

inline void write_text_file(const std::filesystem::path& path, std::string_view text) {
    PartialFile file(path);
    file.write(text);
    file.finish();
}

}  // namespace gptoss
