// The host keeps the blob, so anything may come back.
#include "gpu/pipeline_cache.h"

#include "gpu/gpu_test.h"

namespace alv::gpu {
namespace {

Caps some_caps() {
    Caps caps;
    caps.vendor_id = 0x1002;
    caps.device_id = 0x744c;
    caps.driver_version = 7;
    caps.pipeline_cache_uuid[3] = 5;
    return caps;
}

// As a driver writes it.
std::vector<uint8_t> driver_data(const Caps& caps) {
    const uint32_t header[4]{32, 1, caps.vendor_id, caps.device_id};
    std::vector<uint8_t> data(200, 0xab);
    std::memcpy(data.data(), header, 16);
    std::memcpy(data.data() + 16, caps.pipeline_cache_uuid.data(), 16);
    return data;
}

const std::vector<uint8_t> kChecks(33, 0x17);

bool is_miss(const Caps& caps, std::span<const uint8_t> blob) {
    const CacheParts parts = unwrap_pipeline_cache(caps, blob);
    return parts.driver.empty() && parts.checks.empty();
}

TEST(PipelineCache, RoundTrip) {
    const Caps caps = some_caps();
    const auto data = driver_data(caps);
    const auto blob = wrap_pipeline_cache(caps, {kChecks, data});
    const CacheParts back = unwrap_pipeline_cache(caps, blob);
    EXPECT_TRUE(std::equal(back.driver.begin(), back.driver.end(), data.begin(), data.end()));
    EXPECT_TRUE(std::equal(back.checks.begin(), back.checks.end(), kChecks.begin(), kChecks.end()));
}

TEST(PipelineCache, EveryChangedByteAndEveryTruncationIsAMiss) {
    const Caps caps = some_caps();
    const auto blob = wrap_pipeline_cache(caps, {kChecks, driver_data(caps)});
    for (size_t i = 0; i < blob.size(); ++i) {
        auto changed = blob;
        changed[i] ^= 0x10;
        EXPECT_TRUE(is_miss(caps, changed)) << i;
        EXPECT_TRUE(is_miss(caps, std::span(blob).first(i))) << i;
    }
    auto longer = blob;
    longer.push_back(0);
    EXPECT_TRUE(is_miss(caps, longer));
}

TEST(PipelineCache, AnotherDeviceOrDriverIsAMiss) {
    const Caps caps = some_caps();
    const auto blob = wrap_pipeline_cache(caps, {kChecks, driver_data(caps)});
    const auto miss_if = [&](auto change) {
        Caps other = caps;
        change(other);
        return is_miss(other, blob);
    };
    EXPECT_TRUE(miss_if([](Caps& c) { c.vendor_id = 1; }));
    EXPECT_TRUE(miss_if([](Caps& c) { c.device_id = 1; }));
    EXPECT_TRUE(miss_if([](Caps& c) { c.driver_version = 1; }));
    EXPECT_TRUE(miss_if([](Caps& c) { c.driver_id = 1; }));
    EXPECT_TRUE(miss_if([](Caps& c) { c.device_uuid[0] = 1; }));
    EXPECT_TRUE(miss_if([](Caps& c) { c.pipeline_cache_uuid[0] = 1; }));
    EXPECT_FALSE(miss_if([](Caps&) {}));
}

TEST(PipelineCache, ADriversHeaderThatLiesIsAMiss) {
    const Caps caps = some_caps();
    for (const size_t at : {0, 4, 8, 12, 16}) {
        auto data = driver_data(caps);
        data[at] ^= 0x40;
        const auto blob = wrap_pipeline_cache(caps, {kChecks, data});
        const CacheParts parts = unwrap_pipeline_cache(caps, blob);
        EXPECT_TRUE(parts.driver.empty()) << at;
        EXPECT_EQ(parts.checks.size(), kChecks.size()) << "these are ours";
    }
    const std::vector<uint8_t> tiny(8);
    EXPECT_TRUE(unwrap_pipeline_cache(caps, wrap_pipeline_cache(caps, {{}, tiny})).driver.empty());
}

TEST(PipelineCache, OfThisDeviceIsTakenAgain) {
    const auto first = open_device();
    get_kernel(*first, "scale");
    const auto blob = first->pipeline_cache();
    ASSERT_TRUE(blob.ok()) << blob.status().message();
    EXPECT_FALSE(unwrap_pipeline_cache(first->caps(), *blob).driver.empty());
    DeviceOptions options = test_options();
    options.pipeline_cache = *blob;
    const auto second = open_device(options);
    EXPECT_NE(get_kernel(*second, "scale"), nullptr);
}

TEST(PipelineCache, ADamagedOneOnlyStartsEmptyAndSaysSo) {
    DeviceOptions options = test_options();
    options.pipeline_cache.assign(1000, 0x5a);
    auto log = std::make_shared<Log>();
    std::string lines;
    log->set_sink([&](LogLevel, std::string_view line) { lines += line; }, LogLevel::kInfo);
    const auto device = Device::create(options, log);
    ASSERT_TRUE(device.ok()) << device.status().message();
    EXPECT_NE(lines.find("pipeline cache"), std::string::npos) << lines;
    EXPECT_NE(get_kernel(**device, "scale"), nullptr);
}

}  // namespace
}  // namespace alv::gpu
