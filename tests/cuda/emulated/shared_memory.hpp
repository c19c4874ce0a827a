// The shared memory of the block that runs: variables as they are asked for, each behind a gap.
#pragma once

namespace emulated {

void begin_shared_memory(unsigned block);
void end_shared_memory();

}  // namespace emulated
