// The tolerances of the tests are those of the comparer: one table, in compare/tolerances.hpp.
#pragma once
#include "gptoss/compare/tolerances.hpp"
