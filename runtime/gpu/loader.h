// The Vulkan loader of the system, opened at run time.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace alv::gpu {

// Keeps libvulkan open as long as it lives.
class Loader {
  public:
    // `path`: another library than the system's; "" is libvulkan.so.1 or vulkan-1.dll.
    static Result<std::shared_ptr<Loader>> open(const std::string& path);
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    // Never closes the library: what was made by it stays, unreachable but not to be unloaded.
    void keep_open() { library_ = nullptr; }
    void* get_instance_proc_addr() const { return get_instance_proc_addr_; }

  private:
    Loader(void* library, void* get) : library_(library), get_instance_proc_addr_(get) {}
    void* library_;
    void* get_instance_proc_addr_;  // PFN_vkGetInstanceProcAddr
};

}  // namespace alv::gpu
