// Put before a test file (g++ -include), this makes the test run a mutant instead of the right
// model: its ops, and models whose config or weights have been edited.
#pragma once
#include "mutant_ops.hpp"

#define ScalarOps MutantOps
#define synthetic_weights synthetic_weights_of_mutant
