# cmake --install BUILD --prefix WHERE: headers, the vocabulary, a package that find_package(gptoss) finds
# and one for pkg-config, wherever the prefix is moved to; where the tool is built, also the tool, nano,
# goldens and recorders.
#
# In a project that contains this one they are installed with it, because what links gptoss::gptoss can
# only be exported together with it. GPTOSS_INSTALL=OFF leaves them out.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/gptoss")
set(data_dir "${CMAKE_INSTALL_DATADIR}/gptoss")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/gptoss" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh"
        PATTERN data EXCLUDE)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/gptoss/tokenizer/data/" DESTINATION "${data_dir}")
set(doc_dir "${CMAKE_INSTALL_DATADIR}/doc/gptoss")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${doc_dir}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/LICENSES" DESTINATION "${doc_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/build/live/look-inside.html"  # made by examples/live/build.py
        DESTINATION "${doc_dir}" COMPONENT docs OPTIONAL)
if(GPTOSS_EXAMPLES)
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/tests/golden/data/" DESTINATION "${data_dir}/goldens")
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/examples/validate/" DESTINATION "${data_dir}/validate"
            FILES_MATCHING PATTERN "*.py")
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/examples/nano/model/" DESTINATION "${data_dir}/nano")
    install(TARGETS gptoss_tool RUNTIME)
endif()

# --- For find_package -------------------------------------------------------------------------
install(TARGETS gptoss EXPORT gptossTargets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT gptossTargets NAMESPACE gptoss:: DESTINATION "${package_dir}")
configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/gptossConfig.cmake.in" "${PROJECT_BINARY_DIR}/gptossConfig.cmake"
    INSTALL_DESTINATION "${package_dir}" PATH_VARS data_dir)
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/gptossConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_SOURCE_DIR}/cmake/fast.cmake" "${PROJECT_SOURCE_DIR}/cmake/prebuilt_model.cpp"
              "${PROJECT_BINARY_DIR}/gptossConfig.cmake"
              "${PROJECT_BINARY_DIR}/gptossConfigVersion.cmake"
        DESTINATION "${package_dir}")

# --- For pkg-config: pkg-config --cflags gptoss, and -std=c++20 --------------------------------
set(pc_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")
file(RELATIVE_PATH pc_to_prefix "/${pc_dir}" "/")
cmake_path(APPEND pc_includedir "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}")
cmake_path(APPEND pc_datadir "\${prefix}" "${data_dir}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/gptoss.pc.in" "${PROJECT_BINARY_DIR}/gptoss.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/gptoss.pc" DESTINATION "${pc_dir}")
