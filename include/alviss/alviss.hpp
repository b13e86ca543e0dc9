// The C ABI with C++ ownership: header-only, on the C calls alone, C++17, no exceptions needed.
//
//   auto runtime = alviss::Runtime::create();
//   if (!runtime) return complain(runtime.error().message());
//   auto model = alviss::Model::open(*runtime, "model.gguf");
//   ...
//
// Each class owns one handle and gives it back when it goes; they can be moved, and get() has the
// handle for C calls that are not wrapped. Fallible calls return Result<T>: a value, or an Error.
// Threads, callbacks and lifetimes are those of the C headers. Since 0.1
#ifndef ALVISS_ALVISS_HPP
#define ALVISS_ALVISS_HPP

#include "filter.hpp"
#include "knowledge.hpp"
#include "result.hpp"
#include "tools.hpp"

namespace alviss {

// See runtime.h. Since 0.1
class Runtime {
  public:
    static Result<Runtime> create(const alv_runtime_options* options = nullptr) {
        return detail::make<Runtime, alv_runtime>(
            [&](auto** out, auto** error) { return alv_runtime_create(options, out, error); });
    }
    explicit Runtime(alv_runtime* owned) : handle_(owned) {}
    alv_runtime* get() const { return handle_.get(); }

    // True if work is left.
    Result<bool> step(uint64_t budget_us) {
        uint32_t pending = 0;
        const Status status = detail::run(
            [&](auto** error) { return alv_runtime_step(get(), budget_us, &pending, error); });
        if (!status) return status.error();
        return pending != 0;
    }
    // How many events were delivered.
    Result<uint32_t> dispatch(uint32_t max_events = 0) {
        uint32_t delivered = 0;
        const Status status = detail::run([&](auto** error) {
            return alv_runtime_dispatch(get(), max_events, &delivered, error);
        });
        if (!status) return status.error();
        return delivered;
    }
    Status rebuild(const alv_vulkan_device* replacement = nullptr) {
        return detail::run(
            [&](auto** error) { return alv_runtime_rebuild(get(), replacement, error); });
    }
    Result<alv_runtime_info> info() const {
        return detail::fill(alv_runtime_info ALV_RUNTIME_INFO_INIT, [&](auto* out, auto** error) {
            return alv_runtime_get_info(get(), out, error);
        });
    }
    Result<alv_device_info> device_info() const {
        return detail::fill(alv_device_info ALV_DEVICE_INFO_INIT, [&](auto* out, auto** error) {
            return alv_runtime_get_device_info(get(), out, error);
        });
    }
    Result<std::string> describe() const {
        return detail::take_bytes(
            [&](auto** out, auto** error) { return alv_runtime_describe(get(), out, error); });
    }
    Result<std::string> pipeline_cache() const {
        return detail::take_bytes([&](auto** out, auto** error) {
            return alv_runtime_pipeline_cache(get(), out, error);
        });
    }

  private:
    detail::Owner<alv_runtime, alv_runtime_release> handle_;
};

// See model.h. Since 0.1
class Model {
  public:
    static Result<Model> open(const Runtime& runtime, const alv_model_options& options) {
        return detail::make<Model, alv_model>([&](auto** out, auto** error) {
            return alv_model_open(runtime.get(), &options, out, error);
        });
    }
    static Result<Model> open(const Runtime& runtime, std::string_view path) {
        alv_model_options options = ALV_MODEL_OPTIONS_INIT;
        options.path = to_abi(path);
        return open(runtime, options);
    }
    explicit Model(alv_model* owned) : handle_(owned) {}
    alv_model* get() const { return handle_.get(); }

    Status wait(uint64_t timeout_us = UINT64_MAX) {
        return detail::run([&](auto** error) { return alv_model_wait(get(), timeout_us, error); });
    }
    Status cancel() {
        return detail::run([&](auto** error) { return alv_model_cancel(get(), error); });
    }
    Result<alv_model_progress> progress() const {
        return detail::fill(
            alv_model_progress ALV_MODEL_PROGRESS_INIT,
            [&](auto* out, auto** error) { return alv_model_get_progress(get(), out, error); });
    }
    Result<alv_model_info> info() const {
        return detail::fill(alv_model_info ALV_MODEL_INFO_INIT, [&](auto* out, auto** error) {
            return alv_model_get_info(get(), out, error);
        });
    }
    Result<std::vector<int32_t>> tokenize(std::string_view text, uint32_t flags = 0) const {
        alv_tokens* tokens = nullptr;
        const Status status = detail::run([&](auto** error) {
            return alv_model_tokenize(get(), to_abi(text), flags, &tokens, error);
        });
        if (!status) return status.error();
        return detail::to_vector(tokens);
    }
    Result<std::string> detokenize(const std::vector<int32_t>& tokens, uint32_t flags = 0) const {
        return detail::take_bytes([&](auto** out, auto** error) {
            return alv_model_detokenize(get(), tokens.data(), tokens.size(), flags, out, error);
        });
    }

  private:
    detail::Owner<alv_model, alv_model_release> handle_;
};

// See generation.h. Since 0.1
class Generation {
  public:
    explicit Generation(alv_generation* owned) : handle_(owned) {}
    alv_generation* get() const { return handle_.get(); }

    // Borrowed until the next poll or wait.
    Result<const alv_event*> poll() {
        const alv_event* event = nullptr;
        const Status status =
            detail::run([&](auto** error) { return alv_generation_poll(get(), &event, error); });
        if (!status) return status.error();
        return event;
    }
    Result<const alv_event*> wait(uint64_t timeout_us = UINT64_MAX) {
        const alv_event* event = nullptr;
        const Status status = detail::run(
            [&](auto** error) { return alv_generation_wait(get(), timeout_us, &event, error); });
        if (!status) return status.error();
        return event;
    }
    Status cancel() {
        return detail::run([&](auto** error) { return alv_generation_cancel(get(), error); });
    }
    Result<alv_usage> usage() const {
        return detail::fill(alv_usage ALV_USAGE_INIT, [&](auto* out, auto** error) {
            return alv_generation_get_usage(get(), out, error);
        });
    }

  private:
    detail::Owner<alv_generation, alv_generation_release> handle_;
};

// See session.h. Since 0.1
class Session {
  public:
    static Result<Session> create(const Model& model,
                                  const alv_session_options* options = nullptr) {
        return detail::make<Session, alv_session>([&](auto** out, auto** error) {
            return alv_session_create(model.get(), options, out, error);
        });
    }
    explicit Session(alv_session* owned) : handle_(owned) {}
    alv_session* get() const { return handle_.get(); }

    Status append(std::string_view role, std::string_view content) {
        return detail::run([&](auto** error) {
            return alv_session_append(get(), to_abi(role), to_abi(content), error);
        });
    }
    Status truncate(uint64_t n_messages) {
        return detail::run(
            [&](auto** error) { return alv_session_truncate(get(), n_messages, error); });
    }
    Status clear() {
        return detail::run([&](auto** error) { return alv_session_clear(get(), error); });
    }
    Status set_system(std::string_view content) {
        return detail::run(
            [&](auto** error) { return alv_session_set_system(get(), to_abi(content), error); });
    }
    // 0: no limit.
    Status set_limits(uint32_t max_turns, uint32_t token_budget) {
        return detail::run([&](auto** error) {
            return alv_session_set_limits(get(), max_turns, token_budget, error);
        });
    }
    Status pin(uint64_t index, bool pinned = true) {
        return detail::run(
            [&](auto** error) { return alv_session_pin(get(), index, pinned ? 1 : 0, error); });
    }
    // The conversation as JSON.
    Result<std::string> save() const {
        return detail::take_bytes(
            [&](auto** out, auto** error) { return alv_session_save(get(), out, error); });
    }
    Status restore(std::string_view json) {
        return detail::run(
            [&](auto** error) { return alv_session_restore(get(), to_abi(json), error); });
    }
    Result<Session> fork() const {
        return detail::make<Session, alv_session>(
            [&](auto** out, auto** error) { return alv_session_fork(get(), out, error); });
    }

    // See tools.h, filter.h, grounding.h. The session keeps what it is given.
    Status set_tools(const Tools& tools, const alv_tools_options* options = nullptr) {
        return detail::run([&](auto** error) {
            return alv_session_set_tools(get(), tools.get(), options, error);
        });
    }
    Status clear_tools() {
        return detail::run(
            [&](auto** error) { return alv_session_set_tools(get(), nullptr, nullptr, error); });
    }
    Status append_tool_result(std::string_view call_id, std::string_view result) {
        return detail::run([&](auto** error) {
            return alv_session_append_tool_result(get(), to_abi(call_id), to_abi(result), error);
        });
    }
    Status add_filter(const Filter& filter, uint32_t where) {
        return detail::run([&](auto** error) {
            return alv_session_add_filter(get(), filter.get(), where, error);
        });
    }
    Status clear_filters() {
        return detail::run([&](auto** error) { return alv_session_clear_filters(get(), error); });
    }
    Status add_retriever(std::shared_ptr<Retriever> retriever,
                         const alv_retriever_options* options = nullptr) {
        return add_vtable(detail::to_vtable(std::move(retriever)), options);
    }
    Status add_retriever(const Knowledge& knowledge,
                         const alv_retriever_options* options = nullptr) {
        alv_retriever retriever = ALV_RETRIEVER_INIT;
        Status status = detail::run([&](auto** error) {
            return alv_knowledge_retriever(knowledge.get(), &retriever, error);
        });
        return status ? add_vtable(retriever, options) : status;
    }
    Status clear_retrievers() {
        return detail::run(
            [&](auto** error) { return alv_session_clear_retrievers(get(), error); });
    }
    Status set_grounding(const alv_grounding_options& options) {
        return detail::run(
            [&](auto** error) { return alv_session_set_grounding(get(), &options, error); });
    }

    uint64_t message_count() const { return alv_session_message_count(get()); }
    Result<std::string> content(uint64_t index) const {
        return detail::take_bytes([&](auto** out, auto** error) {
            return alv_session_get_message(get(), index, nullptr, out, error);
        });
    }
    Result<Generation> generate(const alv_generation_options* options = nullptr) {
        return detail::make<Generation, alv_generation>([&](auto** out, auto** error) {
            return alv_session_generate(get(), options, out, error);
        });
    }
    Result<Generation> complete(std::string_view prompt,
                                const alv_generation_options* options = nullptr) {
        return detail::make<Generation, alv_generation>([&](auto** out, auto** error) {
            return alv_session_complete(get(), to_abi(prompt), options, out, error);
        });
    }

  private:
    Status add_vtable(const alv_retriever& retriever, const alv_retriever_options* options) {
        Status status = detail::run([&](auto** error) {
            return alv_session_add_retriever(get(), &retriever, options, error);
        });
        // Only then it was not taken.
        if (!status && status.error().code() == ALV_STATUS_INVALID_ARGUMENT && retriever.release) {
            retriever.release(retriever.user_data);
        }
        return status;
    }

    detail::Owner<alv_session, alv_session_release> handle_;
};

// A prompt template with a value for each of its variables: see prompt.h. Since 0.1
inline Result<std::string> render_prompt(
    std::string_view prompt_template,
    const std::vector<std::pair<std::string_view, std::string_view>>& variables) {
    std::vector<alv_prompt_variable> views;
    views.reserve(variables.size());
    for (const auto& [name, value] : variables) views.push_back({to_abi(name), to_abi(value)});
    return detail::take_bytes([&](auto** out, auto** error) {
        return alv_prompt_render(to_abi(prompt_template), views.data(), views.size(), out, error);
    });
}

// A template that comes with the library: see alv_prompt_builtin. Since 0.1
inline std::string_view builtin_prompt(std::string_view name) {
    return to_view(alv_prompt_builtin(to_abi(name)));
}

}  // namespace alviss

#endif
