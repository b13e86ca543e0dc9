// The pipelines that a device's plan chooses for the models we measure by, and for 7B shapes.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "gpu/kernel.h"
#include "gpu/plan.h"

namespace alv::model::test {

struct ChipKernel {
    gpu::KernelKey key;
    std::string models;   // "SmolLM2, 7B Q4_0"
    bool decode = false;  // runs for one token; else for several alone
};

// Each pipeline once. Reads the headers of the models in ALV_TEST_MODEL_DIR.
Result<std::vector<ChipKernel>> chip_kernels(const gpu::Plan& plan);

}  // namespace alv::model::test
