// Launches on the emulated device: at once, or recorded as a graph and played back.
#include <map>
#include <utility>
#include <vector>

#include "emulator.hpp"

struct EmulatedGraph {
    std::vector<emulated::KernelRun> nodes;
    std::map<cudaGraphNode_t, cudaGraphEdgeData> edges;  // to the node, from the one before it

    // Runs in order whatever the edges say, so it sees to it that they say the same.
    void require_chain() const {
        for (cudaGraphNode_t to = 2; to <= nodes.size(); ++to) {
            const auto edge = edges.find(to);
            if (edge == edges.end()) emulated::stop("a graph is no chain any more");
            if (edge->second.from_port != edge->second.type)
                emulated::stop("an edge of no known kind");
        }
    }
    bool begins_early(cudaGraphNode_t node) const {
        const auto edge = edges.find(node);
        return edge != edges.end() && edge->second.type != 0;
    }
};

namespace {
EmulatedGraph* recorded = nullptr;  // while launches are recorded
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
    recorded = new EmulatedGraph;
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
    *graph = recorded;
    recorded = nullptr;
    for (cudaGraphNode_t to = 2; to <= (*graph)->nodes.size(); ++to) {
        (*graph)->edges[to] = {};
    }
    return cudaSuccess;
}
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t*, std::size_t* n_nodes) {
    *n_nodes = graph->nodes.size();
    return cudaSuccess;
}
cudaError_t cudaGraphGetEdges(cudaGraph_t graph, cudaGraphNode_t* from, cudaGraphNode_t* to,
                              cudaGraphEdgeData* edges, std::size_t* n_edges) {
    *n_edges = graph->edges.size();
    if (from == nullptr) return cudaSuccess;
    for (const auto& [node, edge] : graph->edges) {
        *from++ = node - 1;
        *to++ = node;
        *edges++ = edge;
    }
    return cudaSuccess;
}
cudaError_t cudaGraphRemoveDependencies(cudaGraph_t graph, const cudaGraphNode_t*,
                                        const cudaGraphNode_t* to, const cudaGraphEdgeData*,
                                        std::size_t n_edges) {
    for (std::size_t i = 0; i < n_edges; ++i) {
        graph->edges.erase(to[i]);
    }
    return cudaSuccess;
}
cudaError_t cudaGraphAddDependencies(cudaGraph_t graph, const cudaGraphNode_t* from,
                                     const cudaGraphNode_t* to, const cudaGraphEdgeData* edges,
                                     std::size_t n_edges) {
    static const bool is_old = emulated::environment("GPTOSS_EMULATED_DRIVER") == "old";
    for (std::size_t i = 0; i < n_edges; ++i) {
        if (is_old && edges[i].type != 0) return cudaErrorInvalidValue;
        if (from[i] + 1 != to[i]) emulated::stop("an edge that leaves the chain");
        graph->edges[to[i]] = edges[i];
    }
    return cudaSuccess;
}
cudaError_t cudaGraphClone(cudaGraph_t* copy, cudaGraph_t graph) {
    *copy = new EmulatedGraph(*graph);
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, int) {
    graph->require_chain();
    *executable = new EmulatedGraph(*graph);
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
    cudaGraphNode_t node = 1;
    for (const emulated::KernelRun& kernel : executable->nodes)
        emulated::run(kernel, executable->begins_early(node++));
    emulated::wait_for_all();
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    delete executable;
    return cudaSuccess;
}

// What may not happen while launches are recorded.
void emulated::require_no_capture(const char* what) {
    if (recorded != nullptr) stop(std::string(what) + " while launches are recorded");
}

void emulated::launch_now(KernelRun kernel) {
    const dim3 grid = kernel.grid, block = kernel.block;
    const bool is_allowed = grid.x > 0 && grid.y > 0 && grid.y < 65536 && grid.z == 1 &&
                            block.x > 0 && block.x <= 1024 && block.y == 1 && block.z == 1;
    if (!is_allowed) {
        remember(cudaErrorInvalidConfiguration);
    } else if (recorded != nullptr) {
        recorded->nodes.push_back(std::move(kernel));
    } else {
        run(kernel, false);
    }
}
