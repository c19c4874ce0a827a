// A launch on the emulated device: the views among its arguments are looked up, then it runs, or is
// recorded. Included by cuda_runtime.h.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <vector>

namespace emulated {

struct Bytes {
    const void* first = nullptr;
    std::size_t count = 0;
};
using Views = std::vector<Bytes>;

struct KernelRun {
    dim3 grid;
    dim3 block;
    Views views;  // all that the kernel may touch
    std::function<void()> thread;
};

// Runs it, or records it for a graph.
void launch_now(KernelRun kernel);

// Ends the program unless bytes from data on lie in one allocation.
void require_device_memory(const void* data, std::size_t bytes);

// The allocation that a pointer without a size points into, from there on.
std::size_t bytes_behind(const void* data);

// Finds the views in an argument, by their shape.
struct ViewFinder {
    Views views = {};

    static std::size_t extent(int n) { return std::size_t(n); }
    void add(const void* data, std::size_t bytes) {
        require_device_memory(data, bytes);
        if (data != nullptr && bytes > 0) views.push_back({data, bytes});
    }

    template <class Argument>
    void find(const Argument& a) {
        if constexpr (requires { a.data, a.rows, a.cols; }) {
            add(a.data, extent(a.rows) * extent(a.cols) * sizeof *a.data);
        } else if constexpr (requires { a.data, a.size; }) {
            add(a.data, extent(a.size) * sizeof *a.data);
        } else if constexpr (requires { a.bytes, a.rows, a.row_bytes(); }) {
            add(a.bytes, extent(a.rows) * a.row_bytes());
        } else if constexpr (requires { a.codes, a.scales, a.gguf; }) {
            find_experts(a);
        } else if constexpr (requires { a.codes, a.scales, a.rows; }) {
            add(a.codes, extent(a.rows) * extent(a.cols) / 2);
            add(a.scales, extent(a.rows) * extent(a.cols) / 32);
        } else if constexpr (requires { a.q, a.keys, a.record; }) {
            find_all(a.q, a.keys, a.values, a.sinks, a.positions, a.mix);
            find_all(a.record.scores, a.record.weights, a.record.sink_share);
        } else if constexpr (requires { a.value, a.counter; }) {
            find(a.counter);
        } else if constexpr (requires { a.calls, a.n_calls; }) {
            for (int n = 0; n < a.n_calls; ++n) {
                const auto& call = a.calls[n];
                find_all(call.x, call.w, call.bias, call.residual, call.y);
            }
        } else if constexpr (requires { a.q_rope, a.keys, a.table; }) {
            find_all(a.q, a.k, a.v, a.table, a.positions, a.q_rope, a.keys, a.values);
        } else if constexpr (requires { a.first, a.next, a.order; }) {
            find_all(a.first, a.next, a.order);
        } else if constexpr (std::is_pointer_v<Argument>) {
            add(a, bytes_behind(a));
        } else {
            static_assert(is_plain<Argument>, "launch.h: which memory does this argument show?");
        }
    }
    template <class... Arguments>
    void find_all(const Arguments&... arguments) {
        (find(arguments), ...);
    }

private:
    template <class Argument>
    static constexpr bool is_plain =
        std::is_arithmetic_v<Argument> || std::is_enum_v<Argument> ||
        requires(Argument a) { a.inv_freq; } || requires(Argument a) { a.top_p; };

    template <class Stack>
    void find_experts(const Stack& s) {
        const std::size_t n_weights = extent(s.n_experts) * extent(s.rows) * extent(s.cols);
        add(s.codes, n_weights / 2);
        add(s.scales, n_weights / 32);
        if (s.transposed != nullptr) add(s.transposed, storage_bytes(s.storage, n_weights));
        for (int part = 0; part < s.gguf.n_tensors; ++part) {
            add(s.gguf.tensors[part],
                storage_bytes(s.gguf.storage, n_weights) / std::size_t(s.gguf.n_tensors));
        }
    }
};

template <class... Parameters>
struct Launch {
    void (*kernel)(Parameters...);
    dim3 grid;
    dim3 block;

    void operator()(Parameters... arguments) const {
        ViewFinder finder;
        finder.find_all(arguments...);
        launch_now({grid, block, std::move(finder.views),
                    [kernel = kernel, arguments...] { kernel(arguments...); }});
    }
};

template <class... Parameters>
Launch<Parameters...> launch(void (*kernel)(Parameters...), dim3 grid, dim3 block) {
    return {kernel, grid, block};
}

}  // namespace emulated
