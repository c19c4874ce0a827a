// Agree: texts of all ranks beside each other, so that what has to be alike is found not to be before
// anybody waits for a rank that will not come.
//
//     require_alike("version", GPTOSS_VERSION);     on every rank; throws on all of them or on none
//
// Errors   Error, naming the first rank that differs from rank 0, and its machine.
// Pitfalls A text is cut at 511 bytes, and the size of a message may not change: ranks of different
//          versions meet here.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/mpi/team.hpp"

namespace gptoss::mpi {

inline constexpr int kTextBytes = 512;

// By rank; every rank gets all of them.
inline std::vector<std::string> texts_of_ranks(const std::string& mine) {
    std::vector<char> own(kTextBytes, '\0');
    std::copy_n(mine.data(), std::min(mine.size(), own.size() - 1), own.data());
    std::vector<char> all(own.size() * std::size_t(team.n_ranks));
    MPI_Allgather(own.data(), kTextBytes, MPI_CHAR, all.data(), kTextBytes, MPI_CHAR,
                  MPI_COMM_WORLD);
    std::vector<std::string> texts;
    for (int rank = 0; rank < team.n_ranks; ++rank)
        texts.emplace_back(all.data() + std::size_t(rank) * own.size());
    return texts;
}

inline std::string machine_name() {
    char name[MPI_MAX_PROCESSOR_NAME] = {};
    int size = 0;
    MPI_Get_processor_name(name, &size);
    return name;
}

inline void require_alike(const std::string& what, const std::string& mine) {
    const std::vector<std::string> machines = texts_of_ranks(machine_name());
    const std::vector<std::string> texts = texts_of_ranks(mine);
    for (std::size_t rank = 1; rank < texts.size(); ++rank) {
        if (texts[rank] == texts[0]) continue;
        throw Error("mpi: rank " + std::to_string(rank) + " on " + machines[rank] + ": " + what +
                    " is " + texts[rank] + ", expected " + texts[0] + " as on rank 0");
    }
}

}  // namespace gptoss::mpi
