#include "common.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "terminal.h"

namespace tool {
namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

const char* stage_name(uint32_t stage) {
    switch (stage) {
        case ALV_MODEL_STAGE_TOKENIZER:
            return "vocabulary";
        case ALV_MODEL_STAGE_PIPELINES:
            return "shaders";
        case ALV_MODEL_STAGE_WEIGHTS:
            return "weights";
        case ALV_MODEL_STAGE_WARM_UP:
            return "warming up";
        default:
            return "";
    }
}

Owned<alv_model> open(alv_runtime* runtime, const ModelOptions& options, uint32_t flags) {
    alv_model_options how = ALV_MODEL_OPTIONS_INIT;
    how.path = to_alv(options.path);
    how.kv_tokens = options.context;
    how.flags = flags;
    return make<alv_model>(alv_model_open, runtime, &how);
}

}  // namespace

// In the user's cache folder; empty when there is none, and then nothing is kept.
std::string pipeline_cache_path() {
    std::filesystem::path folder;
    if (const std::string xdg = environment("XDG_CACHE_HOME"); !xdg.empty()) {
        folder = std::filesystem::u8path(xdg);
    } else if (const std::string local = environment("LOCALAPPDATA"); !local.empty()) {
        folder = std::filesystem::u8path(local);
    } else if (const std::string home = environment("HOME"); !home.empty()) {
        folder = std::filesystem::u8path(home) / ".cache";
    } else {
        return {};
    }
    folder /= "alviss";
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    const auto path = (folder / "pipelines.bin").u8string();
    return {path.begin(), path.end()};
}

void fail(alv_status status, alv_error* error) {
    std::string message = alv_status_name(status);
    if (error) {
        message = view(alv_error_message(error));
        alv_error_release(error);
    }
    throw Failure(status, message);
}

std::string read_file(const std::string& path) {
    std::ifstream file(std::filesystem::u8path(path), std::ios::binary);
    if (!file) throw Failure(ALV_STATUS_NOT_FOUND, "Cannot open " + path);
    std::string content{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) throw Failure(ALV_STATUS_IO_ERROR, "Cannot read " + path);
    return content;
}

const char* device_type_name(uint32_t type) {
    switch (type) {
        case ALV_DEVICE_TYPE_INTEGRATED:
            return "integrated";
        case ALV_DEVICE_TYPE_DISCRETE:
            return "discrete";
        case ALV_DEVICE_TYPE_VIRTUAL:
            return "virtual";
        case ALV_DEVICE_TYPE_CPU:
            return "cpu";
        default:
            return "other";
    }
}

const char* finish_reason_name(uint32_t reason) {
    switch (reason) {
        case ALV_FINISH_END_TOKEN:
            return "end_token";
        case ALV_FINISH_STOP_STRING:
            return "stop_string";
        case ALV_FINISH_MAX_TOKENS:
            return "max_tokens";
        case ALV_FINISH_CONTEXT_FULL:
            return "context_full";
        case ALV_FINISH_CANCELLED:
            return "cancelled";
        case ALV_FINISH_TOOL_CALLS:
            return "tool_calls";
        default:
            return "unknown";
    }
}

std::string human_bytes(uint64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
    return text;
}

CLI::Option* ModelOptions::add_to(CLI::App& command) {
    CLI::Option* model =
        command.add_option("-m,--model", path, "GGUF file")->required()->type_name("FILE");
    command.add_option("-d,--device", device, "Part of the device's name (see alviss devices)")
        ->type_name("NAME");
    command.add_option("--context", context, "Longest prompt and reply together, in tokens");
    return model;
}

void SamplingOptions::add_to(CLI::App& command) {
    command.add_option("-n,--max-tokens", max_tokens, "New tokens; 0: until the context is full")
        ->capture_default_str();
    command.add_option("-t,--temperature", temperature, "0: always the likeliest token")
        ->capture_default_str();
    command.add_option("--top-k", top_k, "Only the k likeliest; 0: all")->capture_default_str();
    command.add_option("--top-p", top_p, "Smallest set with this probability; 0: all")
        ->capture_default_str();
    command
        .add_option("--min-p", min_p, "At least this share of the likeliest's probability; 0: all")
        ->capture_default_str();
    command
        .add_option("--repeat-penalty", repeat_penalty, "Divides the score of tokens seen; 0: none")
        ->capture_default_str();
    command.add_option("--seed", seed, "The same prompt and seed give the same reply");
}

alv_generation_options SamplingOptions::to_alv() const {
    alv_generation_options out = ALV_GENERATION_OPTIONS_INIT;
    out.max_tokens = max_tokens;
    out.temperature = temperature;
    out.top_k = top_k;
    out.top_p = top_p;
    out.min_p = min_p;
    out.repeat_penalty = repeat_penalty;
    out.seed = seed;
    return out;
}

void wait_for(alv_model* model, const ModelOptions& options) {
    ProgressBar bar("Loading " + std::filesystem::u8path(options.path).filename().string(),
                    options.is_quiet);
    for (;;) {
        alv_error* error = nullptr;
        const alv_status status = alv_model_wait(model, 50'000, &error);
        alv_model_progress progress = ALV_MODEL_PROGRESS_INIT;
        call(alv_model_get_progress, model, &progress);
        bar.show(static_cast<double>(progress.fraction), stage_name(progress.stage));
        if (status == ALV_STATUS_OK) return;
        if (status != ALV_STATUS_TIMEOUT) fail(status, error);
        alv_error_release(error);
        if (take_interrupt()) call(alv_model_cancel, model);
    }
}

Loaded load(const ModelOptions& options) {
    const auto start = std::chrono::steady_clock::now();
    const std::string cache = pipeline_cache_path();
    alv_runtime_options how = ALV_RUNTIME_OPTIONS_INIT;
    how.flags = options.runtime_flags;
    how.device_name = to_alv(options.device);
    how.pipeline_cache_path = to_alv(cache);
    Loaded out;
    out.runtime = make<alv_runtime>(alv_runtime_create, &how);
    if (!options.is_quiet) {
        alv_device_info device = ALV_DEVICE_INFO_INIT;
        call(alv_runtime_get_device_info, out.runtime.get(), &device);
        tell("Device: " + std::string(view(device.name)) + ", " + std::string(view(device.driver)));
    }
    out.model = load_beside(out.runtime.get(), options);
    out.ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return out;
}

Owned<alv_model> load_beside(alv_runtime* runtime, const ModelOptions& options) {
    Owned<alv_model> model = open(runtime, options, 0);
    wait_for(model.get(), options);
    return model;
}

Loaded load_tokenizer(const std::string& path) {
    alv_runtime_options how = ALV_RUNTIME_OPTIONS_INIT;
    how.flags = ALV_RUNTIME_NO_DEVICE;
    ModelOptions options;
    options.path = path;
    options.is_quiet = true;
    Loaded out;
    out.runtime = make<alv_runtime>(alv_runtime_create, &how);
    out.model = open(out.runtime.get(), options, ALV_MODEL_TOKENIZER_ONLY);
    wait_for(out.model.get(), options);
    return out;
}

}  // namespace tool
