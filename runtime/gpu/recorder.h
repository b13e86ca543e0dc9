// Records dispatches into a program that is replayed; the only place with barriers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "gpu/buffer.h"
#include "gpu/kernel.h"

namespace alv::gpu {

class Device;

struct OpTime {
    std::string name;
    double microseconds = 0;
};

// Command buffers that can be submitted again and again, in segments: a submit takes segments
// [first, first + count), so that long work is sliced without being recorded anew.
class Program {
  public:
    virtual ~Program() = default;
    virtual uint32_t n_segments() const = 0;
    virtual uint32_t n_dispatches() const = 0;
    virtual uint32_t n_barriers() const = 0;
    // GPU time of each dispatch of the last run; empty unless recorded with profiling.
    virtual Result<std::vector<OpTime>> profile() const = 0;
};

// Thread-compatible. Errors are kept and reported by finish(), so that ops read as straight code.
class Recorder {
  public:
    virtual ~Recorder() = default;

    // Dispatches `kernel` over groups_x * groups_y * groups_z workgroups. `bindings[i]` is bound at
    // binding i; `push` are the push constants. A barrier is put in where a binding overlaps what
    // an earlier dispatch since the last barrier wrote (or, for writes, read).
    virtual void dispatch(const Kernel* kernel, std::span<const BufferView> bindings,
                          std::span<const std::byte> push, uint32_t groups_x, uint32_t groups_y = 1,
                          uint32_t groups_z = 1) = 0;
    // The group counts are read from three uint32 at `arguments`.
    virtual void dispatch_indirect(const Kernel* kernel, std::span<const BufferView> bindings,
                                   std::span<const std::byte> push,
                                   const BufferView& arguments) = 0;
    virtual void copy(const BufferView& from, const BufferView& to) = 0;
    virtual void fill(const BufferView& target, uint32_t value) = 0;

    // Names the dispatches that follow, in the profile and in debug labels ("layer 3 qkv").
    virtual void label(std::string_view name) = 0;
    // Ends a segment: the next dispatch starts a new command buffer.
    virtual void split() = 0;
    // What the first error was, or the program. Its end makes writes visible to the host.
    virtual Result<std::unique_ptr<Program>> finish() = 0;

    template <typename Push>
    void dispatch(const Kernel* kernel, std::initializer_list<BufferView> bindings,
                  const Push& push, uint32_t groups_x, uint32_t groups_y = 1,
                  uint32_t groups_z = 1) {
        dispatch(kernel, std::span<const BufferView>(bindings.begin(), bindings.size()),
                 std::as_bytes(std::span<const Push, 1>(&push, 1)), groups_x, groups_y, groups_z);
    }
};

}  // namespace alv::gpu
