// A compute pipeline: a shader of the manifest with its specialization constants.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace alv::gpu {

// Names one pipeline. `constants[i]` is the value of specialization constant_id = i (all 32-bit;
// a float goes in by its bits). Shaders declare local_size_x_id = 0 where the plan sets it.
struct KernelKey {
    std::string shader;
    std::vector<uint32_t> constants;
    bool operator==(const KernelKey&) const = default;
};

class KernelState;

// A storage buffer, or a texel buffer of four 32-bit components an element, which is only read:
// CPU drivers fetch texels for a whole vector of lanes at once, storage lane by lane.
enum class BindingKind : uint32_t { kStorage = 0, kTexelsUint, kTexelsFloat };
inline constexpr uint64_t kTexelBytes = 16;

// What reflection of the SPIR-V says of a shader.
struct KernelInterface {
    uint32_t n_bindings = 0;  // set 0, bindings 0 .. n-1
    std::array<BindingKind, 16> binding_kinds{};
    std::array<bool, 16> binding_reads{};   // not decorated NonReadable (writeonly)
    std::array<bool, 16> binding_writes{};  // not decorated NonWritable (readonly)
    uint32_t push_constant_bytes = 0;
};

// Owned by the device's pipeline map; valid as long as the device.
class Kernel {
  public:
    virtual ~Kernel() = default;
    virtual const KernelKey& key() const = 0;
    virtual const KernelInterface& interface() const = 0;
};

}  // namespace alv::gpu
