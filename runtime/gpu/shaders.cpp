#include "gpu/shaders.h"

namespace alv::gpu {

const ShaderBlob* find_shader(std::string_view name) {
    for (const ShaderBlob& shader : embedded_shaders()) {
        if (shader.name == name) return &shader;
    }
    return nullptr;
}

}  // namespace alv::gpu
