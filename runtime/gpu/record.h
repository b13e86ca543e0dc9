// The recorder that Device::record() gives.
#pragma once

#include <memory>
#include <string_view>

#include "gpu/commands.h"
#include "gpu/context.h"
#include "gpu/recorder.h"

namespace alv::gpu {

// Collects and checks; finish() makes the program (program.h) from the whole, so that its pools
// have exactly the sizes needed.
class RecorderImpl : public Recorder {
  public:
    RecorderImpl(std::shared_ptr<Context> context, std::string_view name, bool profile);

    using Recorder::dispatch;
    void dispatch(const Kernel* kernel, std::span<const BufferView> bindings,
                  std::span<const std::byte> push, uint32_t groups_x, uint32_t groups_y,
                  uint32_t groups_z) override;
    void dispatch_indirect(const Kernel* kernel, std::span<const BufferView> bindings,
                           std::span<const std::byte> push, const BufferView& arguments) override;
    void copy(const BufferView& from, const BufferView& to) override;
    void fill(const BufferView& target, uint32_t value) override;
    void label(std::string_view name) override;
    void split() override;
    Result<std::unique_ptr<Program>> finish() override;

  private:
    Status check_view(const BufferView& view) const;
    Status check_bindings(const KernelState& kernel, std::span<const BufferView> bindings) const;
    Status add_dispatch(const Kernel* kernel, std::span<const BufferView> bindings,
                        std::span<const std::byte> push, Command command);
    Status add_transfer(Command command, std::initializer_list<BufferView> views);
    void keep(Status status);

    std::shared_ptr<Context> context_;
    CommandList list_;
    Status status_;
};

}  // namespace alv::gpu
