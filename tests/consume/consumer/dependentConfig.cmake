include(CMakeFindDependencyMacro)
find_dependency(gptoss 0.2)
include("${CMAKE_CURRENT_LIST_DIR}/dependentTargets.cmake")
