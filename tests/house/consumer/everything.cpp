// Every header that was installed.
#include "gptoss/gptoss.hpp"
