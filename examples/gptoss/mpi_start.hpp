// How a rank of gptoss-mpi begins, and what ends it when there is nobody left to wait for.
#pragma once
#include <mpi.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "gptoss/mpi/team.hpp"
#include "signals.hpp"

namespace gptoss::tool {

inline int n_ranks_here = 1;       // on this machine
inline std::string last_words;     // of rank 0, when a signal ends it
inline std::string words_of_pipe;  // when it writes to a pipe that nobody reads

// mpirun sends SIGTERM to all ranks when one of them has died, or when Ctrl-C ends mpirun. The others may
// be waited for in vain, so there is nothing to tidy up.
inline void end_by_signal(int signal) {
    const std::string& words = signal == SIGPIPE ? words_of_pipe : last_words;
    const ssize_t ignored = ::write(STDERR_FILENO, words.data(), words.size());
    (void)ignored;
    ::_exit(1);
}

inline void prepare_last_words(bool as_json) {
    const auto line_of = [as_json](const std::string& words) {
        const std::string begin = as_json ? "{\"error\":\"" : "gptoss: ";
        return begin + words + (as_json ? "\"}\n" : "\n");
    };
    last_words = line_of("mpi: stopped: another rank has ended, or mpirun was told to end");
    words_of_pipe = line_of("mpi: stopped: nobody reads the output, or another rank has ended");
}

inline void start_rank(bool as_json) {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    mpi::join_team();
    MPI_Comm here = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
    MPI_Comm_size(here, &n_ranks_here);
    MPI_Comm_free(&here);

    const bool is_silent = mpi::team.rank != 0;
    if (!is_silent) prepare_last_words(as_json);
    if (is_silent && std::freopen("/dev/null", "w", stdout) == nullptr) std::fclose(stdout);
    ends_at_once = true;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
        std::signal(signal, end_by_signal);
}

}  // namespace gptoss::tool
