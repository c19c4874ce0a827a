// The main function of the tests that run on several ranks: every rank runs every case, and mpirun's
// status is that of the worst.
#include <mpi.h>

#include "gptoss/mpi/team.hpp"
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

int main(int argc, char** argv) {
    MPI_Init(&argc, &argv);
    gptoss::mpi::join_team();
    const int status = Catch::Session().run(argc, argv);
    MPI_Finalize();
    return status == 0 ? 0 : 1;
}
