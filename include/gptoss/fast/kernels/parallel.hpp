// Parallel: cuts a row of items into one run of neighbours per thread.
//
//     for_ranges(n_rows, n_rows * n_cols, [&](int first, int last) { rows first .. last - 1 });
//
// The cut depends on nothing but the number of threads, and what an item computes does not depend
// on the cut, so results have the same bits for every number of threads.
//
// Where    under every op of fast/. Threads are OpenMP's, and omp_set_num_threads sets how many;
//          without OpenMP everything runs in the caller's thread.
// Units    work counts multiply-adds: waking a thread costs what some ten thousand of them do.
// Errors   what body throws, once all threads are done; of several errors one.
#pragma once
#include <algorithm>
#include <cstdint>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace gptoss::fast {

inline constexpr std::int64_t kWorkWorthThreads = 100'000;

inline int n_threads() {
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

template <class Body>
void for_ranges(int n_items, std::int64_t work, const Body& body) {
    const bool is_small = work < kWorkWorthThreads;
    const int n_wanted = is_small ? 1 : std::min(n_threads(), n_items);
    if (n_wanted <= 1) {
        body(0, n_items);
        return;
    }
#ifdef _OPENMP
    std::exception_ptr error;  // carried out: none may leave a thread
#pragma omp parallel num_threads(n_wanted)
    {
        const std::int64_t thread = omp_get_thread_num();
        const std::int64_t n = omp_get_num_threads();
        try {
            body(int(n_items * thread / n), int(n_items * (thread + 1) / n));
        } catch (...) {
#pragma omp critical
            error = std::current_exception();
        }
    }
    if (error) std::rethrow_exception(error);
#endif
}

}  // namespace gptoss::fast
