#include "alviss/model.h"

#include "api/bytes.h"
#include "api/handles.h"
#include "api/model_source.h"
#include "api/versioned.h"
#include "base/utf8.h"
#include "local/prompt.h"

namespace alv::api {

Result<alv_model_options> read_model_options(const alv_model_options* options) {
    if (!options) return invalid_argument("options is NULL: it has to say what to open");
    const alv_model_options defaults = ALV_MODEL_OPTIONS_INIT;
    ALV_ASSIGN_OR_RETURN(const alv_model_options read,
                         read_struct(options, defaults, "alv_model_options"));
    ALV_RETURN_IF_ERROR(
        check_flags(read.flags, ALV_MODEL_TOKENIZER_ONLY, "alv_model_options.flags"));
    ALV_RETURN_IF_ERROR(check_reserved(read.reserved, "alv_model_options"));
    return read;
}

Result<std::shared_ptr<const gguf::Reader>> open_reader(const alv_model_options& options) {
    ALV_ASSIGN_OR_RETURN(std::shared_ptr<const File> file, open_source(options));
    return gguf::Reader::open(std::move(file));
}

namespace {

Status open_model(alv_runtime* runtime, const alv_model_options* given, alv_model** out_model) {
    ALV_REQUIRE(runtime);
    ALV_REQUIRE(out_model);
    ALV_RETURN_IF_ERROR(check_process(*runtime->core));
    ALV_ASSIGN_OR_RETURN(const alv_model_options options, read_model_options(given));
    local::LoadSource source;
    source.tokenizer_only = (options.flags & ALV_MODEL_TOKENIZER_ONLY) != 0;
    source.kv_tokens = options.kv_tokens;
    ALV_ASSIGN_OR_RETURN(source.reader, open_reader(options));

    auto handle = std::make_unique<alv_model>();
    handle->core = runtime->core;
    handle->delivery = std::make_shared<ModelDelivery>(
        handle.get(), options.progress, options.progress_user_data, runtime->core->dispatcher);
    ALV_ASSIGN_OR_RETURN(
        handle->model,
        runtime->core->runtime->open_model(
            std::move(source), [delivery = handle->delivery](const local::ModelProgress& progress) {
                return delivery->on_progress(progress);
            }));
    const std::shared_ptr<ModelDelivery> delivery = handle->delivery;
    *out_model = handle.release();
    delivery->open();
    return ok_status();
}

Status fill_info(alv_model& handle, alv_model_info* out_info) {
    ALV_ASSIGN_OR_RETURN(const std::shared_ptr<const local::TextSide> side, handle.model->text());
    const std::lock_guard lock(handle.mutex);
    if (!handle.facts) {
        handle.facts = std::make_unique<local::Facts>(side->facts);
        handle.facts->architecture = utf8::replace_invalid(side->facts.architecture);
        handle.facts->name = utf8::replace_invalid(side->facts.name);
    }
    const local::Facts& facts = *handle.facts;
    const text::Vocabulary& vocabulary = side->tokenizer->vocabulary();
    alv_model_info info = ALV_MODEL_INFO_INIT;
    info.has_chat_template = facts.has_chat_template ? 1 : 0;
    info.architecture = view_of(facts.architecture);
    info.name = view_of(facts.name);
    info.parameters = facts.parameters;
    info.file_bytes = facts.file_bytes;
    info.n_vocab = side->tokenizer->size();
    info.n_layers = facts.n_layers;
    info.dim = facts.dim;
    info.n_heads = facts.n_heads;
    info.n_kv_heads = facts.n_kv_heads;
    info.train_context = facts.train_context;
    info.kv_tokens = facts.kv_tokens;
    info.bos_token = vocabulary.bos;
    info.eos_token = vocabulary.eos;
    info.add_bos = vocabulary.add_bos ? 1 : 0;
    info.load_ms = handle.model->load_ms();
    return fill_struct(out_info, info, "alv_model_info");
}

Result<std::string> bytes_of(const local::TextSide& side, int32_t token, uint32_t flags) {
    if (token < 0 || static_cast<uint32_t>(token) >= side.tokenizer->size()) {
        return invalid_argument("token " + std::to_string(token) + " is not in the vocabulary of " +
                                std::to_string(side.tokenizer->size()));
    }
    return side.tokenizer->decode(token, (flags & ALV_DETOKENIZE_RENDER_SPECIAL) != 0);
}

Result<std::vector<engine::Message>> read_messages(const alv_message* messages, uint64_t n) {
    if (n != 0) ALV_REQUIRE(messages);
    std::vector<engine::Message> out;
    for (uint64_t i = 0; i < n; ++i) {
        ALV_ASSIGN_OR_RETURN(const std::string_view role, read_string(messages[i].role, "role"));
        ALV_ASSIGN_OR_RETURN(const std::string_view content,
                             read_string(messages[i].content, "content"));
        if (role.empty()) return invalid_argument("a message has no role");
        out.push_back({std::string(role), std::string(content)});
    }
    return out;
}

Status apply_template(const local::TextSide& side, const std::vector<engine::Message>& messages,
                      uint32_t flags, alv_bytes** out_text, alv_tokens** out_tokens) {
    const bool prompt = (flags & ALV_TEMPLATE_ADD_GENERATION_PROMPT) != 0;
    ALV_ASSIGN_OR_RETURN(const std::vector<text::RenderedPart> parts,
                         local::render_messages(side, messages, {}, prompt));
    std::unique_ptr<alv_tokens> tokens;
    if (out_tokens) {
        ALV_ASSIGN_OR_RETURN(std::vector<int32_t> ids, local::encode_parts(side, parts));
        tokens.reset(make_tokens(std::move(ids)));
    }
    if (out_text) {
        std::string whole;
        for (const text::RenderedPart& part : parts) whole += part.text;
        *out_text = make_bytes(std::move(whole));
    }
    if (out_tokens) *out_tokens = tokens.release();
    return ok_status();
}

}  // namespace
}  // namespace alv::api

using namespace alv;
using namespace alv::api;

void alv_model_progress_init(alv_model_progress* out_progress, uint32_t struct_size) {
    const alv_model_progress defaults = ALV_MODEL_PROGRESS_INIT;
    init_struct(out_progress, struct_size, defaults);
}

void alv_model_options_init(alv_model_options* out_options, uint32_t struct_size) {
    const alv_model_options defaults = ALV_MODEL_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

void alv_model_info_init(alv_model_info* out_info, uint32_t struct_size) {
    const alv_model_info defaults = ALV_MODEL_INFO_INIT;
    init_struct(out_info, struct_size, defaults);
}

alv_status alv_model_open(alv_runtime* runtime, const alv_model_options* options,
                          alv_model** out_model, alv_error** out_error) {
    if (out_model) *out_model = nullptr;
    return call(__func__, out_error, [&] { return open_model(runtime, options, out_model); });
}

alv_model* alv_model_retain(alv_model* model) {
    if (model) ++model->refs;
    return model;
}

void alv_model_release(alv_model* model) {
    if (!model || --model->refs != 0) return;
    if (!model->core->forked()) model->delivery->close();
    release_handle(model);
}

alv_status alv_model_get_progress(alv_model* model, alv_model_progress* out_progress,
                                  alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(model);
        ALV_REQUIRE(out_progress);
        ALV_RETURN_IF_ERROR(check_process(*model->core));
        return fill_struct(out_progress, to_abi(model->model->progress()), "alv_model_progress");
    });
}

alv_status alv_model_wait(alv_model* model, uint64_t timeout_us, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(model);
        ALV_RETURN_IF_ERROR(check_process(*model->core));
        // A callback may let the last handle go.
        const std::shared_ptr<RuntimeCore> core = model->core;
        const std::shared_ptr<local::LocalModel> kept = model->model;
        const bool loading = kept->progress().phase == local::ModelPhase::kLoading;
        if (loading && core->in_callback()) {
            return invalid_state("called from a callback, where it would wait for itself");
        }
        return kept->wait(deadline_after(timeout_us));
    });
}

alv_status alv_model_cancel(alv_model* model, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(model);
        ALV_RETURN_IF_ERROR(check_process(*model->core));
        model->model->cancel_load();
        return ok_status();
    });
}

alv_status alv_model_get_info(alv_model* model, alv_model_info* out_info, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(model);
        ALV_REQUIRE(out_info);
        ALV_RETURN_IF_ERROR(check_process(*model->core));
        return fill_info(*model, out_info);
    });
}

alv_status alv_model_tokenize(alv_model* model, alv_string text, uint32_t flags,
                              alv_tokens** out_tokens, alv_error** out_error) {
    if (out_tokens) *out_tokens = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(model);
        ALV_REQUIRE(out_tokens);
        ALV_RETURN_IF_ERROR(check_process(*model->core));
        constexpr uint32_t kFlags = ALV_TOKENIZE_PARSE_SPECIAL | ALV_TOKENIZE_ADD_BOS;
        ALV_RETURN_IF_ERROR(check_flags(flags, kFlags, "flags"));
        ALV_ASSIGN_OR_RETURN(const std::string_view plain, read_string(text, "text"));
        ALV_ASSIGN_OR_RETURN(const auto side, model->model->text());
        ALV_ASSIGN_OR_RETURN(
            std::vector<int32_t> tokens,
            local::encode_text(*side, std::string(plain), (flags & ALV_TOKENIZE_PARSE_SPECIAL) != 0,
                               (flags & ALV_TOKENIZE_ADD_BOS) != 0));
        *out_tokens = make_tokens(std::move(tokens));
        return ok_status();
    });
}

alv_status alv_model_detokenize(alv_model* model, const int32_t* tokens, uint64_t n_tokens,
                                uint32_t flags, alv_bytes** out_text, alv_error** out_error) {
    if (out_text) *out_text = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(model);
        ALV_REQUIRE(out_text);
        if (n_tokens != 0) ALV_REQUIRE(tokens);
        ALV_RETURN_IF_ERROR(check_process(*model->core));
        ALV_RETURN_IF_ERROR(check_flags(flags, ALV_DETOKENIZE_RENDER_SPECIAL, "flags"));
        ALV_ASSIGN_OR_RETURN(const auto side, model->model->text());
        std::string text;
        for (uint64_t i = 0; i < n_tokens; ++i) {
            ALV_ASSIGN_OR_RETURN(const std::string bytes, bytes_of(*side, tokens[i], flags));
            text += bytes;
        }
        *out_text = make_bytes(utf8::replace_invalid(text));
        return ok_status();
    });
}

alv_status alv_model_token_bytes(alv_model* model, int32_t token, uint32_t flags,
                                 alv_bytes** out_bytes, alv_error** out_error) {
    if (out_bytes) *out_bytes = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(model);
        ALV_REQUIRE(out_bytes);
        ALV_RETURN_IF_ERROR(check_process(*model->core));
        ALV_RETURN_IF_ERROR(check_flags(flags, ALV_DETOKENIZE_RENDER_SPECIAL, "flags"));
        ALV_ASSIGN_OR_RETURN(const auto side, model->model->text());
        ALV_ASSIGN_OR_RETURN(std::string bytes, bytes_of(*side, token, flags));
        *out_bytes = make_bytes(std::move(bytes));
        return ok_status();
    });
}

alv_status alv_model_apply_template(alv_model* model, const alv_message* messages,
                                    uint64_t n_messages, uint32_t flags, alv_bytes** out_text,
                                    alv_tokens** out_tokens, alv_error** out_error) {
    if (out_text) *out_text = nullptr;
    if (out_tokens) *out_tokens = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(model);
        ALV_RETURN_IF_ERROR(check_process(*model->core));
        ALV_RETURN_IF_ERROR(check_flags(flags, ALV_TEMPLATE_ADD_GENERATION_PROMPT, "flags"));
        ALV_ASSIGN_OR_RETURN(const std::vector<engine::Message> read,
                             read_messages(messages, n_messages));
        ALV_ASSIGN_OR_RETURN(const auto side, model->model->text());
        return apply_template(*side, read, flags, out_text, out_tokens);
    });
}
