# Experts over machines, with -DGPTOSS_MPI=ON only: Open MPI or MPICH, without the C++ classes that
# MPI 3 removed.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI REQUIRED COMPONENTS CXX)

add_library(gptoss_mpi_flags INTERFACE)
target_link_libraries(gptoss_mpi_flags INTERFACE gptoss_own_flags MPI::MPI_CXX)
