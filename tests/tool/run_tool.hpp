// Runs the command-line tool as a user would: a program of its own, watched from outside.
//
//     const ToolRun run = run_tool({"tokenize", "encode", "Hello"});
//     CHECK(run.status == 0);
//     CHECK(run.output == "13225\n");
#pragma once
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "temp_folder.hpp"

#ifndef GPTOSS_TOOL
#error "GPTOSS_TOOL is not defined: examples/gptoss/CMakeLists.txt says which tests get it"
#endif

struct ToolOptions {
    std::string input = {};       // what the tool reads from standard input
    std::string input_from = {};  // a file, or a pipe, instead
    std::string output_to = {};   // a file for standard output instead of ToolRun::output
    std::string errors_to = {};   // and for standard error
    bool closed_pipe = false;     // standard output leads to a pipe that nobody reads
    rlim_t most_file_bytes = RLIM_INFINITY;  // a longer file cannot be written, as on a full disk
};

// A terminal for output_to and errors_to, and what was written to it.
struct Terminal {
    int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    std::string path;
    int kept_open;  // or what was written would be lost with the last writer

    Terminal() {
        REQUIRE(::grantpt(master) == 0);
        REQUIRE(::unlockpt(master) == 0);
        path = ::ptsname(master);
        kept_open = ::open(path.c_str(), O_RDWR | O_NOCTTY);
    }
    ~Terminal() {
        ::close(kept_open);
        ::close(master);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    std::string shown() const {
        std::string text;
        char bytes[4096];
        for (ssize_t n = 0; (n = ::read(master, bytes, sizeof bytes)) > 0;) {
            text.append(bytes, std::size_t(n));
        }
        return text;
    }
};

struct ToolRun {
    int status = -1;  // exit status, or 128 + the signal that ended it, as shells have it
    std::string output;
    std::string errors;
};

// A tool that runs beside the test until wait is called.
class RunningTool {
public:
    explicit RunningTool(const std::vector<std::string>& arguments, const ToolOptions& options = {})
        : output_path_(options.output_to) {
        if (output_path_.empty()) output_path_ = (folder_ / "output").string();
        write_bytes(folder_ / "input", options.input);
        process_ = ::fork();
        if (process_ == 0) become_tool(arguments, options);
        REQUIRE(process_ > 0);
    }
    ~RunningTool() {
        if (process_ > 0) ::kill(process_, SIGKILL);
        if (process_ > 0) ::waitpid(process_, nullptr, 0);
    }
    RunningTool(const RunningTool&) = delete;
    RunningTool& operator=(const RunningTool&) = delete;

    void send(int signal) const { ::kill(process_, signal); }

    // Looks again and again, for a minute at most.
    bool becomes_true(const std::function<bool()>& condition) const {
        for (int attempt = 0; attempt < 6000; ++attempt) {
            if (condition()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }
    // Is the file a part of its memory?
    bool maps(const std::string& file) const {
        const std::string maps = read_bytes("/proc/" + std::to_string(process_) + "/maps");
        return maps.find(file) != std::string::npos;
    }
    std::string output_so_far() const { return read_bytes(output_path_); }

    ToolRun wait() {
        int how = 0;
        ::waitpid(process_, &how, 0);
        process_ = -1;
        ToolRun run;
        run.status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
        if (std::filesystem::is_regular_file(output_path_)) run.output = read_bytes(output_path_);
        run.errors = read_bytes(folder_ / "errors");
        return run;
    }

private:
    // In the new process; ends in the tool, or with a status that no test expects.
    [[noreturn]] void become_tool(const std::vector<std::string>& arguments,
                                  const ToolOptions& options) const {
        const int write_flags = O_WRONLY | O_CREAT | O_TRUNC;
        const std::string input_path =
            options.input_from.empty() ? (folder_ / "input").string() : options.input_from;
        const int input = ::open(input_path.c_str(), O_RDWR);  // a pipe never ends
        int output = ::open(output_path_.c_str(), write_flags | O_NOCTTY, 0666);
        const std::string errors_path =
            options.errors_to.empty() ? (folder_ / "errors").string() : options.errors_to;
        const int errors = ::open(errors_path.c_str(), write_flags | O_NOCTTY, 0666);
        if (options.closed_pipe) output = end_of_closed_pipe();
        ::dup2(input, STDIN_FILENO);
        ::dup2(output, STDOUT_FILENO);
        ::dup2(errors, STDERR_FILENO);
        const struct rlimit limit = {options.most_file_bytes, RLIM_INFINITY};
        ::setrlimit(RLIMIT_FSIZE, &limit);

        std::vector<char*> pointers = {const_cast<char*>(GPTOSS_TOOL)};
        for (const std::string& argument : arguments) {
            pointers.push_back(const_cast<char*>(argument.c_str()));
        }
        pointers.push_back(nullptr);
        ::execv(GPTOSS_TOOL, pointers.data());
        std::_Exit(99);
    }

    static int end_of_closed_pipe() {
        int ends[2];
        if (::pipe(ends) != 0) std::_Exit(98);
        ::close(ends[0]);
        return ends[1];
    }

    TempFolder folder_;
    std::string output_path_;
    pid_t process_ = -1;
};

inline ToolRun run_tool(const std::vector<std::string>& arguments,
                        const ToolOptions& options = {}) {
    RunningTool tool(arguments, options);
    return tool.wait();
}

// The tool's own synthetic models, written once for all cases of a test program.
inline std::string synthetic_model(const std::string& preset) {
    static const TempFolder folder;
    const std::string path = (folder / preset).string();
    if (!std::filesystem::exists(path)) {
        const ToolRun run = run_tool({"synth", "--preset", preset, "--out", path});
        INFO(run.errors);
        REQUIRE(run.status == 0);
    }
    return path;
}
