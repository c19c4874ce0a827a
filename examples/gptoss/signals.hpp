// Ctrl-C: the first one asks a long run to stop and tidy up, the second one ends it at once.
//
//     const StopOnSignal stop_on_signal;       from here on SIGINT and SIGTERM only set a flag
//     throw_if_stopped();                      wherever stopping is safe; throws Stopped
//
//     report_lost_files(false, 1);             from here on a mapped file that becomes shorter while
//                                              it is read is an error in one line, and status 1
#pragma once
#include <unistd.h>

#include <csignal>
#include <string_view>

#include "disk_note.hpp"
#include "gptoss/trace/watch.hpp"

namespace gptoss::tool {

struct Stopped {
    int signal;
    int exit_status() const { return 128 + signal; }  // as shells have it: 130 after Ctrl-C
};

inline volatile std::sig_atomic_t caught_signal = 0;

// With --path mpi, which has handlers of its own: a rank that others wait for cannot tidy up.
inline bool ends_at_once = false;

class StopOnSignal {
public:
    StopOnSignal() {
        if (ends_at_once) return;
        struct sigaction action = {};
        action.sa_handler = [](int signal) { caught_signal = signal; };
        action.sa_flags = int(SA_RESETHAND);  // the second one has its usual effect
        sigemptyset(&action.sa_mask);
        ::sigaction(SIGINT, &action, nullptr);
        ::sigaction(SIGTERM, &action, nullptr);
    }
};

inline void throw_if_stopped() {
    if (caught_signal != 0) throw Stopped{int(caught_signal)};
}

// What a signal handler may do: write a text that is there already, and end.
inline std::string_view lost_file_line;
inline int lost_file_status = 1;

inline void report_lost_files(bool as_json, int status) {
    lost_file_status = status;
    lost_file_line = as_json ? "{\"error\":\"a file was cut short by another program while it was "
                               "read from\"}\n"
                             : "gptoss: a file was cut short by another program while it was read "
                               "from\n";
    struct sigaction action = {};
    action.sa_handler = [](int) {
        const ssize_t ignored =
            ::write(STDERR_FILENO, lost_file_line.data(), lost_file_line.size());
        (void)ignored;
        ::_exit(lost_file_status);
    };
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, nullptr);
}

// The forward pass asks its Watch about every tensor, so it can be left there: within one op
// instead of after a prompt that may take minutes.
struct StopWatch : Watch {
    DiskNote disk_note = {};
    bool wants(Site site, int) override {
        throw_if_stopped();
        if (site == Site::mlp_residual) disk_note.look();  // once per layer
        return false;
    }
    void show(Site, int, ConstMatrixView) override {}
};

}  // namespace gptoss::tool
