// Prints the caps of each Vulkan device here, one JSON object a line: how the recorded snapshots in
// tests/gpu/caps were made.
#include <cstdio>

#include "gpu/caps_json.h"
#include "gpu/device.h"

int main() {
    const alv::Log log;
    const auto devices = alv::gpu::enumerate_devices(log);
    if (!devices.ok()) {
        std::fprintf(stderr, "%s\n", devices.status().message().c_str());
        return 1;
    }
    for (const alv::gpu::DeviceInfo& device : devices.value()) {
        auto json = alv::gpu::caps_to_json(device.caps);
        json["source"] = "recorded by tests/gpu/dump_caps.cpp";
        std::printf("%s\n", json.dump(1).c_str());
    }
    return 0;
}
