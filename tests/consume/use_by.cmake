# cmake -DWAY=... -DSOURCE=... -DBUILD=... -DWORK=... -DGENERATOR=... -DCOMPILER=... [-DSMALL=ON] -P use_by.cmake
# Builds tests/consume/consumer in a folder of its own, runs it, and looks at its compile command:
# nothing of our own flags may be in it. SMALL leaves out what takes long to compile.
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

# build_consumer(NAME OPTION...): in a folder of that name
function(build_consumer name)
    run("${CMAKE_COMMAND}" -S "${SOURCE}/tests/consume/consumer" -B "${WORK}/${name}" -G "${GENERATOR}"
        "-DCMAKE_CXX_COMPILER=${COMPILER}" ${ARGN})
    run("${CMAKE_COMMAND}" --build "${WORK}/${name}")
    run("${WORK}/${name}/consumer")
    if(NOT output STREQUAL "0.8485 1.1314\n")
        message(FATAL_ERROR "consumer printed '${output}', expected '0.8485 1.1314'")
    endif()
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

build_consumer(build -DWAY=${WAY} ${where} "-DSMALL=${SMALL}")

if(WAY STREQUAL "find_package" AND NOT SMALL)
    run("${WORK}/build/consumer_fast" "${SOURCE}/examples/nano/model")
    if(NOT output STREQUAL "17 + 25 = 42. with threads\n")
        message(FATAL_ERROR "consumer_fast printed '${output}', expected threads, and 42")
    endif()
    run("${WORK}/build/consumer_prebuilt" "${SOURCE}/examples/nano/model")
    if(NOT output STREQUAL "17 + 25 = 42.\n")
        message(FATAL_ERROR "consumer_prebuilt printed '${output}', expected 42")
    endif()
endif()

if(WAY STREQUAL "add_subdirectory")
    # What links gptoss can be installed and found: it brings the package with it, and no more.
    run("${CMAKE_COMMAND}" --install "${WORK}/build" --prefix "${WORK}/first")
    file(RENAME "${WORK}/first" "${WORK}/moved")
    build_consumer(build_dependent -DWAY=dependent "-DCMAKE_PREFIX_PATH=${WORK}/moved")
    if(NOT EXISTS "${WORK}/moved/share/gptoss/o200k_base.tiktoken")
        message(FATAL_ERROR "the vocabulary was not installed with the consumer's library")
    endif()
    if(EXISTS "${WORK}/moved/share/gptoss/nano")
        message(FATAL_ERROR "the consumer's library brought nano with it, which it does not use")
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
