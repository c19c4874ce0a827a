// Jail: a program under limits, that can reach nothing but the socket it is handed.
//
//     time      4 s of processor
//     memory    512 MB of addresses
//     files     none: it is linked statically, so even its start opens nothing
//     processes none, and no network
//
// A filter of system calls (seccomp) is installed before the program is loaded, so that nothing of
// it, no constructor and no resolver, runs without. Opening a file, starting a process or thread
// and making a socket end it; whatever else it need not have fails.
//
// Source   the Linux manual, seccomp(2) and prctl(2).
// Errors   Error if the program cannot be started; a kernel without filters is one reason.
// Pitfalls The filter is for x86-64 and 64-bit ARM. Calls of another machine's numbering end the
//          program. kill and prlimit fail: the runner has the same user.
#pragma once
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"

namespace gptoss::course {

inline constexpr rlim_t kSecondsOfCpu = 4;
inline constexpr rlim_t kBytesOfMemory = 512 << 20;
inline constexpr int kMostFiles = 1024;  // that the runner may have open

#if defined(__x86_64__)
inline constexpr unsigned kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
inline constexpr unsigned kMachine = AUDIT_ARCH_AARCH64;
#else
inline constexpr unsigned kMachine = 0;  // no call is allowed: starting it fails
#endif

inline const std::vector<int>& allowed_calls() {
    static const std::vector<int> calls{
        SYS_read,
        SYS_write,
        SYS_exit,
        SYS_exit_group,
        SYS_execve,
        SYS_brk,
        SYS_mmap,
        SYS_munmap,
        SYS_mremap,
        SYS_mprotect,
        SYS_madvise,
        SYS_futex,
        SYS_rt_sigaction,
        SYS_rt_sigprocmask,
        SYS_rt_sigreturn,
        SYS_sigaltstack,
        SYS_getrandom,
        SYS_set_tid_address,
        SYS_set_robust_list,
        SYS_clock_gettime,
        SYS_ppoll,
#ifdef SYS_poll
        SYS_poll,
#endif
#ifdef SYS_arch_prctl
        SYS_arch_prctl,
#endif
#ifdef SYS_rseq
        SYS_rseq,
#endif
    };
    return calls;
}

// Asking for one of these ends the program.
inline const std::vector<int>& fatal_calls() {
    static const std::vector<int> calls{
        SYS_openat, SYS_clone, SYS_socket, SYS_ptrace, SYS_process_vm_readv, SYS_execveat,
#ifdef SYS_open
        SYS_open,   SYS_fork,  SYS_vfork,
#endif
#ifdef SYS_clone3
        SYS_clone3,
#endif
    };
    return calls;
}

// if the number is this one: action
inline void add_rule(std::vector<sock_filter>& filter, int number, unsigned action) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, unsigned(number), 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, action));
}

inline std::vector<sock_filter> call_filter() {
    std::vector<sock_filter> filter;
    filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMachine, 1, 0));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    for (const int call : allowed_calls()) {
        add_rule(filter, call, SECCOMP_RET_ALLOW);
    }
    for (const int call : fatal_calls()) {
        add_rule(filter, call, SECCOMP_RET_KILL_PROCESS);
    }
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    return filter;
}

inline bool limit(int resource, rlim_t most) {
    const rlimit both{most, most};
    return setrlimit(__rlimit_resource_t(resource), &both) == 0;
}

// In the new process. What fails here must not run the program.
[[noreturn]] inline void become(const char* program, int runner_file, int null_file,
                                const sock_fprog& filter) {
    bool good = dup2(null_file, 0) == 0 && dup2(null_file, 1) == 1 && dup2(null_file, 2) == 2;
    good = good && dup2(runner_file, 3) == 3;
    for (int file = 4; file < kMostFiles; ++file) {
        close(file);
    }
    good = good && limit(RLIMIT_CPU, kSecondsOfCpu) && limit(RLIMIT_AS, kBytesOfMemory);
    good = good && limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NPROC, 0);
    good = good && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
    good = good && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    good = good && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
    char* const arguments[] = {const_cast<char*>("student"), nullptr};
    char* const environment[] = {nullptr};
    if (good) execve(program, arguments, environment);
    _exit(127);
}

struct Jailed {
    pid_t process = -1;
    int file = -1;  // our end of the socket
};

inline Jailed start_jailed(const std::string& program) {
    int ends[2];
    const int null_file = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_file < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        throw Error("course: no socket: " + std::string(std::strerror(errno)));
    }
    std::vector<sock_filter> rules = call_filter();
    const sock_fprog filter{static_cast<unsigned short>(rules.size()), rules.data()};
    // Above every number that the new process gives its own files.
    const int theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, 10);
    const int nothing = fcntl(null_file, F_DUPFD_CLOEXEC, 10);
    const pid_t process = fork();
    if (process == 0) become(program.c_str(), theirs, nothing, filter);
    for (const int file : {ends[1], null_file, theirs, nothing}) {
        close(file);
    }
    if (process < 0) throw Error("course: no process: " + std::string(std::strerror(errno)));
    return {process, ends[0]};
}

// The status of a process that is ending, or is ended after ten seconds.
inline int status_of(pid_t process, bool& was_too_slow) {
    int status = 0;
    for (int tries = 0; tries < 1000 && !was_too_slow; ++tries) {
        if (waitpid(process, &status, WNOHANG) == process) return status;
        usleep(10000);
    }
    was_too_slow = true;
    kill(process, SIGKILL);
    waitpid(process, &status, 0);
    return status;
}

// How it ended, in words for a student; it is ended first if it still runs.
inline std::string end_of(Jailed& jailed, bool was_too_slow) {
    close(jailed.file);
    const int status = status_of(jailed.process, was_too_slow);
    jailed.process = -1;
    if (was_too_slow) return "it took too long: an endless loop?";
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return "it could not be started under its limits: is seccomp there?";
    if (WIFEXITED(status)) return "it ended by itself (exit)";
    switch (WTERMSIG(status)) {
        case SIGSYS:
            return "it asked for a file, a process or the network, which it has no need of";
        case SIGXCPU:
        case SIGKILL:
            return "it took too long: an endless loop?";
        case SIGSEGV:
            return "it crashed: memory that is not its own, or a stack too deep";
        case SIGFPE:
            return "it crashed: an integer divided by 0";
        default:
            return "it crashed: " + std::string(strsignal(WTERMSIG(status)));
    }
}

}  // namespace gptoss::course
