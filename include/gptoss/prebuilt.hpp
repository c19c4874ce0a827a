// Model of the two paths of the CPU, compiled apart: a program that includes this and links the CMake
// target gptoss::prebuilt compiles in a quarter of the time.
//
//     #include "gptoss/prebuilt.hpp"                          // in place of gptoss.hpp
//     target_link_libraries(my_program PRIVATE gptoss::prebuilt)        # in place of gptoss::fast
//
// The target brings one source file (cmake/prebuilt_model.cpp), which your build compiles once, with
// your flags.
//
// Pitfalls Without the target the program does not link: Model's functions are nowhere.
#pragma once
#include "gptoss/gptoss.hpp"

namespace gptoss {

extern template struct Model<ScalarOps>;
extern template struct Model<FastOps>;

}  // namespace gptoss
