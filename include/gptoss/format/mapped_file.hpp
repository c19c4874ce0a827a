// MappedFile: a file's bytes as memory, read-only; pages are read when they are first touched.
//
// Opening 13 GB costs microseconds, and what is never touched is never read. Pages can be dropped
// and read again by the system, so they are a cache rather than a cost.
//
// Source   POSIX.1-2017: open, fstat, mmap.
// Errors   Error, naming the file: missing, unreadable, a directory, or empty.
// Pitfalls Nothing aligns the bytes inside; read wider types with memcpy (core/bf16.hpp). A file
//          that another program cuts short while it is mapped ends this one with SIGBUS.
#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include "gptoss/core/check.hpp"

namespace gptoss::format {

class MappedFile {
public:
    explicit MappedFile(const std::filesystem::path& path) : path_(path.string()) {
        const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a pipe is refused, not waited for
        const int descriptor = ::open(path_.c_str(), flags);
        if (descriptor < 0) fail("cannot be opened: " + last_reason());
        try {
            map(descriptor);
        } catch (...) {
            ::close(descriptor);
            throw;
        }
        ::close(descriptor);  // the mapping stays
    }
    ~MappedFile() { ::munmap(memory_, size_); }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const std::uint8_t* bytes() const { return static_cast<const std::uint8_t*>(memory_); }
    std::size_t size() const { return size_; }
    const std::string& path() const { return path_; }

private:
    void map(int descriptor) {
        struct stat status;
        if (::fstat(descriptor, &status) != 0) fail("has no status: " + last_reason());
        if (S_ISDIR(status.st_mode)) fail("is a directory, expected a file");
        if (!S_ISREG(status.st_mode)) fail("is not a regular file");
        if (status.st_size == 0) fail("is empty");
        size_ = std::size_t(status.st_size);
        memory_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (memory_ == MAP_FAILED) fail("cannot be mapped: " + last_reason());
    }
    static std::string last_reason() { return std::strerror(errno); }
    [[noreturn]] void fail(const std::string& what) const { throw Error(path_ + ": " + what); }

    std::string path_;
    void* memory_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace gptoss::format
