// MappedFile: a file's bytes as memory, read-only; pages are read when they are first touched.
//
// Opening 13 GB costs microseconds, and what is never touched is never read. Pages can be dropped
// and read again by the system, so they are a cache rather than a cost.
//
//     MappedFile file(path);                      pages of the file
//     MappedFile file(path, FileBytes::copied);   read at once into memory of its own
//
// Source   POSIX.1-2017: open, fstat, mmap.
// Errors   Error, naming the file: missing, unreadable, a directory, or empty; copied: cut short
//          while it was read.
// Pitfalls Nothing aligns the bytes inside; read wider types with memcpy (core/bf16.hpp). A file
//          that another program cuts short while it is mapped raises SIGBUS at the next look at what
//          is gone: whoever must not end by it takes copied.
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

enum class FileBytes { mapped, copied };

class MappedFile {
public:
    explicit MappedFile(const std::filesystem::path& path, FileBytes bytes = FileBytes::mapped)
        : path_(path.string()) {
        const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a pipe is refused, not waited for
        const int descriptor = ::open(path_.c_str(), flags);
        if (descriptor < 0) fail("cannot be opened: " + last_reason());
        try {
            open(descriptor, bytes);
        } catch (...) {
            ::close(descriptor);
            throw;
        }
        ::close(descriptor);  // the mapping stays
    }
    ~MappedFile() { unmap(); }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const std::uint8_t* bytes() const { return static_cast<const std::uint8_t*>(memory_); }
    std::size_t size() const { return size_; }
    const std::string& path() const { return path_; }

private:
    void open(int descriptor, FileBytes bytes) {
        struct stat status;
        if (::fstat(descriptor, &status) != 0) fail("has no status: " + last_reason());
        if (S_ISDIR(status.st_mode)) fail("is a directory, expected a file");
        if (!S_ISREG(status.st_mode)) fail("is not a regular file");
        if (status.st_size == 0) fail("is empty");
        size_ = std::size_t(status.st_size);
        const bool copies = bytes == FileBytes::copied;
        memory_ = copies ? ::mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                         : ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (memory_ == MAP_FAILED) fail("cannot be mapped: " + last_reason());
        if (copies) copy(descriptor);
    }
    void copy(int descriptor) {
        std::size_t n_read = 0;
        while (n_read < size_) {
            const ssize_t n_bytes =
                ::read(descriptor, static_cast<char*>(memory_) + n_read, size_ - n_read);
            if (n_bytes < 0 && errno == EINTR) continue;
            const std::string problem = n_bytes < 0 ? "cannot be read: " + last_reason()
                                                    : "was cut short while it was read";
            if (n_bytes <= 0) unmap();  // no destructor runs
            if (n_bytes <= 0) fail(problem);
            n_read += std::size_t(n_bytes);
        }
    }
    void unmap() { ::munmap(memory_, size_); }
    static std::string last_reason() { return std::strerror(errno); }
    [[noreturn]] void fail(const std::string& what) const { throw Error(path_ + ": " + what); }

    std::string path_;
    void* memory_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace gptoss::format
