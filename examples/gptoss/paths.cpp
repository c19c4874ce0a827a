#include "paths.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "gptoss/fast/kernels/amx.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace gptoss::tool {
namespace {

void set_threads(int n_threads) {
#ifdef _OPENMP
    omp_set_num_threads(n_threads);
#else
    (void)n_threads;
#endif
}

constexpr bool kHasThreads =
#ifdef _OPENMP
    true;
#else
    false;
#endif

cpu_set_t usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) CPU_SET(0, &set);
    return set;
}

int chosen_threads(const Globals& globals) {
    if (!kHasThreads) {
        if (globals.threads.value_or(1) == 1) return 1;
        throw Error("--threads is " + std::to_string(*globals.threads) +
                    ", expected 1: this program was built without OpenMP");
    }
    const int n_programs = globals.path == "mpi" ? team_path()->n_here() : 1;
    if (!globals.threads) return std::max(1, n_cores() / n_programs);
    if (*globals.threads <= n_cpus()) return *globals.threads;
    throw Error("--threads is " + std::to_string(*globals.threads) + ", expected 1 to " +
                std::to_string(n_cpus()) + ", the CPUs this process may use");
}

}  // namespace

int use_threads(const Globals& globals) {
    const int n_threads = chosen_threads(globals);
    set_threads(n_threads);
    return n_threads;
}

int n_cpus() {
    const cpu_set_t set = usable_cpus();
    return CPU_COUNT(&set);
}

// Two threads of a core share one list of siblings.
int n_cores() {
    const cpu_set_t set = usable_cpus();
    std::set<std::string> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &set)) continue;
        const std::string name = std::to_string(cpu);
        std::ifstream file("/sys/devices/system/cpu/cpu" + name + "/topology/thread_siblings_list");
        std::string siblings;
        std::getline(file, siblings);
        cores.insert(siblings.empty() ? name : siblings);
    }
    return std::max(1, int(cores.size()));
}

Path chosen_path(const Globals& globals, Automatic automatic) {
    std::string name = globals.path;
    if (name == "auto") name = automatic == Automatic::fast ? "fast" : "scalar";
    if (name == "scalar") return {name, forward_scalar, 1, globals.dense};
    if (name == "bf16") return {name, forward_bf16, 1, globals.dense};
    if (name == "cuda") {
        device_in_use = device_path();
        device_in_use->require_device();
        const DeviceForwards& on_device =
            globals.exact ? device_in_use->exact : device_in_use->rounding;
        return {.name = name,
                .forward = on_device.usual,
                .dense = globals.dense,
                .uses_tensor_cores = !globals.exact,
                .forward_by_ops = on_device.by_ops};
    }
    const int n_threads = use_threads(globals);
    if (name == "mpi") {
        const Forward forward = globals.exact ? team_path()->exact : team_path()->tiles;
        return {name, forward, n_threads, globals.dense,
                globals.exact ? fast::Bf16Unit{} : fast::bf16_unit()};
    }
    if (globals.exact) return {name, forward_fast, n_threads, globals.dense};
    return {name, forward_fast_tiles, n_threads, globals.dense, fast::bf16_unit()};
}

}  // namespace gptoss::tool
