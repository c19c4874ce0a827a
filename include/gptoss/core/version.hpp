// The version of the library, for the preprocessor: the one place that says it. CMake, pip, the tool and
// the packages read it here.
//
//     #if GPTOSS_VERSION_NUMBER >= 200   // 0.2.0 or later
//
// While the major version is 0, a new minor version may change what a program has to write; a new patch
// version does not. CHANGELOG.md says what changed.
#pragma once

#define GPTOSS_VERSION_MAJOR 0
#define GPTOSS_VERSION_MINOR 2
#define GPTOSS_VERSION_PATCH 0
#define GPTOSS_VERSION "0.2.0"

#define GPTOSS_VERSION_NUMBER \
    (GPTOSS_VERSION_MAJOR * 10000 + GPTOSS_VERSION_MINOR * 100 + GPTOSS_VERSION_PATCH)
