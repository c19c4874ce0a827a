// Weights are mapped, so a file that no memory holds yet is read while the model computes, and a slow
// disk looks like a slow program. Once, some seconds into a run, this says so.
//
//     DiskNote note;      when the run begins
//     note.look();        now and then
//
// On standard error, and only if that is a terminal. What was read comes from Linux
// (Documentation/filesystems/proc.rst, /proc/PID/io); elsewhere nothing is said.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <istream>
#include <string>

#include "terminal.hpp"

namespace gptoss::tool {

inline constexpr double kDiskNoteSeconds = 3;
inline constexpr std::uint64_t kDiskNoteBytes = 8'000'000;  // less may be anything

// The line "read_bytes: N" of /proc/self/io: bytes that came from storage, page faults included.
inline std::uint64_t storage_bytes(std::istream& proc_io) {
    std::string name;
    std::uint64_t bytes = 0;
    while (proc_io >> name >> bytes) {
        if (name == "read_bytes:") return bytes;
    }
    return 0;
}

// Empty if there is nothing to say.
inline std::string disk_note_text(std::uint64_t bytes, double seconds) {
    if (bytes < kDiskNoteBytes) return "";
    return "weights are being read from disk at " +
           formatted("%.0f MB/s", 1e-6 * double(bytes) / seconds);
}

struct DiskNote {
    std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
    std::uint64_t bytes_before = bytes_of_this_process();
    bool is_done = !errors_are_terminal();

    static std::uint64_t bytes_of_this_process() {
        std::ifstream proc_io("/proc/self/io");
        return storage_bytes(proc_io);
    }
    void look() {
        if (is_done) return;
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
        if (elapsed.count() < kDiskNoteSeconds) return;
        is_done = true;
        const std::uint64_t bytes = bytes_of_this_process() - bytes_before;
        const std::string text = disk_note_text(bytes, elapsed.count());
        if (!text.empty()) std::fprintf(stderr, "\r\033[K%s\n", text.c_str());
    }
};

}  // namespace gptoss::tool
