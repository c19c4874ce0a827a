// What was installed, as a whole.
#include "gptoss/validate.hpp"
