// Which devices there are, and what is said where there is none.
#include <cstdlib>

#include "gpu/choose_device.h"
#include "gpu/gpu_test.h"

namespace alv::gpu {
namespace {

// Points the system's loader at other drivers while it lives.
class OtherDrivers {
  public:
    explicit OtherDrivers(const char* files) {
        for (const char* name : kNames) {
            const char* old = std::getenv(name);
            saved_.emplace_back(old == nullptr ? "" : old, old != nullptr);
            setenv(name, files, 1);
        }
    }
    ~OtherDrivers() {
        for (size_t i = 0; i < saved_.size(); ++i) {
            if (saved_[i].second) {
                setenv(kNames[i], saved_[i].first.c_str(), 1);
            } else {
                unsetenv(kNames[i]);
            }
        }
    }
    OtherDrivers(const OtherDrivers&) = delete;
    OtherDrivers& operator=(const OtherDrivers&) = delete;

  private:
    static constexpr const char* kNames[]{"VK_DRIVER_FILES", "VK_ICD_FILENAMES"};
    std::vector<std::pair<std::string, bool>> saved_;
};

TEST(Enumerate, FindsDevicesWithTheirCaps) {
    const Log log;
    const auto devices = enumerate_devices(log);
    ASSERT_TRUE(devices.ok()) << devices.status().message();
    ASSERT_FALSE(devices.value().empty());
    size_t n_usable = 0;
    for (const DeviceInfo& device : devices.value()) {
        EXPECT_FALSE(device.caps.device_name.empty());
        EXPECT_EQ(device.usable, device.refusal.empty());
        if (!device.usable) continue;
        ++n_usable;
        EXPECT_GT(device.caps.max_storage_range_bytes, 0U);
        EXPECT_FALSE(device.caps.heaps.empty());
        EXPECT_FALSE(device.caps.memory_types.empty());
        EXPECT_FALSE(device.caps.driver_name.empty());
    }
    EXPECT_GT(n_usable, 0U);
}

TEST(Enumerate, NoLoaderSaysWhatToInstall) {
    const Log log;
    const auto devices = enumerate_devices(log, "/nowhere/libvulkan.so.1");
    ASSERT_FALSE(devices.ok());
    EXPECT_EQ(devices.status().code(), Code::kUnsupported);
    EXPECT_NE(devices.status().message().find("/nowhere"), std::string::npos);
    DeviceOptions options;
    options.loader_path = "/nowhere/libvulkan.so.1";
    EXPECT_EQ(Device::create(options, nullptr).status().code(), Code::kUnsupported);
}

TEST(Enumerate, ALibraryThatIsNoLoaderIsRefused) {
    const Log log;
    const auto devices = enumerate_devices(log, "libm.so.6");
    ASSERT_FALSE(devices.ok());
    EXPECT_NE(devices.status().message().find("vkGetInstanceProcAddr"), std::string::npos);
}

TEST(Enumerate, NoDriverSaysWhatToInstall) {
    const OtherDrivers none("/nowhere/none.json");
    const Log log;
    const auto devices = enumerate_devices(log);
    ASSERT_FALSE(devices.ok());
    EXPECT_EQ(devices.status().code(), Code::kUnsupported) << devices.status().message();
    EXPECT_NE(devices.status().message().find("mesa-vulkan-drivers"), std::string::npos)
        << devices.status().message();
    const auto device = Device::create({}, nullptr);
    EXPECT_EQ(device.status().code(), Code::kUnsupported);
}

TEST(Enumerate, ADeviceIsChosenByUuidOrName) {
    const auto first = open_device();
    ASSERT_NE(first, nullptr);
    DeviceOptions options = test_options();
    options.uuid = first->caps().device_uuid;
    options.name_contains = first->caps().device_name.substr(0, 4);
    EXPECT_NE(open_device(options), nullptr);

    options.uuid = std::array<uint8_t, 16>{0xff, 0xee};
    const auto by_uuid = Device::create(options, nullptr);
    EXPECT_EQ(by_uuid.status().code(), Code::kNotFound);
    EXPECT_NE(by_uuid.status().message().find(first->caps().device_name), std::string::npos)
        << "the message lists what there is";
    options.uuid = std::nullopt;
    options.name_contains = "Voodoo 3";
    EXPECT_EQ(Device::create(options, nullptr).status().code(), Code::kNotFound);
}

FoundDevice found(const std::string& name, const std::string& refusal) {
    FoundDevice device;
    device.info.caps.device_name = name;
    device.info.refusal = refusal;
    device.info.usable = refusal.empty();
    return device;
}

TEST(Enumerate, ARefusedDeviceThatWasAskedForSaysWhy) {
    const std::vector<FoundDevice> devices{found("Old GPU", "it has Vulkan 1.1"), found("New", "")};
    DeviceOptions options;
    auto chosen = choose_device(devices, options);
    ASSERT_TRUE(chosen.ok());
    EXPECT_EQ((*chosen)->info.caps.device_name, "New");
    options.name_contains = "Old";
    chosen = choose_device(devices, options);
    EXPECT_EQ(chosen.status().code(), Code::kUnsupported);
    EXPECT_NE(chosen.status().message().find("Old GPU: it has Vulkan 1.1"), std::string::npos);
    EXPECT_EQ(choose_device({}, {}).status().code(), Code::kUnsupported);
}

TEST(Queues, DiscreteDevicesPreferAQueueBesideGraphics) {
    const auto family = [](VkQueueFlags flags, uint32_t count = 1) {
        VkQueueFamilyProperties f{};
        f.queueFlags = flags;
        f.queueCount = count;
        return f;
    };
    const std::vector<VkQueueFamilyProperties> families{
        family(VK_QUEUE_TRANSFER_BIT), family(VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT),
        family(VK_QUEUE_COMPUTE_BIT, 0), family(VK_QUEUE_COMPUTE_BIT)};
    EXPECT_EQ(choose_queue_family(families, true), 3U);
    EXPECT_EQ(choose_queue_family(families, false), 1U);
    EXPECT_EQ(choose_queue_family({family(VK_QUEUE_TRANSFER_BIT)}, true), UINT32_MAX);
}

}  // namespace
}  // namespace alv::gpu
