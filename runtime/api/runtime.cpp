#include "alviss/runtime.h"

#include <cstring>
#include <optional>

#include "api/bytes.h"
#include "api/create.h"
#include "api/describe.h"
#include "api/handles.h"
#include "api/versioned.h"
#include "api/vulkan.h"

namespace alv::api {
namespace {

std::shared_ptr<const Log> make_log(const alv_runtime_options& options) {
    auto log = std::make_shared<Log>();
    if (!options.log) return log;
    const auto level =
        static_cast<LogLevel>(options.log_level ? options.log_level : ALV_LOG_WARNING);
    log->set_sink(
        [sink = options.log, user_data = options.log_user_data](LogLevel at,
                                                                std::string_view line) {
            try {
                const std::string text(line);  // ends in a NUL
                sink(user_data, static_cast<uint32_t>(at), view_of(text));
            } catch (...) {
                // A log line is not worth a failure.
            }
        },
        level);
    return log;
}

Status read_device(const alv_runtime_options& options, local::RuntimeConfig& config) {
    if (options.device_uuid) {
        config.device.uuid.emplace();
        std::memcpy(config.device.uuid->data(), options.device_uuid, config.device.uuid->size());
    }
    ALV_ASSIGN_OR_RETURN(const std::string_view name,
                         read_string(options.device_name, "device_name"));
    config.device.name_contains = name;
    if (options.vulkan) {
        ALV_ASSIGN_OR_RETURN(config.device.borrowed, read_vulkan_device(options.vulkan));
    }
    config.device.plan.submit_budget_us = options.submit_budget_us;
    return ok_status();
}

Status read_cache(const alv_runtime_options& options, local::RuntimeConfig& config) {
    ALV_ASSIGN_OR_RETURN(const std::string_view path,
                         read_string(options.pipeline_cache_path, "pipeline_cache_path"));
    if (path.find('\0') != std::string_view::npos) {
        return invalid_argument("pipeline_cache_path has a NUL in it");
    }
    config.pipeline_cache_path = path;
    if (options.pipeline_cache_size == 0) return ok_status();
    const auto* bytes = static_cast<const uint8_t*>(options.pipeline_cache_data);
    if (!bytes)
        return invalid_argument("pipeline_cache_size is set but pipeline_cache_data is NULL");
    config.device.pipeline_cache.assign(bytes, bytes + options.pipeline_cache_size);
    return ok_status();
}

Status note_device(RuntimeCore& core) {
    const std::shared_ptr<gpu::Device> device = core.runtime->device();
    if (!device) return ok_status();
    auto text = std::make_unique<DeviceText>(device->caps(), std::string());
    text->tier = device->plan().tier;
    text->info.tier = view_of(text->tier);
    const std::lock_guard lock(core.mutex);
    core.device_texts.push_back(std::move(text));
    return ok_status();
}

}  // namespace

Status create_runtime(const alv_runtime_options* given, std::shared_ptr<local::Backend> backend,
                      gpu::FaultHook fault, alv_runtime** out_runtime) {
    ALV_REQUIRE(out_runtime);
    const alv_runtime_options defaults = ALV_RUNTIME_OPTIONS_INIT;
    ALV_ASSIGN_OR_RETURN(const alv_runtime_options options,
                         read_struct(given, defaults, "alv_runtime_options"));
    constexpr uint32_t kFlags = ALV_RUNTIME_NO_DEVICE | ALV_RUNTIME_HOST_STEPPED |
                                ALV_RUNTIME_DISPATCH_CALLBACKS | ALV_RUNTIME_SELF_TEST |
                                ALV_RUNTIME_PROFILE;
    ALV_RETURN_IF_ERROR(check_flags(options.flags, kFlags, "alv_runtime_options.flags"));
    ALV_RETURN_IF_ERROR(check_reserved(options.reserved, "alv_runtime_options"));
    if (options.log_level > ALV_LOG_DEBUG) {
        return invalid_argument("alv_runtime_options.log_level is none of ALV_LOG_...");
    }
    local::RuntimeConfig config;
    ALV_RETURN_IF_ERROR(read_device(options, config));
    ALV_RETURN_IF_ERROR(read_cache(options, config));
    config.no_device = (options.flags & ALV_RUNTIME_NO_DEVICE) != 0;
    config.self_test = (options.flags & ALV_RUNTIME_SELF_TEST) != 0;
    config.host_stepped = (options.flags & ALV_RUNTIME_HOST_STEPPED) != 0;
    config.device.profile = (options.flags & ALV_RUNTIME_PROFILE) != 0;
    config.log = make_log(options);
    config.backend = std::move(backend);
    config.device.fault = std::move(fault);

    auto handle = std::make_unique<alv_runtime>();
    handle->core = std::make_shared<RuntimeCore>();
    if (options.flags & ALV_RUNTIME_DISPATCH_CALLBACKS) {
        handle->core->dispatcher = std::make_shared<Dispatcher>();
    }
    ALV_ASSIGN_OR_RETURN(handle->core->runtime, local::Runtime::create(std::move(config)));
    ALV_RETURN_IF_ERROR(note_device(*handle->core));
    *out_runtime = handle.release();
    return ok_status();
}

namespace {

Status not_in_callback(const RuntimeCore& core) {
    if (!core.in_callback()) return ok_status();
    return invalid_state("called from a callback of the same runtime: return from it first");
}

Status fill_info(RuntimeCore& core, alv_runtime_info* out_info) {
    alv_runtime_info info = ALV_RUNTIME_INFO_INIT;
    info.models = core.runtime->scheduler().n_models();
    info.device_lost = core.runtime->scheduler().lost() ? 1 : 0;
    if (const std::shared_ptr<gpu::Device> device = core.runtime->device()) {
        const gpu::MemoryUse use = device->memory_use();
        info.has_device = 1;
        for (uint32_t i = 0; i < gpu::kDomainCount; ++i) {
            info.allocated_bytes += use.allocated_bytes[i];
            switch (static_cast<gpu::Domain>(i)) {
                case gpu::Domain::kWeights:
                    info.weights_bytes += use.used_bytes[i];
                    break;
                case gpu::Domain::kKv:
                    info.kv_bytes += use.used_bytes[i];
                    break;
                default:
                    info.scratch_bytes += use.used_bytes[i];
                    break;
            }
        }
        info.budget_bytes = use.budget_bytes;
    }
    return fill_struct(out_info, info, "alv_runtime_info");
}

}  // namespace
}  // namespace alv::api

using namespace alv;
using namespace alv::api;

void alv_runtime_options_init(alv_runtime_options* out_options, uint32_t struct_size) {
    const alv_runtime_options defaults = ALV_RUNTIME_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

void alv_runtime_info_init(alv_runtime_info* out_info, uint32_t struct_size) {
    const alv_runtime_info defaults = ALV_RUNTIME_INFO_INIT;
    init_struct(out_info, struct_size, defaults);
}

alv_status alv_runtime_create(const alv_runtime_options* options, alv_runtime** out_runtime,
                              alv_error** out_error) {
    if (out_runtime) *out_runtime = nullptr;
    return call(__func__, out_error,
                [&] { return create_runtime(options, local::make_backend(), {}, out_runtime); });
}

alv_runtime* alv_runtime_retain(alv_runtime* runtime) {
    if (runtime) ++runtime->refs;
    return runtime;
}

void alv_runtime_release(alv_runtime* runtime) {
    if (runtime && --runtime->refs == 0) release_handle(runtime);
}

alv_status alv_runtime_get_info(alv_runtime* runtime, alv_runtime_info* out_info,
                                alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        ALV_REQUIRE(out_info);
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        return fill_info(*runtime->core, out_info);
    });
}

alv_status alv_runtime_get_device_info(alv_runtime* runtime, alv_device_info* out_info,
                                       alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        ALV_REQUIRE(out_info);
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        const std::lock_guard lock(runtime->core->mutex);
        if (runtime->core->device_texts.empty()) {
            return invalid_state("the runtime has no device");
        }
        return fill_struct(out_info, runtime->core->device_texts.back()->info, "alv_device_info");
    });
}

alv_status alv_runtime_describe(alv_runtime* runtime, alv_bytes** out_json, alv_error** out_error) {
    if (out_json) *out_json = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        ALV_REQUIRE(out_json);
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        const std::shared_ptr<gpu::Device> device = runtime->core->runtime->device();
        if (!device) return invalid_state("the runtime has no device");
        // ALV_REQUIRE has looked at it. NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
        *out_json = make_bytes(describe(*device, runtime->core->runtime->borrowed()));
        return ok_status();
    });
}

alv_status alv_runtime_step(alv_runtime* runtime, uint64_t budget_us, uint32_t* out_pending,
                            alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        ALV_RETURN_IF_ERROR(not_in_callback(*runtime->core));
        // A callback may let the last handle go.
        const std::shared_ptr<RuntimeCore> core = runtime->core;
        const auto budget = std::chrono::microseconds(std::min<uint64_t>(budget_us, 3'600'000'000));
        ALV_ASSIGN_OR_RETURN(const bool pending, core->runtime->step(budget));
        if (out_pending) *out_pending = pending ? 1 : 0;
        return ok_status();
    });
}

alv_status alv_runtime_dispatch(alv_runtime* runtime, uint32_t max_events, uint32_t* out_delivered,
                                alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        ALV_RETURN_IF_ERROR(not_in_callback(*runtime->core));
        const std::shared_ptr<RuntimeCore> core = runtime->core;  // as above
        if (!core->dispatcher) {
            return invalid_state(
                "callbacks are not held back: make the runtime with "
                "ALV_RUNTIME_DISPATCH_CALLBACKS");
        }
        ALV_ASSIGN_OR_RETURN(const uint32_t delivered, core->dispatcher->dispatch(max_events));
        if (out_delivered) *out_delivered = delivered;
        return ok_status();
    });
}

alv_status alv_runtime_rebuild(alv_runtime* runtime, const alv_vulkan_device* replacement,
                               alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        ALV_RETURN_IF_ERROR(not_in_callback(*runtime->core));
        const std::shared_ptr<RuntimeCore> core = runtime->core;
        std::optional<gpu::BorrowedDevice> borrowed;
        if (replacement) {
            ALV_ASSIGN_OR_RETURN(borrowed, read_vulkan_device(replacement));
        }
        ALV_RETURN_IF_ERROR(core->runtime->rebuild(std::move(borrowed)));
        return note_device(*core);
    });
}

alv_status alv_runtime_pipeline_cache(alv_runtime* runtime, alv_bytes** out_cache,
                                      alv_error** out_error) {
    if (out_cache) *out_cache = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        ALV_REQUIRE(out_cache);
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        const std::shared_ptr<gpu::Device> device = runtime->core->runtime->device();
        if (!device) return invalid_state("the runtime has no device");
        ALV_ASSIGN_OR_RETURN(const std::vector<uint8_t> blob, device->pipeline_cache());
        *out_cache = make_bytes(std::string(blob.begin(), blob.end()));
        return ok_status();
    });
}
