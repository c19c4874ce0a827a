// A graph: launches that are recorded once and from then on start together, with one call. A decode
// step of 20b is more than 400 small launches; each costs the host microseconds and the device a gap.
//
//     graph.record([&] { forward<CudaOps>(w, cache, a); });     nothing runs yet
//     graph.play();                                              as often as you like
//
// Pitfalls What is recorded is the arguments of each kernel: views, not what they hold. New tokens
//          and positions at the same place are fine; memory that has moved is not. Nothing may be
//          allocated, copied to the host or waited for while recording.
//          The default stream of old cannot be recorded: compile with --default-stream per-thread.
// Source   CUDA C++ Programming Guide, section CUDA Graphs.
// Errors   Error.
#pragma once
#include <cuda_runtime.h>

#include "gptoss/cuda/check.cuh"

namespace gptoss::cuda {

class Graph {
public:
    Graph() = default;
    ~Graph() { release(); }
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    template <class Launches>
    void record(const Launches& launches) {
        release();
        check("record",
              cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeThreadLocal));
        cudaGraph_t graph = nullptr;
        try {
            launches();
        } catch (...) {
            cudaStreamEndCapture(cudaStreamPerThread, &graph);
            if (graph != nullptr) cudaGraphDestroy(graph);
            cudaGetLastError();  // an abandoned recording counts as an error, told by the one thrown
            throw;
        }
        check("record", cudaStreamEndCapture(cudaStreamPerThread, &graph));
        const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
        cudaGraphDestroy(graph);
        check("record", status);
    }

    void play() const { check("play", cudaGraphLaunch(executable_, cudaStreamPerThread)); }

private:
    void release() {
        if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
        executable_ = nullptr;
    }

    cudaGraphExec_t executable_ = nullptr;
};

}  // namespace gptoss::cuda
