"""nlohmann_json for Conan without its server: the headers that the system has."""
from conan import ConanFile
from conan.tools.files import copy


class NlohmannJson(ConanFile):
    name = "nlohmann_json"
    version = "3.11.2"
    package_type = "header-library"

    def package(self):
        copy(self, "nlohmann/*", "/usr/include", self.package_folder + "/include")

    def package_info(self):
        self.cpp_info.set_property("cmake_target_name", "nlohmann_json::nlohmann_json")
