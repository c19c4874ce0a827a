#include <cstdio>
#include <thread>

#include "gptoss/gptoss.hpp"

int main(int n_arguments, char** arguments) {
    if (n_arguments != 2) return 2;
    gptoss::Model<gptoss::FastOps> model(arguments[1]);
    const std::string answer = model.ask("What is 17 + 25?");
    const bool has_threads = gptoss::fast::n_threads() == int(std::thread::hardware_concurrency());
    std::printf("%s %s\n", answer.c_str(), has_threads ? "with threads" : "with one thread");
}
