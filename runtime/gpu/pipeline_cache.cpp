#include "gpu/pipeline_cache.h"

#include <array>
#include <cstring>

namespace alv::gpu {
namespace {

constexpr std::array<uint8_t, 8> kMagic{'A', 'L', 'V', 'P', 'I', 'P', 'E', '2'};

// Little-endian on every platform there is a Vulkan driver for; a foreign one is only a miss.
struct Header {
    std::array<uint8_t, 8> magic;
    uint64_t data_bytes;    // of both parts
    uint64_t checks_bytes;  // of the first one
    uint64_t data_hash;
    uint64_t header_hash;  // of this struct with 0 here
    uint32_t vendor_id;
    uint32_t device_id;
    uint32_t driver_version;
    uint32_t driver_id;
    std::array<uint8_t, 16> device_uuid;
    std::array<uint8_t, 16> pipeline_cache_uuid;
};
static_assert(sizeof(Header) == 88);

// The header that Vulkan itself puts in front (VkPipelineCacheHeaderVersionOne).
struct DriverHeader {
    uint32_t header_bytes;
    uint32_t version;
    uint32_t vendor_id;
    uint32_t device_id;
    std::array<uint8_t, 16> pipeline_cache_uuid;
};
static_assert(sizeof(DriverHeader) == 32);

Header make_header(const Caps& caps, std::span<const uint8_t> data, uint64_t checks_bytes) {
    Header header{};
    header.magic = kMagic;
    header.data_bytes = data.size();
    header.checks_bytes = checks_bytes;
    header.data_hash = hash_bytes(data);
    header.vendor_id = caps.vendor_id;
    header.device_id = caps.device_id;
    header.driver_version = caps.driver_version;
    header.driver_id = caps.driver_id;
    header.device_uuid = caps.device_uuid;
    header.pipeline_cache_uuid = caps.pipeline_cache_uuid;
    header.header_hash = hash_bytes({reinterpret_cast<const uint8_t*>(&header), sizeof(Header)});
    return header;
}

}  // namespace

uint64_t hash_bytes(std::span<const uint8_t> bytes) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
    return hash;
}

std::vector<uint8_t> wrap_pipeline_cache(const Caps& caps, const CacheParts& parts) {
    std::vector<uint8_t> blob(sizeof(Header));
    blob.reserve(sizeof(Header) + parts.checks.size() + parts.driver.size());
    blob.insert(blob.end(), parts.checks.begin(), parts.checks.end());
    blob.insert(blob.end(), parts.driver.begin(), parts.driver.end());
    const Header header =
        make_header(caps, std::span(blob).subspan(sizeof(Header)), parts.checks.size());
    std::memcpy(blob.data(), &header, sizeof(Header));
    return blob;
}

CacheParts unwrap_pipeline_cache(const Caps& caps, std::span<const uint8_t> blob) {
    if (blob.size() < sizeof(Header)) return {};
    const std::span<const uint8_t> data = blob.subspan(sizeof(Header));
    Header header;
    std::memcpy(&header, blob.data(), sizeof(Header));
    if (header.checks_bytes > data.size()) return {};
    const Header expected = make_header(caps, data, header.checks_bytes);
    if (std::memcmp(&header, &expected, sizeof(Header)) != 0) return {};
    const auto checks_bytes = static_cast<size_t>(header.checks_bytes);
    CacheParts parts{data.first(checks_bytes), data.subspan(checks_bytes)};
    if (parts.driver.size() < sizeof(DriverHeader)) return {parts.checks, {}};
    DriverHeader driver;
    std::memcpy(&driver, parts.driver.data(), sizeof(DriverHeader));
    const bool fits = driver.header_bytes == sizeof(DriverHeader) && driver.version == 1 &&
                      driver.vendor_id == caps.vendor_id && driver.device_id == caps.device_id &&
                      driver.pipeline_cache_uuid == caps.pipeline_cache_uuid;
    if (!fits) parts.driver = {};
    return parts;
}

}  // namespace alv::gpu
