// Makes a runtime; tests put another backend or a fault hook in.
#pragma once

#include <memory>

#include "alviss/runtime.h"
#include "gpu/device.h"
#include "local/loaded.h"

namespace alv::api {

Status create_runtime(const alv_runtime_options* options, std::shared_ptr<local::Backend> backend,
                      gpu::FaultHook fault, alv_runtime** out_runtime);

}  // namespace alv::api
