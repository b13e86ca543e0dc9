// What the tests of this folder share.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "gpu/device.h"
#include "gpu/shaders.h"

namespace alv::gpu {

// A lost device is leaked, with all that the driver holds for it: a test that loses one says so,
// and AddressSanitizer looks for no leaks at the end of its process (leaks.cpp).
void leak_on_purpose();
// True unless something leaked so far; false is told once, with the report on stderr.
bool nothing_leaked();

std::span<const ShaderBlob> test_shaders();  // tests/gpu/manifest.txt

inline DeviceOptions test_options() {
    DeviceOptions options;
    options.extra_shaders = test_shaders();
    return options;
}

inline std::shared_ptr<Device> open_device(const DeviceOptions& options = test_options()) {
    auto device = Device::create(options, nullptr);
    EXPECT_TRUE(device.ok()) << device.status().message();
    return device.ok() ? *device : nullptr;
}

inline BufferView make_buffer(Device& device, Domain domain, uint64_t n_words) {
    auto buffer = device.create_buffer(domain, n_words * 4, "test");
    EXPECT_TRUE(buffer.ok()) << buffer.status().message();
    return buffer.ok() ? BufferView(*buffer) : BufferView();
}

inline Status write_words(Device& device, const BufferView& view,
                          const std::vector<uint32_t>& words) {
    return device.upload(view, [&](uint64_t offset, std::span<uint8_t> to) {
        std::memcpy(to.data(), reinterpret_cast<const uint8_t*>(words.data()) + offset, to.size());
        return ok_status();
    });
}

inline std::vector<uint32_t> read_words(Device& device, const BufferView& view) {
    std::vector<uint32_t> words(view.size_bytes / 4);
    const Status status =
        device.download(view, {reinterpret_cast<uint8_t*>(words.data()), words.size() * 4});
    EXPECT_TRUE(status.ok()) << status.message();
    return words;
}

inline const Kernel* get_kernel(Device& device, const std::string& shader,
                                std::vector<uint32_t> constants = {64}) {
    auto kernel = device.kernel({shader, std::move(constants)});
    EXPECT_TRUE(kernel.ok()) << kernel.status().message();
    return kernel.ok() ? *kernel : nullptr;
}

// Submits the whole program and waits.
inline Status run(Device& device, const Program& program) {
    ALV_ASSIGN_OR_RETURN(const uint64_t value, device.submit(program, 0, program.n_segments()));
    ALV_ASSIGN_OR_RETURN(const bool done, device.wait(value, UINT64_MAX));
    return done ? ok_status() : internal_error("not done");
}

struct ScalePush {
    uint32_t factor;
    uint32_t offset;
    uint32_t n;
};

}  // namespace alv::gpu
