# cmake -DPORT_FOLDER=... -DCURRENT_PACKAGES_DIR=... -DWORK=... -DGENERATOR=... -P vcpkg_functions.cmake
# Runs a portfile without vcpkg: the functions that it calls, as far as a header-only port needs them.
# As in vcpkg, the configuration for debugging is built unless VCPKG_BUILD_TYPE is release, package files
# move to share/PORT, and the port must leave a licence and no empty folder.
get_filename_component(PORT "${PORT_FOLDER}" NAME)
file(READ "${PORT_FOLDER}/vcpkg.json" manifest)
string(JSON name GET "${manifest}" name)
string(JSON VERSION GET "${manifest}" version-semver)
if(NOT name STREQUAL PORT)
    message(FATAL_ERROR "vcpkg.json names the port '${name}', expected '${PORT}', its folder")
endif()

function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" SOURCE_PATH OPTIONS)
    execute_process(COMMAND "${CMAKE_COMMAND}" -S "${arg_SOURCE_PATH}" -B "${WORK}/build" -G "${GENERATOR}"
                            "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}" ${arg_OPTIONS}
                    COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
    if(NOT VCPKG_BUILD_TYPE STREQUAL "release")
        message(FATAL_ERROR "the port would be built for debugging too")
    endif()
endfunction()

function(vcpkg_cmake_install)
    execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}/build" --target install
                    COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()

function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" CONFIG_PATH "")
    file(GLOB files "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*")
    if(NOT files)
        message(FATAL_ERROR "there is no package in ${arg_CONFIG_PATH}")
    endif()
    file(COPY ${files} DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
    get_filename_component(parent "${arg_CONFIG_PATH}" DIRECTORY)
    file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/${parent}")
    set(config "${CURRENT_PACKAGES_DIR}/share/${PORT}/${PORT}Config.cmake")
    file(READ "${config}" text)
    string(REGEX REPLACE "/[.][.]/[.][.]/([.][.]/)*\" ABSOLUTE" "/../../\" ABSOLUTE" text "${text}")
    file(WRITE "${config}" "${text}")
    set(targets "${CURRENT_PACKAGES_DIR}/share/${PORT}/${PORT}Targets.cmake")
    file(READ "${targets}" text)
    set(up "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n")
    string(REPLACE "${up}${up}${up}" "${up}${up}" text "${text}")
    file(WRITE "${targets}" "${text}")
endfunction()

function(vcpkg_fixup_pkgconfig)
    file(GLOB_RECURSE files "${CURRENT_PACKAGES_DIR}/*.pc")
    foreach(file IN LISTS files)
        file(READ "${file}" text)
        if(text MATCHES "${CURRENT_PACKAGES_DIR}")
            message(FATAL_ERROR "${file} names the folder that it was installed to")
        endif()
    endforeach()
endfunction()

function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" FILE_LIST)
    foreach(file IN LISTS arg_FILE_LIST)
        file(READ "${file}" text)
        file(APPEND "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright" "${text}")
    endforeach()
endfunction()

set(ENV{CMAKE_BUILD_TYPE} Release)
include("${PORT_FOLDER}/portfile.cmake")

foreach(file IN ITEMS share/${PORT}/copyright share/${PORT}/${PORT}Config.cmake include/gptoss/gptoss.hpp)
    if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/${file}")
        message(FATAL_ERROR "the port leaves no ${file}")
    endif()
endforeach()
foreach(folder IN ITEMS debug lib)  # vcpkg's own check of what a port leaves
    if(EXISTS "${CURRENT_PACKAGES_DIR}/${folder}")
        message(FATAL_ERROR "the port leaves a folder ${folder}, which has nothing in it for a compiler")
    endif()
endforeach()
