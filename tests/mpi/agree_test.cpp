#include "gptoss/mpi/agree.hpp"

#include "catch.hpp"

using namespace gptoss;

TEST_CASE("mpi agree: every rank gets the texts of all", "[mpi]") {
    const auto texts = mpi::texts_of_ranks("rank " + std::to_string(mpi::team.rank));
    CHECK(int(texts.size()) == mpi::team.n_ranks);
    for (std::size_t rank = 0; rank < texts.size(); ++rank)
        CHECK(texts[rank] == "rank " + std::to_string(rank));
    CHECK(mpi::texts_of_ranks(std::string(1000, 'a')).back() == std::string(511, 'a'));
}

TEST_CASE("mpi agree: a rank that differs is named, on every rank", "[mpi][errors]") {
    CHECK_NOTHROW(mpi::require_alike("version", "1.0"));
    const int last = mpi::team.n_ranks - 1;
    if (last == 0) return;
    const std::string mine = mpi::team.rank == last ? "1.1" : "1.0";
    CHECK_THROWS_WITH(mpi::require_alike("version", mine),
                      StartsWith("mpi: rank " + std::to_string(last) + " on ") &&
                          EndsWith(": version is 1.1, expected 1.0 as on rank 0"));
}
