// Words for log lines and tests.
#pragma once

#include <string_view>

#include "engine/engine.h"

namespace alv::engine {

std::string_view name(FinishReason reason);

}  // namespace alv::engine
