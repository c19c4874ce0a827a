# An overlay port, whose sources are the checkout that it lies in:
#
#     vcpkg install gptoss --overlay-ports=packaging/vcpkg
set(VCPKG_BUILD_TYPE release)  # header-only: there is nothing to debug
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS -DGPTOSS_TESTS=OFF -DGPTOSS_EXAMPLES=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/gptoss)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib")  # empty: the package files were moved to share/
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE" "${SOURCE_PATH}/LICENSES/MIT-tiktoken.txt"
                                  "${SOURCE_PATH}/LICENSES/Unicode-3.0.txt")
