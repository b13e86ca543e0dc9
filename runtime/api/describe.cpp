#include "api/describe.h"

#include <utility>

#include "base/hex.h"
#include "base/json.h"
#include "base/utf8.h"
#include "ops/self_test.h"

namespace alv::api {
namespace {

using Member = std::pair<const char*, uint64_t>;

std::string version_text(uint32_t version) {
    std::string text = std::to_string((version >> 22) & 0x7f);
    text += '.';
    text += std::to_string((version >> 12) & 0x3ff);
    text += '.';
    return text + std::to_string(version & 0xfff);
}

const char* type_text(gpu::DeviceType type) {
    switch (type) {
        case gpu::DeviceType::kIntegrated:
            return "integrated";
        case gpu::DeviceType::kDiscrete:
            return "discrete";
        case gpu::DeviceType::kVirtual:
            return "virtual";
        case gpu::DeviceType::kCpu:
            return "cpu";
        case gpu::DeviceType::kOther:
            break;
    }
    return "other";
}

OrderedJson device_of(const gpu::Caps& caps, bool is_borrowed) {
    OrderedJson out = OrderedJson::object();
    out["name"] = utf8::replace_invalid(caps.device_name);
    out["driver"] = utf8::replace_invalid(caps.driver_name + " " + caps.driver_info);
    out["driver_version"] = caps.driver_version;
    out["api_version"] = version_text(caps.api_version);
    out["type"] = type_text(caps.type);
    out["borrowed"] = is_borrowed;
    out["vendor_id"] = caps.vendor_id;
    out["device_id"] = caps.device_id;
    out["uuid"] =
        to_hex({reinterpret_cast<const char*>(caps.device_uuid.data()), caps.device_uuid.size()});
    return out;
}

OrderedJson features_of(const gpu::Caps& caps) {
    const std::pair<const char*, bool> all[] = {
        {"fp16", caps.fp16},
        {"int8", caps.int8},
        {"int16", caps.int16},
        {"int64", caps.int64},
        {"storage 16 bit", caps.storage_16bit},
        {"storage 8 bit", caps.storage_8bit},
        {"integer dot", caps.integer_dot},
        {"integer dot in hardware", caps.integer_dot_accelerated},
        {"cooperative matrix", caps.cooperative_matrix},
        {"subgroup basic", caps.subgroup_basic},
        {"subgroup arithmetic", caps.subgroup_arithmetic},
        {"subgroup ballot", caps.subgroup_ballot},
        {"subgroup shuffle", caps.subgroup_shuffle},
        {"subgroup size control", caps.subgroup_size_control},
        {"memory budget", caps.memory_budget},
        {"unified memory", caps.unified_memory},
    };
    OrderedJson out = OrderedJson::array();
    for (const auto& [name, has] : all) {
        if (has) out.push_back(name);
    }
    return out;
}

OrderedJson limits_of(const gpu::Caps& caps) {
    const Member all[] = {
        {"storage_range_bytes", caps.max_storage_range_bytes},
        {"allocation_bytes", caps.max_allocation_bytes},
        {"storage_buffers", caps.max_storage_buffers_per_stage},
        {"push_constant_bytes", caps.max_push_constant_bytes},
        {"workgroup_invocations", caps.max_workgroup_invocations},
        {"shared_memory_bytes", caps.shared_memory_bytes},
        {"subgroup_size", caps.subgroup_size},
        {"min_subgroup_size", caps.min_subgroup_size},
        {"max_subgroup_size", caps.max_subgroup_size},
        {"cpu_threads", caps.cpu_threads},
        {"timestamp_bits", caps.timestamp_valid_bits},
    };
    OrderedJson out = OrderedJson::object();
    for (const auto& [name, value] : all) out[name] = value;
    return out;
}

OrderedJson memory_of(const gpu::Device& device) {
    const gpu::MemoryUse use = device.memory_use();
    OrderedJson heaps = OrderedJson::array();
    for (const gpu::MemoryHeap& heap : device.caps().heaps) {
        OrderedJson row = OrderedJson::object();
        row["bytes"] = heap.size_bytes;
        row["device_local"] = heap.device_local;
        heaps.push_back(std::move(row));
    }
    uint64_t allocated = 0;
    for (const uint64_t bytes : use.allocated_bytes) allocated += bytes;
    OrderedJson out = OrderedJson::object();
    out["heaps"] = std::move(heaps);
    out["budget_bytes"] = use.budget_bytes;
    out["allocated_bytes"] = allocated;
    out["unified"] = device.caps().unified_memory;
    return out;
}

OrderedJson choices_of(const std::vector<gpu::PlanChoice>& choices) {
    OrderedJson out = OrderedJson::array();
    for (const gpu::PlanChoice& choice : choices) {
        OrderedJson row = OrderedJson::object();
        row["name"] = choice.name;
        row["value"] = choice.value;
        row["reason"] = choice.reason;
        out.push_back(std::move(row));
    }
    return out;
}

OrderedJson kernel_of(const gpu::KernelCheck& check) {
    OrderedJson row = OrderedJson::object();
    row["kernel"] = gpu::name_of(check.key);
    row["passed"] = check.passed;
    row["cached"] = check.cached;
    row["error"] = check.error;
    row["tolerance"] = check.tolerance;
    row["ms"] = check.milliseconds;
    return row;
}

}  // namespace

std::string describe(const gpu::Device& device, bool is_borrowed) {
    OrderedJson kernels = OrderedJson::array();
    OrderedJson quarantined = OrderedJson::array();
    const std::vector<gpu::KernelCheck> checks = device.checks().all();
    for (const gpu::KernelCheck& check : checks) {
        kernels.push_back(kernel_of(check));
        if (!check.passed) quarantined.push_back(gpu::name_of(check.key));
    }
    OrderedJson out = OrderedJson::object();
    out["device"] = device_of(device.caps(), is_borrowed);
    out["features"] = features_of(device.caps());
    out["limits"] = limits_of(device.caps());
    out["memory"] = memory_of(device);
    out["plan"] = choices_of(device.plan().choices);
    out["variants"] = choices_of(ops::describe_variants(device.plan()));
    out["kernels"] = std::move(kernels);
    out["quarantined"] = std::move(quarantined);
    return out.dump();
}

}  // namespace alv::api
