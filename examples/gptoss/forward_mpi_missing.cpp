// Stands in for forward_mpi.cpp in gptoss; gptoss-mpi has that.
#include "team_path.hpp"

namespace gptoss::tool {

const TeamPath* team_path() {
    return nullptr;
}

}  // namespace gptoss::tool
