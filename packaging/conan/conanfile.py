"""gptoss as a Conan 2 package, made from the checkout that this file lies in: conan create packaging/conan"""
import pathlib
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain
from conan.tools.files import copy


class Gptoss(ConanFile):
    name = "gptoss"
    description = "gpt-oss as a header-only C++20 reference implementation"
    license = "Apache-2.0"
    package_type = "header-library"
    settings = "os", "compiler", "build_type", "arch"
    generators = "CMakeDeps"
    no_copy_source = True

    def _checkout(self):
        return pathlib.Path(self.recipe_folder).parent.parent

    def set_version(self):
        header = self._checkout() / "include/gptoss/core/version.hpp"
        self.version = re.search(r'#define GPTOSS_VERSION "(.*)"', header.read_text()).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "LICENSES/*", "cmake/*", "include/*"):
            copy(self, pattern, self._checkout(), self.export_sources_folder)

    def requirements(self):
        self.requires("nlohmann_json/[>=3.11 <4]", transitive_headers=True)

    def package_id(self):
        self.info.clear()  # the same for every compiler

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["GPTOSS_TESTS"] = False
        toolchain.cache_variables["GPTOSS_EXAMPLES"] = False
        toolchain.generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE*", self.source_folder, pathlib.Path(self.package_folder) / "licenses")

    def package_info(self):  # find_package finds our own package, as without Conan
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/gptoss"]
        self.cpp_info.libdirs = []
        self.cpp_info.bindirs = []
