// Which SPIR-V capabilities a device has: loading a shader that needs another is undefined.
#include <array>

#include "gpu/kernels.h"

namespace alv::gpu {
namespace {

struct Row {
    uint32_t capability;  // SpvCapability
    std::string_view name;
    bool (*has)(const Caps&);
};

bool always(const Caps&) {
    return true;
}

constexpr std::array kRows{
    Row{1, "shaders", always},  // Shader implies Matrix (0)
    Row{0, "matrices", always},
    Row{9, "half floats", [](const Caps& c) { return c.fp16; }},
    Row{11, "64-bit integers", [](const Caps& c) { return c.int64; }},
    Row{46, "texel buffers", always},
    Row{22, "16-bit integers", [](const Caps& c) { return c.int16; }},
    Row{39, "8-bit integers", [](const Caps& c) { return c.int8; }},
    Row{61, "subgroups", [](const Caps& c) { return c.subgroup_basic; }},
    Row{63, "subgroup arithmetic", [](const Caps& c) { return c.subgroup_arithmetic; }},
    Row{64, "subgroup ballots", [](const Caps& c) { return c.subgroup_ballot; }},
    Row{65, "subgroup shuffles", [](const Caps& c) { return c.subgroup_shuffle; }},
    Row{4433, "16-bit storage", [](const Caps& c) { return c.storage_16bit; }},
    Row{4448, "8-bit storage", [](const Caps& c) { return c.storage_8bit; }},
    Row{6017, "integer dot products", [](const Caps& c) { return c.integer_dot; }},
    Row{6018, "packed integer dot products", [](const Caps& c) { return c.integer_dot; }},
    Row{6019, "integer dot products", [](const Caps& c) { return c.integer_dot; }},
    Row{6016, "8-bit integer dot products", [](const Caps& c) { return c.integer_dot && c.int8; }},
};

}  // namespace

std::string missing_capability(const Caps& caps, std::span<const uint32_t> capabilities) {
    for (const uint32_t capability : capabilities) {
        const Row* found = nullptr;
        for (const Row& row : kRows) {
            if (row.capability == capability) found = &row;
        }
        if (found == nullptr) return "SPIR-V capability " + std::to_string(capability);
        if (!found->has(caps)) return std::string(found->name);
    }
    return {};
}

}  // namespace alv::gpu
