# cmake --install BUILD --prefix WHERE: headers, the vocabulary, the tool, goldens, and a package that
# find_package(gptoss) finds wherever the prefix is moved to.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/gptoss")
set(data_dir "${CMAKE_INSTALL_DATADIR}/gptoss")

install(DIRECTORY include/gptoss DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh"
        PATTERN data EXCLUDE)
install(DIRECTORY include/gptoss/tokenizer/data/ DESTINATION "${data_dir}")
install(DIRECTORY tests/golden/data/ DESTINATION "${data_dir}/goldens")
install(DIRECTORY examples/validate/ DESTINATION "${data_dir}/validate"
        FILES_MATCHING PATTERN "*.py")
install(DIRECTORY examples/nano/model/ DESTINATION "${data_dir}/nano")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY LICENSES DESTINATION "${CMAKE_INSTALL_DOCDIR}")
if(TARGET gptoss_tool)
    install(TARGETS gptoss_tool RUNTIME)
endif()

install(TARGETS gptoss EXPORT gptossTargets)
install(EXPORT gptossTargets NAMESPACE gptoss:: DESTINATION "${package_dir}")
configure_package_config_file(
    cmake/gptossConfig.cmake.in "${PROJECT_BINARY_DIR}/gptossConfig.cmake"
    INSTALL_DESTINATION "${package_dir}" PATH_VARS data_dir)
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/gptossConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES cmake/fast.cmake cmake/prebuilt_model.cpp "${PROJECT_BINARY_DIR}/gptossConfig.cmake"
              "${PROJECT_BINARY_DIR}/gptossConfigVersion.cmake"
        DESTINATION "${package_dir}")
