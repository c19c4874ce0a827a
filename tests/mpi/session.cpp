// MPI around the tests: every rank runs every case, and mpirun's status is that of the worst. It begins
// before main, so that the main function of all tests, which takes long to compile, serves here too.
#include <mpi.h>

#include "gptoss/mpi/team.hpp"

namespace {

struct Session {
    Session() {
        MPI_Init(nullptr, nullptr);
        gptoss::mpi::join_team();
    }
    ~Session() { MPI_Finalize(); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
};
const Session session;

}  // namespace
