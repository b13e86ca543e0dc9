// alviss inspect: what a GGUF file holds, without loading it.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common.h"
#include "rows.h"

namespace tool {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string path;
    std::string device;
    uint32_t context = 0;
    bool is_json = false;
    bool with_plan = false;
};

constexpr uint64_t kElementsShown = 8;

struct Entry {
    std::string key;
    std::string type;
    Json value;
};

std::vector<Entry> entries_of(const alv_gguf* gguf) {
    std::vector<Entry> out;
    for (uint64_t i = 0; i < alv_gguf_entry_count(gguf); ++i) {
        alv_gguf_entry entry = ALV_GGUF_ENTRY_INIT;
        call(alv_gguf_get_entry, gguf, i, &entry);
        const auto json = make<alv_bytes>(alv_gguf_entry_json, gguf, i, kElementsShown);
        std::string type(view(entry.type));
        if (entry.is_array) type += "[" + std::to_string(entry.count) + "]";
        out.push_back({std::string(view(entry.key)), type,
                       Json::parse(view(alv_bytes_text(json.get())), nullptr, false)});
    }
    return out;
}

Json tensors_of(const alv_gguf* gguf) {
    Json out = Json::array();
    for (uint64_t i = 0; i < alv_gguf_tensor_count(gguf); ++i) {
        alv_gguf_tensor tensor = ALV_GGUF_TENSOR_INIT;
        call(alv_gguf_get_tensor, gguf, i, &tensor);
        out.push_back({{"name", view(tensor.name)},
                       {"type", view(tensor.type)},
                       {"dims", std::vector<uint64_t>(tensor.dims, tensor.dims + tensor.n_dims)},
                       {"bytes", tensor.size_bytes}});
    }
    return out;
}

alv_memory_plan plan_of(const Options& options, const alv_model_options& model) {
    alv_runtime_options how = ALV_RUNTIME_OPTIONS_INIT;
    how.device_name = to_alv(options.device);
    const auto runtime = make<alv_runtime>(alv_runtime_create, &how);
    alv_memory_plan plan = ALV_MEMORY_PLAN_INIT;
    call(alv_memory_plan_query, runtime.get(), &model, &plan);
    return plan;
}

// A line's worth of it, cut between characters.
std::string shortened(const Json& value) {
    constexpr size_t kMaxShown = 100;
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() <= kMaxShown) return text;
    size_t end = kMaxShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "...";
}

void print(const alv_gguf* gguf, const std::vector<Entry>& entries, const Json& tensors) {
    std::printf("GGUF version %u\n\nMetadata\n", alv_gguf_version(gguf));
    for (const Entry& entry : entries) {
        std::printf("  %-44s %-16s %s\n", entry.key.c_str(), entry.type.c_str(),
                    shortened(entry.value).c_str());
    }
    std::printf("\nTensors\n");
    uint64_t total = 0;
    for (const Json& tensor : tensors) {
        total += tensor["bytes"].get<uint64_t>();
        std::printf("  %-44s %-6s %-24s %12llu bytes\n", tensor["name"].get<std::string>().c_str(),
                    tensor["type"].get<std::string>().c_str(), tensor["dims"].dump().c_str(),
                    tensor["bytes"].get<unsigned long long>());
    }
    std::printf("  %zu tensors, %s\n", tensors.size(), human_bytes(total).c_str());
}

void inspect(const Options& options) {
    alv_model_options model = ALV_MODEL_OPTIONS_INIT;
    model.path = to_alv(options.path);
    model.kv_tokens = options.context;
    const auto owned = make<alv_gguf>(alv_gguf_open, &model);
    const alv_gguf* gguf = owned.get();
    const auto entries = entries_of(gguf);
    const Json tensors = tensors_of(gguf);
    alv_memory_plan plan = ALV_MEMORY_PLAN_INIT;
    if (options.with_plan) plan = plan_of(options, model);
    if (!options.is_json) {
        print(gguf, entries, tensors);
        if (options.with_plan) tool::print(plan);
        return;
    }
    Json metadata = Json::array();
    for (const Entry& entry : entries) {
        metadata.push_back({{"key", entry.key}, {"type", entry.type}, {"value", entry.value}});
    }
    Json out = {{"version", alv_gguf_version(gguf)}, {"metadata", metadata}, {"tensors", tensors}};
    if (options.with_plan) out["plan"] = to_json(plan);
    std::puts(out.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

}  // namespace

nlohmann::ordered_json to_json(const alv_memory_plan& plan) {
    return {{"fits", plan.fits != 0},
            {"weights_bytes", plan.weights_bytes},
            {"kv_bytes", plan.kv_bytes},
            {"scratch_bytes", plan.scratch_bytes},
            {"staging_bytes", plan.staging_bytes},
            {"host_bytes", plan.host_bytes},
            {"budget_bytes", plan.budget_bytes},
            {"max_kv_tokens", plan.max_kv_tokens}};
}

void print(const alv_memory_plan& plan) {
    std::printf("\nMemory on the device (%s)\n", plan.fits ? "fits" : "does not fit");
    const std::pair<const char*, uint64_t> rows[] = {
        {"weights", plan.weights_bytes}, {"kv cache", plan.kv_bytes},
        {"scratch", plan.scratch_bytes}, {"staging, while loading", plan.staging_bytes},
        {"free now", plan.budget_bytes},
    };
    for (const auto& [name, bytes] : rows) {
        std::printf("  %-24s %s\n", name, human_bytes(bytes).c_str());
    }
    std::printf("  %-24s %llu tokens\n", "largest context",
                static_cast<unsigned long long>(plan.max_kv_tokens));
}

void add_inspect(CLI::App& app) {
    CLI::App* command = app.add_subcommand("inspect", "Shows what a GGUF file holds");
    auto options = std::make_shared<Options>();
    command->add_option("FILE", options->path, "GGUF file")->required();
    command->add_flag("--plan", options->with_plan, "Also what it would take on a device");
    command->add_option("-d,--device", options->device, "Part of the device's name, for --plan")
        ->type_name("NAME");
    command->add_option("--context", options->context, "Tokens of context, for --plan");
    command->add_flag("--json", options->is_json, "As JSON; of long arrays only the first values");
    command->callback([options] { inspect(*options); });
}

}  // namespace tool
