// Processor time, for counters.
#pragma once

#include <cstdint>

namespace alv {

// Time that the calling thread has run on a processor so far; 0 where the system does not tell.
uint64_t thread_cpu_ns();

}  // namespace alv
