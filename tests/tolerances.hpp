// The tolerances of the tests are those of the comparer: one table, in report/tolerances.hpp.
#pragma once
#include "gptoss/report/tolerances.hpp"
