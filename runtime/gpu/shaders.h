// The shaders of shaders/manifest.txt, compiled and embedded by the build.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace alv::gpu {

struct ShaderBlob {
    std::string_view name;
    std::span<const uint32_t> words;  // SPIR-V
};

std::span<const ShaderBlob> embedded_shaders();
// nullptr: no line of the manifest has this name.
const ShaderBlob* find_shader(std::string_view name);

}  // namespace alv::gpu
