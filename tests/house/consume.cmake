# cmake -DWAY=... -DSOURCE=... -DBUILD=... -DWORK=... -DGENERATOR=... -DCOMPILER=... -P consume.cmake
# Builds tests/house/consumer in a folder of its own, runs it, and looks at its compile command:
# nothing of our own flags may be in it.
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")

function(run)
    execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output
                    RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "${command}\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

if(WAY STREQUAL "find_package")
    # Installed in one place, used in another: nothing in it may remember the first.
    run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/first")
    file(RENAME "${WORK}/first" "${WORK}/moved")
    set(where "-DCMAKE_PREFIX_PATH=${WORK}/moved")
else()
    set(where "-DGPTOSS_SOURCE=${SOURCE}")
endif()

if(WAY STREQUAL "add_subdirectory")  # with a JSON library of its own, and none to be found
    list(APPEND where "-DOWN_JSON=ON" "-DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON")
endif()

run("${CMAKE_COMMAND}" -S "${SOURCE}/tests/house/consumer" -B "${WORK}/build" -G "${GENERATOR}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" -DWAY=${WAY} ${where})
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${WORK}/build/consumer")
if(NOT output STREQUAL "0.8485 1.1314\n")
    message(FATAL_ERROR "consumer printed '${output}', expected '0.8485 1.1314'")
endif()

if(WAY STREQUAL "find_package")
    run("${WORK}/build/consumer_fast" "${SOURCE}/examples/nano/model")
    if(NOT output STREQUAL "17 + 25 = 42. with threads\n")
        message(FATAL_ERROR "consumer_fast printed '${output}', expected threads, and 42")
    endif()
    run("${WORK}/build/consumer_prebuilt" "${SOURCE}/examples/nano/model")
    if(NOT output STREQUAL "17 + 25 = 42.\n")
        message(FATAL_ERROR "consumer_prebuilt printed '${output}', expected 42")
    endif()
endif()

file(READ "${WORK}/build/compile_commands.json" commands)
foreach(asks_for_flags IN ITEMS fast prebuilt prebuilt_model)
    string(REGEX REPLACE "\"[^\"]* [^\"]*${asks_for_flags}.cpp[^\"]*\"" "" commands "${commands}")
endforeach()
foreach(flag IN ITEMS -W -ffp-contract -march -O -fsanitize -DGPTOSS)
    if(commands MATCHES " ${flag}[^ ]*")
        message(FATAL_ERROR "${CMAKE_MATCH_0} leaks into the consumer's compile command")
    endif()
endforeach()
if(WAY STREQUAL "find_package" AND commands MATCHES "${SOURCE}/include")
    message(FATAL_ERROR "the installed package points back into ${SOURCE}")
endif()
