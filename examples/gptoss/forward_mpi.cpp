// The forward pass of --path mpi, and what rank 0 and the others say to each other around it.
#include <mpi.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gptoss/mpi/agree.hpp"
#include "gptoss/ops/mpi.hpp"
#include "mpi_meeting.hpp"
#include "mpi_start.hpp"
#include "team_path.hpp"

namespace gptoss::tool {
namespace {

using mpi::team;

// What the others do next.
enum class Task : std::int32_t { end, run_pass, report };

struct Order {
    Task task = Task::end;
    std::int32_t status = 0;  // of end
    std::int32_t uses_tiles = 0;
    std::int32_t n_tokens = 0;
    std::int32_t first_position = 0;
    std::int32_t n_logit_rows = 0;
    std::int32_t shares_routes = 0;
    std::int32_t gathers_experts = 0;
};

bool is_in_pass = false;

void start(bool as_json) {
    start_rank(as_json);
}

bool leads() {
    return team.rank == 0;
}

int n_here() {
    return n_ranks_here;
}

// --- Passes -----------------------------------------------------------------------------------

// The others wait here while rank 0 waits for its user: after a moment, without using a core.
void exchange(Order& order) {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Ibcast(&order, int(sizeof order), MPI_BYTE, 0, MPI_COMM_WORLD, &request);
    const auto begin = std::chrono::steady_clock::now();
    for (int is_done = 0; !is_done;) {
        MPI_Test(&request, &is_done, MPI_STATUS_IGNORE);
        const bool is_long =
            std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(20);
        if (is_long && !is_done) std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
}

void exchange_tokens(IdsView tokens) {
    MPI_Bcast(tokens.data, tokens.rows, MPI_INT32_T, 0, MPI_COMM_WORLD);
}

void set_up_pass(const Order& order) {
    team.shares_routes = order.shares_routes != 0;
    team.gathers_experts = order.gathers_experts != 0;
}

bool wants_experts(Watch* watch, int n_layers) {
    for (int layer = 0; layer < n_layers; ++layer) {
        for (const Site site : {Site::mlp_gate_up, Site::mlp_swiglu, Site::mlp_expert_out}) {
            if (is_watched(watch, site, layer)) return true;
        }
    }
    return false;
}

template <class Ops>
void lead_pass(const Weights& w, KvCache& cache, Activations& a, Watch* watch) {
    Order order;
    order.task = Task::run_pass;
    order.uses_tiles = std::is_same_v<Ops, FastTileOps>;
    order.n_tokens = a.tokens.rows;
    order.first_position = cache.length;
    order.n_logit_rows = a.logits.rows;
    // What records attention takes the plain op here, which rounds differently.
    const bool records_attention = wants_attention_record(watch, w.config.n_layers);
    order.shares_routes = meeting.rounds_differently || records_attention;
    order.gathers_experts = wants_experts(watch, w.config.n_layers);
    exchange(order);
    exchange_tokens(a.tokens);
    set_up_pass(order);
    is_in_pass = true;
    forward<MpiOps<Ops>>(w, cache, a, watch);
    is_in_pass = false;
}

struct Follower {
    const Weights& w;
    KvCache cache = {};
    Activations a = {};

    void run_pass(const Order& order) {
        if (order.first_position == 0) cache = {};
        if (order.first_position != cache.length) {
            throw Error("a pass begins at position " + std::to_string(order.first_position) +
                        ", expected " + std::to_string(cache.length));
        }
        std::vector<std::int32_t> tokens(std::size_t(order.n_tokens));
        exchange_tokens({tokens.data(), order.n_tokens, 1});
        set_up_pass(order);
        const bool all_rows = order.n_logit_rows == order.n_tokens;
        begin_pass<HostMemory>(w.config, cache, a, {tokens.data(), order.n_tokens, 1},
                               all_rows ? LogitRows::all : LogitRows::last, nullptr);
        if (order.uses_tiles != 0) {
            forward<MpiOps<FastTileOps>>(w, cache, a);
        } else {
            forward<MpiOps<FastOps>>(w, cache, a);
        }
        cache.length += order.n_tokens;
    }
};

// --- Reports ----------------------------------------------------------------------------------

// The line "NAME  N kB" of /proc/self/status.
std::int64_t status_bytes(const std::string& name) {
    std::ifstream status("/proc/self/status");
    std::string word;
    std::int64_t number = 0;
    while (status >> word) {
        if (word == name && status >> number) return 1024 * number;
    }
    return 0;
}

int n_experts_of_model = 0;

RankReport own_report() {
    RankReport report;
    const Share own = share_of(n_experts_of_model, team.rank, team.n_ranks);
    report.rank = team.rank;
    std::snprintf(report.machine, sizeof report.machine, "%s", mpi::machine_name().c_str());
    report.first_expert = own.first;
    report.end_expert = own.end;
    report.n_calls = team.work.traffic.n_calls;
    report.n_bytes = team.work.traffic.n_bytes;
    report.n_expert_bytes = team.work.n_expert_bytes;
    report.seconds_in_mpi = team.work.seconds_in_mpi;
    report.resident_bytes = status_bytes("VmRSS:");
    report.resident_file_bytes = status_bytes("RssFile:");
    team.work = {};
    return report;
}

void gather_reports(std::vector<RankReport>& all) {
    RankReport own = own_report();
    MPI_Gather(&own, int(sizeof own), MPI_BYTE, all.data(), int(sizeof own), MPI_BYTE, 0,
               MPI_COMM_WORLD);
}

std::vector<RankReport> report() {
    Order order;
    order.task = Task::report;
    exchange(order);
    std::vector<RankReport> all(std::size_t(team.n_ranks));
    gather_reports(all);
    return all;
}

// --- End --------------------------------------------------------------------------------------

void meet_and_note(const Weights& w) {
    n_experts_of_model = w.config.n_experts;
    meet(w);
}

// What this rank alone has met in a pass, the others will not hear of: they wait for it. If all have met
// it, rank 0 says so first, and ends this one too.
[[noreturn]] void abort_with(const std::string& problem) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    std::fprintf(stderr, "gptoss: mpi: rank %d on %s: %s\n", team.rank, mpi::machine_name().c_str(),
                 problem.c_str());
    MPI_Abort(MPI_COMM_WORLD, 1);
    std::exit(1);
}

int serve(const Weights& w) {
    meet_and_note(w);
    Follower follower{w};
    std::vector<RankReport> unused;
    for (;;) {
        Order order;
        exchange(order);
        if (order.task == Task::end) return order.status;
        if (order.task == Task::report) {
            gather_reports(unused);
            continue;
        }
        try {
            follower.run_pass(order);
        } catch (const std::exception& error) {
            abort_with(error.what());
        }
    }
}

int end(int status, const std::string& problem) {
    last_words.clear();                            // what was to say has been said
    if (is_in_pass) MPI_Abort(MPI_COMM_WORLD, 1);  // the others are in it, too
    try {
        const std::string reason = problem.empty() ? "has ended" : problem;
        if (!meeting.has_met) tell_problem(status == 0 ? kLeft : reason);
    } catch (const Error&) {
        // Rank 0 has printed it.
    }
    if (leads() && meeting.has_agreed) {
        Order order;
        order.status = status == 0 ? 0 : 1;
        exchange(order);
    }
    MPI_Finalize();
    return meeting.has_left ? 0 : status;
}

constexpr TeamPath kTeamPath = {
    .start = start,
    .leads = leads,
    .n_here = n_here,
    .meet = meet_and_note,
    .serve = serve,
    .end = end,
    .report = report,
    .tiles = lead_pass<FastTileOps>,
    .exact = lead_pass<FastOps>,
};

}  // namespace

const TeamPath* team_path() {
    return &kTeamPath;
}

}  // namespace gptoss::tool
