// A graph: launches that are recorded once and from then on start together, with one call. A decode
// step of 20b is more than 400 small launches; each costs the host microseconds and the device a gap.
//
//     graph.record([&] { forward<CudaOps>(w, cache, a); });     nothing runs yet
//     graph.play();                                              as often as you like
//
// New: in a recorded step a kernel begins while the one in front of it still runs, and has its first
// weights on their way when its turn comes (cuda/overlap.cuh). That takes sm_90 and CUDA 13.
//
// Pitfalls What is recorded is the arguments of each kernel: views, not what they hold. New tokens
//          and positions at the same place are fine; memory that has moved is not. Nothing may be
//          allocated, copied to the host or waited for while recording.
//          The default stream of old cannot be recorded: compile with --default-stream per-thread.
// Source   CUDA C++ Programming Guide, section CUDA Graphs, and there Edge Data.
// Errors   Error.
#pragma once
#include <cuda_runtime.h>

#include <vector>

#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/device.cuh"

namespace gptoss::cuda {

// Every edge of the graph, which is a chain of kernels, becomes one that is passed as soon as all
// blocks of the kernel in front wait or have ended. Kernels do their own waiting from then on.
inline cudaError_t overlap_kernels(cudaGraph_t graph) {
#if CUDART_VERSION >= 13000  // before, these calls had other names, or did not exist
    std::size_t n_edges = 0;
    cudaError_t error = cudaGraphGetEdges(graph, nullptr, nullptr, nullptr, &n_edges);
    if (error != cudaSuccess) return error;
    std::vector<cudaGraphNode_t> from(n_edges), to(n_edges);
    std::vector<cudaGraphEdgeData> edges(n_edges);
    error = cudaGraphGetEdges(graph, from.data(), to.data(), edges.data(), &n_edges);
    if (error != cudaSuccess) return error;
    error = cudaGraphRemoveDependencies(graph, from.data(), to.data(), edges.data(), n_edges);
    if (error != cudaSuccess) return error;
    for (cudaGraphEdgeData& edge : edges) {
        edge.from_port = cudaGraphKernelNodePortProgrammatic;
        edge.type = cudaGraphDependencyTypeProgrammatic;
    }
    return cudaGraphAddDependencies(graph, from.data(), to.data(), edges.data(), n_edges);
#else
    (void)graph;
    return cudaErrorNotSupported;
#endif
}

struct Recording {
    cudaGraph_t graph = nullptr;
    ~Recording() {
        if (graph != nullptr) cudaGraphDestroy(graph);
    }
};

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
        Recording recording;
        try {
            launches();
        } catch (...) {
            cudaStreamEndCapture(cudaStreamPerThread, &recording.graph);
            cudaGetLastError();  // an abandoned recording counts as an error, told by the one thrown
            throw;
        }
        check("record", cudaStreamEndCapture(cudaStreamPerThread, &recording.graph));
        check("record", cudaGraphGetNodes(recording.graph, nullptr, &n_launches_));
        if (kernels_can_wait() && instantiate_overlapping(recording.graph)) return;
        check("record", cudaGraphInstantiate(&executable_, recording.graph, 0));
    }

    std::size_t n_launches() const { return n_launches_; }

    void play() const { check("play", cudaGraphLaunch(executable_, cudaStreamPerThread)); }

private:
    // What a driver refuses, runs without: the plain chain gives the same bits.
    bool instantiate_overlapping(cudaGraph_t chain) {
        Recording copy;
        check("record", cudaGraphClone(&copy.graph, chain));
        cudaError_t error = overlap_kernels(copy.graph);
        if (error == cudaSuccess) error = cudaGraphInstantiate(&executable_, copy.graph, 0);
        if (error == cudaSuccess) return true;
        executable_ = nullptr;
        cudaGetLastError();  // it has been dealt with
        return false;
    }

    void release() {
        if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
        executable_ = nullptr;
    }

    cudaGraphExec_t executable_ = nullptr;
    std::size_t n_launches_ = 0;
};

}  // namespace gptoss::cuda
