// alviss doctor: whether models will run here, on what, and what was decided why.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common.h"
#include "rows.h"
#include "terminal.h"

namespace tool {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    ModelOptions model;  // without a path: every kernel is tested
    bool is_json = false;
};

// What was found, and the first thing that is wrong.
struct Report {
    Json all = Json::object();
    std::string advice;
    void note(const std::string& what) {
        if (advice.empty()) advice = what;
    }
};

std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

void print_choices(const char* title, const Json& choices) {
    std::printf("\n%s\n", title);
    for (const Json& choice : choices) {
        std::printf("  %-22s %-20s %s\n", text_of(choice["name"]).c_str(),
                    text_of(choice["value"]).c_str(), text_of(choice["reason"]).c_str());
    }
}

void print_kernels(const Json& kernels) {
    std::printf("\nSelf-tests\n");
    for (const Json& kernel : kernels) {
        const bool cached = kernel["cached"];
        char took[32];
        std::snprintf(took, sizeof took, "%.1f ms", kernel["ms"].get<double>());
        std::printf("  %-36s %-7s %-10s off by %.1g, allowed %.1g\n",
                    text_of(kernel["kernel"]).c_str(), kernel["passed"] ? "passed" : "FAILED",
                    cached ? "cached" : took, kernel["error"].get<double>(),
                    kernel["tolerance"].get<double>());
    }
    if (kernels.empty()) std::printf("  none: no kernel was needed yet\n");
}

void print_runtime(const Json& runtime) {
    const Json& device = runtime["device"];
    std::printf("\nUsed: %s (%s)\n", text_of(device["name"]).c_str(),
                text_of(device["type"]).c_str());
    std::printf("  driver: %s, Vulkan %s\n", text_of(device["driver"]).c_str(),
                text_of(device["api_version"]).c_str());
    std::string features;
    for (const Json& feature : runtime["features"]) {
        features += (features.empty() ? "" : ", ") + text_of(feature);
    }
    std::printf("  features: %s\n", features.c_str());
    const Json& memory = runtime["memory"];
    std::printf("  memory: %s free for this process, %s\n",
                human_bytes(memory["budget_bytes"].get<uint64_t>()).c_str(),
                memory["unified"] ? "shared with the host" : "its own");
    std::printf("\nLimits\n");
    for (const auto& [name, value] : runtime["limits"].items()) {
        std::printf("  %-22s %s\n", name.c_str(), text_of(value).c_str());
    }
    print_choices("Plan", runtime["plan"]);
    print_choices("Kernels", runtime["variants"]);
    print_kernels(runtime["kernels"]);
}

// The devices, and whether one can be used.
void find_devices(const Options& options, Report& report) {
    report.all["devices"] = Json::array();
    try {
        const auto list = make<alv_device_list>(alv_device_list_create);
        const std::vector<alv_device_info> infos = infos_of(list.get());
        for (uint32_t i = 0; i < infos.size(); ++i) {
            report.all["devices"].push_back(to_json(infos[i]));
            if (!options.is_json) print(i, infos[i]);
        }
    } catch (const Failure& failure) {
        report.note(failure.what());
    }
}

void take_description(alv_runtime* runtime, Report& report) {
    const auto text = make<alv_bytes>(alv_runtime_describe, runtime);
    Json described = Json::parse(view(alv_bytes_text(text.get())));
    const Json& failed = described["quarantined"];
    if (!failed.empty()) {
        report.note(std::to_string(failed.size()) + " kernels, " + text_of(failed[0]) +
                    " first, gave wrong answers and are not used with this driver: replies stay "
                    "right, but may be slower. Update the driver; the tests then run again");
    }
    report.all["runtime"] = std::move(described);
}

// The memory plan, then the load, which tests the kernels that the model needs.
void try_model(const Options& options, alv_runtime* runtime, Report& report) {
    Json& model = report.all["model"];
    model["path"] = options.model.path;
    try {
        alv_model_options how = ALV_MODEL_OPTIONS_INIT;
        how.path = to_alv(options.model.path);
        how.kv_tokens = options.model.context;
        alv_memory_plan plan = ALV_MEMORY_PLAN_INIT;
        call(alv_memory_plan_query, runtime, &how, &plan);
        model["plan"] = to_json(plan);
        const auto loaded = load_beside(runtime, options.model);
        model["loads"] = true;
    } catch (const Failure& failure) {
        model["loads"] = false;
        model["error"] = failure.what();
        report.note(failure.what());
    }
}

void print_model(const Json& model) {
    std::printf("\nModel %s\n", text_of(model["path"]).c_str());
    if (model.contains("plan")) {
        const Json& plan = model["plan"];
        std::printf("  %s: %s for weights, %s for the kv cache, %s besides; %s free\n",
                    plan["fits"] ? "fits" : "does not fit",
                    human_bytes(plan["weights_bytes"].get<uint64_t>()).c_str(),
                    human_bytes(plan["kv_bytes"].get<uint64_t>()).c_str(),
                    human_bytes(plan["scratch_bytes"].get<uint64_t>() +
                                plan["staging_bytes"].get<uint64_t>())
                        .c_str(),
                    human_bytes(plan["budget_bytes"].get<uint64_t>()).c_str());
        std::printf("  largest context: %s tokens\n", text_of(plan["max_kv_tokens"]).c_str());
    }
    std::printf("  %s\n", model["loads"] ? "loads" : text_of(model["error"]).c_str());
}

void look_at_device(Options& options, Report& report) {
    const bool has_model = !options.model.path.empty();
    options.model.is_quiet = options.is_json;
    const std::string cache = pipeline_cache_path();
    alv_runtime_options how = ALV_RUNTIME_OPTIONS_INIT;
    how.device_name = to_alv(options.model.device);
    how.pipeline_cache_path = to_alv(cache);
    if (!has_model) {
        how.flags = ALV_RUNTIME_SELF_TEST;
        if (!options.is_json) tell("Testing every kernel; the first time this may take a while");
    }
    try {
        const auto runtime = make<alv_runtime>(alv_runtime_create, &how);
        if (has_model) try_model(options, runtime.get(), report);
        take_description(runtime.get(), report);
    } catch (const Failure& failure) {
        report.note(failure.what());
    }
}

void doctor(Options options) {
    Report report;
    find_devices(options, report);
    if (report.advice.empty()) look_at_device(options, report);
    const bool ok = report.advice.empty();
    if (!options.is_json) {
        if (report.all.contains("runtime")) print_runtime(report.all["runtime"]);
        if (report.all.contains("model")) print_model(report.all["model"]);
        if (ok) std::printf("\nAll is well.\n");
    } else {
        Json out = {{"ok", ok}, {"advice", report.advice}};
        out.update(report.all);
        std::puts(out.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
    }
    if (!ok) throw Failure(ALV_STATUS_UNSUPPORTED, report.advice);
}

}  // namespace

void add_doctor(CLI::App& app) {
    CLI::App* command = app.add_subcommand(
        "doctor", "Tells whether models will run here, and tests the device's kernels");
    auto options = std::make_shared<Options>();
    command->add_option("MODEL", options->model.path,
                        "GGUF file: only the kernels that it needs are tested, and its memory");
    command
        ->add_option("-d,--device", options->model.device,
                     "Part of the device's name (see alviss devices)")
        ->type_name("NAME");
    command->add_option("--context", options->model.context,
                        "Longest prompt and reply together, in tokens");
    command->add_flag("--json", options->is_json, "As JSON");
    command->footer("Exit code 0: all is well. Else the last line says what to do.");
    command->callback([options] { doctor(*options); });
}

}  // namespace tool
