// What a driver's compiler makes of the pipelines that the plan chooses for it: one JSON object a
// line, the device's first. chips.sh runs it for AMD chips that are not there.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "gpu/compiler_device.h"
#include "model/chip_kernels.h"

namespace {

alv::Status print_all() {
    ALV_ASSIGN_OR_RETURN(const auto chip, alv::gpu::CompilerDevice::create());
    const alv::gpu::Caps& caps = chip->device().caps();
    const alv::gpu::Plan& plan = chip->device().plan();
    const nlohmann::ordered_json about = {{"device", caps.device_name},
                                          {"driver", caps.driver_name + " " + caps.driver_info},
                                          {"tier", plan.tier},
                                          {"subgroup_size", caps.subgroup_size},
                                          {"row_lanes", plan.row_lanes},
                                          {"reduce_lanes", plan.reduce_lanes},
                                          {"prefill_tokens", plan.prefill_tokens}};
    std::printf("%s\n", about.dump().c_str());
    ALV_ASSIGN_OR_RETURN(const auto kernels, alv::model::test::chip_kernels(plan));
    for (const auto& kernel : kernels) {
        ALV_ASSIGN_OR_RETURN(const auto statistics, chip->compile(kernel.key));
        const nlohmann::ordered_json line = {{"shader", kernel.key.shader},
                                             {"constants", kernel.key.constants},
                                             {"models", kernel.models},
                                             {"decode", kernel.decode},
                                             {"statistics", statistics}};
        std::printf("%s\n", line.dump().c_str());
    }
    return alv::ok_status();
}

}  // namespace

int main() {
    const alv::Status status = print_all();
    if (!status.ok()) std::fprintf(stderr, "chips: %s\n", status.message().c_str());
    return status.ok() ? 0 : 1;
}
