#include "api/vulkan.h"

#include "alviss/vulkan.h"
#include "api/versioned.h"

namespace alv::api {
namespace {

// A queue callback must not throw; if it does, the exception ends here.
std::function<void()> wrap(alv_vulkan_queue_callback callback, void* user_data) {
    if (!callback) return {};
    return [callback, user_data]() noexcept {
        try {
            callback(user_data);
        } catch (...) {
        }
    };
}

}  // namespace

Result<gpu::BorrowedDevice> read_vulkan_device(const alv_vulkan_device* device) {
    const alv_vulkan_device defaults = ALV_VULKAN_DEVICE_INIT;
    ALV_ASSIGN_OR_RETURN(const alv_vulkan_device lent,
                         read_struct(device, defaults, "alv_vulkan_device"));
    if (!lent.instance || !lent.physical_device || !lent.device || !lent.queue) {
        return invalid_argument(
            "alv_vulkan_device needs instance, physical_device, device and queue");
    }
    if ((lent.lock_queue == nullptr) != (lent.unlock_queue == nullptr)) {
        return invalid_argument("alv_vulkan_device needs lock_queue and unlock_queue, or neither");
    }
    if (lent.n_enabled_extensions != 0) ALV_REQUIRE(lent.enabled_extensions);
    gpu::BorrowedDevice out;
    out.instance = lent.instance;
    out.physical_device = lent.physical_device;
    out.device = lent.device;
    out.queue = lent.queue;
    out.queue_family = lent.queue_family;
    out.get_instance_proc_addr = reinterpret_cast<void*>(lent.get_instance_proc_addr);
    out.api_version = lent.api_version;
    for (uint32_t i = 0; i < lent.n_enabled_extensions; ++i) {
        ALV_REQUIRE(lent.enabled_extensions[i]);
        out.enabled_extensions.emplace_back(lent.enabled_extensions[i]);
    }
    out.enabled_features = lent.enabled_features;
    out.lock_queue = wrap(lent.lock_queue, lent.user_data);
    out.unlock_queue = wrap(lent.unlock_queue, lent.user_data);
    return out;
}

}  // namespace alv::api

void alv_vulkan_device_init(alv_vulkan_device* out_device, uint32_t struct_size) {
    const alv_vulkan_device defaults = ALV_VULKAN_DEVICE_INIT;
    alv::api::init_struct(out_device, struct_size, defaults);
}
