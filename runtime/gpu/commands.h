// What a recorder has been told, before it becomes command buffers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gpu/buffer.h"
#include "gpu/kernels.h"

namespace alv::gpu {

enum class CommandKind : uint32_t { kDispatch, kIndirect, kCopy, kFill };

struct Command {
    CommandKind kind = CommandKind::kDispatch;
    const KernelState* kernel = nullptr;
    uint32_t first_view = 0;  // in CommandList::views; an indirect dispatch's arguments come last
    uint32_t n_views = 0;
    uint32_t first_push = 0;  // in CommandList::push
    std::array<uint32_t, 3> groups{};
    uint32_t fill_value = 0;
    uint32_t label = 0;  // in CommandList::labels
    uint32_t segment = 0;
};

struct CommandList {
    std::string name;
    std::vector<Command> commands;
    std::vector<BufferView> views;
    std::vector<std::byte> push;
    std::vector<std::string> labels{std::string()};
    uint32_t n_segments = 1;
    bool profile = false;
};

}  // namespace alv::gpu
