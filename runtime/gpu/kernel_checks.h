// What self-tests said of the kernels on this device and driver. A kernel that failed is in
// quarantine: it is not given out any more, and ops take the next variant.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/kernel.h"

namespace alv::gpu {

// "attention_step(8, 3, 64, 64, 0)": the shader and its constants.
std::string name_of(const KernelKey& key);

struct KernelCheck {
    KernelKey key;
    bool passed = false;
    bool cached = false;     // not run now: the host's cache knew it
    float error = 0;         // largest deviation over the largest expected value
    float tolerance = 0;     // that was allowed
    float milliseconds = 0;  // that the test took, the driver's compiler included; 0 if cached
};

// Thread-safe.
class KernelChecks {
  public:
    // Takes the place of what was known of this kernel.
    void add(KernelCheck check);
    std::optional<KernelCheck> find(const KernelKey& key) const;
    bool failed(const KernelKey& key) const;
    std::vector<KernelCheck> all() const;

  private:
    mutable std::mutex mutex_;
    std::vector<KernelCheck> checks_;
};

// As they lie in the pipeline cache's blob. `hash_of` is that of a shader's code, 0 if there is no
// such shader: a check counts for exactly the code that was tested.
using ShaderHash = std::function<uint64_t(std::string_view shader)>;
std::vector<uint8_t> pack_checks(std::span<const KernelCheck> checks, const ShaderHash& hash_of);
// Those that still count; from the first entry that makes no sense on, nothing.
std::vector<KernelCheck> unpack_checks(std::span<const uint8_t> bytes, const ShaderHash& hash_of);

}  // namespace alv::gpu
