// Who may begin while the kv pool is shared, and who gives way.
#pragma once

#include <memory>
#include <vector>

#include "local/generation.h"

namespace alv::local {

// Lets `generation` begin if the pool of its model can hold all that it may come to need beside
// what was promised to the others of `all`, so that no two of them wait for each other's room half
// way. Idle conversations give their kv back for it. True if it began.
bool admit(Generation& generation, const std::vector<std::shared_ptr<Generation>>& all);

}  // namespace alv::local
