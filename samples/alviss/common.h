// What the subcommands share: owned handles, calls that throw on failure, a runtime and a model
// opened with a progress bar, and options that several of them take.
#pragma once

#include <alviss/alviss.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

struct Failure : std::runtime_error {
    Failure(alv_status code, const std::string& message)
        : std::runtime_error(message), status(code) {}
    alv_status status;
};

struct Release {
    void operator()(alv_bytes* p) const { alv_bytes_release(p); }
    void operator()(alv_tokens* p) const { alv_tokens_release(p); }
    void operator()(alv_device_list* p) const { alv_device_list_release(p); }
    void operator()(alv_runtime* p) const { alv_runtime_release(p); }
    void operator()(alv_model* p) const { alv_model_release(p); }
    void operator()(alv_gguf* p) const { alv_gguf_release(p); }
    void operator()(alv_tools* p) const { alv_tools_release(p); }
    void operator()(alv_session* p) const { alv_session_release(p); }
    void operator()(alv_generation* p) const { alv_generation_release(p); }
    void operator()(alv_embedder* p) const { alv_embedder_release(p); }
    void operator()(alv_knowledge* p) const { alv_knowledge_release(p); }
    void operator()(alv_passages* p) const { alv_passages_release(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Release>;

// Releases `error`.
[[noreturn]] void fail(alv_status status, alv_error* error);

// call(alv_session_clear, session): adds the last argument, out_error, and throws a Failure.
template <typename... P, typename... A>
void call(alv_status (*function)(P...), A... args) {
    alv_error* error = nullptr;
    const alv_status status = function(args..., &error);
    if (status != ALV_STATUS_OK) fail(status, error);
}

// make<alv_model>(alv_model_open, runtime, &options): the same for a call that gives an object.
template <typename T, typename... P, typename... A>
Owned<T> make(alv_status (*function)(P...), A... args) {
    T* out = nullptr;
    call(function, args..., &out);
    return Owned<T>(out);
}

inline std::string_view view(alv_string text) {
    return {text.data ? text.data : "", text.size};
}
inline alv_string to_alv(std::string_view text) {
    return {text.data(), text.size()};
}

std::string read_file(const std::string& path);
const char* device_type_name(uint32_t type);
const char* finish_reason_name(uint32_t reason);
std::string human_bytes(uint64_t bytes);

// Where compiled pipelines are kept; empty where there is no place for them.
std::string pipeline_cache_path();

// --model and --device, and where compiled pipelines are kept from run to run.
struct ModelOptions {
    std::string path;
    std::string device;
    uint32_t context = 0;
    uint32_t runtime_flags = 0;
    bool is_quiet = false;  // no progress bar, no device line
    // Returns the option --model.
    CLI::Option* add_to(CLI::App& command);
};

struct Loaded {
    Owned<alv_runtime> runtime;
    Owned<alv_model> model;
    double ms = 0;  // both made and ready
};

// With a progress bar and the name of the device on standard error. Ctrl-C cancels the load.
Loaded load(const ModelOptions& options);
// One more model on a runtime that is there.
Owned<alv_model> load_beside(alv_runtime* runtime, const ModelOptions& options);
// Waits until a model is ready, with the progress bar.
void wait_for(alv_model* model, const ModelOptions& options);
// The vocabulary alone; no device is touched.
Loaded load_tokenizer(const std::string& path);

// How replies are drawn: alv_generation_options by name.
struct SamplingOptions {
    uint32_t max_tokens = 0;
    float temperature = 0;
    uint32_t top_k = 0;
    float top_p = 0;
    float min_p = 0;
    float repeat_penalty = 0;
    uint64_t seed = 0;
    void add_to(CLI::App& command);
    alv_generation_options to_alv() const;
};

// Each adds its subcommand to the tool.
void add_devices(CLI::App& app);
void add_doctor(CLI::App& app);
void add_inspect(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_generate(CLI::App& app);
void add_chat(CLI::App& app);
void add_ingest(CLI::App& app);
void add_search(CLI::App& app);
void add_convert(CLI::App& app);
void add_bench(CLI::App& app);
void add_embed(CLI::App& app);

}  // namespace tool
