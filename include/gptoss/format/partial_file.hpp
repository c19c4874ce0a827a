// PartialFile: a file that appears under its name only once it is whole.
//
// Bytes go to NAME.0.partial (or .1, ..., the first that is new); finish() writes them through to the
// disk and renames it to NAME. Whatever goes wrong before that (a full disk, an exception in the
// caller) removes it and leaves an older NAME as it was; a killed program leaves it. Where NAME is a link, all this happens where it leads; an older file hands on
// its permissions.
//
//     PartialFile file("model.safetensors");
//     file.write(bytes, n_bytes);               as often as needed
//     file.finish();
//
// Source   POSIX.1-2017: rename replaces the target in one step.
// Errors   Error, naming the final file and the system's reason; NAME is a device, a pipe or a folder;
//          ten partial files are there already.
// Pitfalls A file is replaced, not written into: other hard links keep the older one.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "gptoss/core/check.hpp"

namespace gptoss::format {

class PartialFile {
public:
    explicit PartialFile(const std::filesystem::path& path) : path_(path.string()) {
        look_at_target();
        const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
        const mode_t mode = older_mode_.value_or(0666);
        for (int number = 0; descriptor_ < 0; ++number) {
            if (number == kMostPartialFiles) refuse_more();
            partial_path_ = partial_name(number);
            descriptor_ = ::open(partial_path_.c_str(), flags, mode);
            if (descriptor_ < 0 && errno != EEXIST) fail("cannot be created");
        }
        if (older_mode_) ::fchmod(descriptor_, *older_mode_);  // open heeds the umask
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
        // Else the new name may be on the disk before the bytes are.
        const bool is_synced = ::fsync(descriptor_) == 0 || errno == EINVAL;
        if (!is_synced) fail("cannot be written");
        const int closed = ::close(descriptor_);
        descriptor_ = -1;
        if (closed != 0) fail("cannot be written");  // some file systems report a full disk here
        if (std::rename(partial_path_.c_str(), target_.c_str()) != 0) fail("cannot be renamed to");
        finished_ = true;
    }

private:
    static constexpr int kMostPartialFiles = 10;
    static constexpr std::size_t kLongestName = 255;  // of most file systems, in bytes

    // Beside the target, so that it can be renamed; a long name is cut.
    std::string partial_name(int number) const {
        const std::filesystem::path target = target_;
        const std::string ending = "." + std::to_string(number) + ".partial";
        const std::string name = target.filename().string();
        const std::string stem = name.substr(0, kLongestName - ending.size());
        return (target.parent_path() / (stem + ending)).string();
    }
    [[noreturn]] void refuse_more() const {
        throw Error(path_ + ": cannot be written while " + partial_name(0) + " and nine more are " +
                    "there: programs that were killed left them; remove them");
    }
    void look_at_target() {
        std::error_code problem;
        const auto status = std::filesystem::status(path_, problem);  // of where a link leads
        const bool is_lost_link = !exists(status) && std::filesystem::is_symlink(path_, problem);
        if (is_lost_link) throw Error(path_ + ": is a link that leads nowhere, expected a file");
        if (exists(status) && !is_regular_file(status)) {
            throw Error(path_ + ": is not a regular file, and is not replaced by one");
        }
        target_ = exists(status) ? std::filesystem::canonical(path_).string() : path_;
        if (exists(status)) older_mode_ = mode_t(status.permissions());
    }
    [[noreturn]] void fail(const char* what) const {
        throw Error(path_ + ": " + what + ": " + std::strerror(errno));
    }

    std::string path_;    // as it was given
    std::string target_;  // links resolved
    std::string partial_path_;
    std::optional<mode_t> older_mode_;
    int descriptor_ = -1;
    bool finished_ = false;
};

inline void write_text_file(const std::filesystem::path& path, std::string_view text) {
    PartialFile file(path);
    file.write(text);
    file.finish();
}

}  // namespace gptoss::format
