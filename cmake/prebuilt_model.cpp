// The source file of gptoss::prebuilt: what gptoss/prebuilt.hpp says is elsewhere.
#include "gptoss/prebuilt.hpp"

template struct gptoss::Model<gptoss::ScalarOps>;
template struct gptoss::Model<gptoss::FastOps>;
