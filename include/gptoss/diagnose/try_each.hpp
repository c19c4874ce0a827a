// Try each: one run for every mistake that a model can make, several at a time.
//
//     const std::vector<const pitfalls::Pitfall*> tried = those_that_apply(pitfalls, config, policy);
//     const int n_workers = workers_for(bytes_of(theirs), fast::n_threads());
//     try_each(int(tried.size()), n_workers, on_tried, [&](int i) { run *tried[i] });
//
// Runs share the weights and nothing else. A worker takes the next mistake as soon as it is done with
// one, so results go where i says and do not depend on how many workers there are.
//
// Where    diagnosis (diagnose/diagnose.hpp, diagnose/by_token.hpp).
// Errors   what a run throws is thrown again, once all are done: the first of them.
// Pitfalls on_tried is called by any of the workers, one at a time.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

#include "gptoss/compare/comparison.hpp"
#include "gptoss/dump/run_dump.hpp"
#include "gptoss/fast/kernels/parallel.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"

namespace gptoss::diagnose {

using OnTried = std::function<void(int n_tried, int n_in_all)>;

std::vector<const pitfalls::Pitfall*> those_that_apply(std::vector<pitfalls::Pitfall>&&,
                                                       const Config&, compare::Policy,
                                                       int = 0) = delete;

// What a model of these extents can do wrong, and a port that rounds so does not do rightly. While no
// key has left the window, a missing causal mask is no mask at all, and has that name.
inline std::vector<const pitfalls::Pitfall*> those_that_apply(
    const std::vector<pitfalls::Pitfall>& pitfalls, const Config& config, compare::Policy policy,
    int n_tokens = pitfalls::kOnePass) {
    std::vector<const pitfalls::Pitfall*> list;
    for (const pitfalls::Pitfall& pitfall : pitfalls) {
        const bool is_right = policy == compare::Policy::bf16 && pitfall.facts.is_right_in_bf16;
        const bool is_causal = std::strcmp(pitfall.facts.name, "causal_missing") == 0;
        const bool is_another = is_causal && n_tokens <= config.sliding_window;
        if (applies(pitfall, config) && !is_right && !is_another) list.push_back(&pitfall);
    }
    return list;
}

// What a run keeps: the dump's sites.
inline double bytes_of(const dump::Dump& dump) {
    double bytes = 0;
    for (const auto& [key, activation] : dump.sites) {
        bytes += double(sizeof(float)) * double(activation.values.size());
    }
    return bytes;
}

// One for each thread, but no more than keep 4 GB in all.
inline int workers_for(double bytes_of_run, int n_threads) {
    return int(std::clamp(4e9 / std::max(bytes_of_run, 1.0), 1.0, double(n_threads)));
}

template <class Try>
void try_each(int n_mistakes, int n_workers, const OnTried& on_tried, const Try& try_one) {
    std::atomic<int> next = 0;
    std::mutex mutex;  // of the two below and of on_tried
    int n_tried = 0;
    std::exception_ptr first_error;
    const auto work = [&](int, int) {
        for (int i = next++; i < n_mistakes; i = next++) {
            std::exception_ptr error;
            try {
                try_one(i);
            } catch (...) {
                error = std::current_exception();
            }
            const std::lock_guard<std::mutex> lock(mutex);
            n_tried += 1;
            if (error && !first_error) first_error = error;
            if (on_tried) on_tried(n_tried, n_mistakes);
        }
    };
    fast::for_ranges(n_workers, n_workers * fast::kWorkWorthThreads, work);
    if (first_error) std::rethrow_exception(first_error);
}

}  // namespace gptoss::diagnose
