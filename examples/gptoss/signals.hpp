// Ctrl-C: the first one asks a long run to stop and tidy up, the second one ends it at once.
//
//     const StopOnSignal stop_on_signal;       from here on SIGINT and SIGTERM only set a flag
//     throw_if_stopped();                      wherever stopping is safe; throws Stopped
#pragma once
#include <csignal>

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
