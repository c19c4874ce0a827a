# gptoss::fast: gptoss::gptoss, and what the tuned path asks of a build. OpenMP gives it threads, and
# with -ffp-contract=off the plain path has the same bits with every compiler.
#
# gptoss::prebuilt: gptoss::fast, and Model compiled apart from your files (prebuilt.hpp).
#
# Read by the project itself and, installed, by find_package(gptoss).
if(NOT TARGET gptoss::fast)
    add_library(gptoss::fast INTERFACE IMPORTED GLOBAL)
    target_link_libraries(gptoss::fast INTERFACE gptoss::gptoss)
    target_compile_options(gptoss::fast INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)

    if(NOT TARGET OpenMP::OpenMP_CXX)
        find_package(OpenMP COMPONENTS CXX QUIET)
        if(TARGET OpenMP::OpenMP_CXX)
            set_target_properties(OpenMP::OpenMP_CXX PROPERTIES IMPORTED_GLOBAL TRUE)
        endif()
    endif()
    if(TARGET OpenMP::OpenMP_CXX)
        target_link_libraries(gptoss::fast INTERFACE OpenMP::OpenMP_CXX)
    else()
        message(STATUS "gptoss::fast: OpenMP was not found, so the tuned path has one thread")
    endif()

    add_library(gptoss::prebuilt INTERFACE IMPORTED GLOBAL)
    target_link_libraries(gptoss::prebuilt INTERFACE gptoss::fast)
    target_sources(gptoss::prebuilt INTERFACE "${CMAKE_CURRENT_LIST_DIR}/prebuilt_model.cpp")
endif()
