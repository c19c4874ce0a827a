# cmake --install BUILD --prefix WHERE: headers, the vocabulary, a package that find_package(gptoss) finds
# and one for pkg-config, wherever the prefix is moved to; from this project itself also the tool, nano,
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
if(PROJECT_IS_TOP_LEVEL)
    install(DIRECTORY tests/golden/data/ DESTINATION "${data_dir}/goldens")
    install(DIRECTORY examples/validate/ DESTINATION "${data_dir}/validate"
            FILES_MATCHING PATTERN "*.py")
    install(DIRECTORY examples/nano/model/ DESTINATION "${data_dir}/nano")
    if(TARGET gptoss_tool)
        install(TARGETS gptoss_tool RUNTIME)
    endif()
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
