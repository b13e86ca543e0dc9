#include "alviss/embedder.h"

#include <algorithm>

#include "api/bytes.h"
#include "api/handles.h"
#include "api/versioned.h"

namespace alv::api {
namespace {

Result<std::vector<std::string>> read_texts(const alv_string* texts, uint64_t n_texts) {
    constexpr uint64_t kMaxTexts = uint64_t{1} << 24;
    if (n_texts == 0) return invalid_argument("n_texts is 0: there is nothing to embed");
    ALV_REQUIRE(texts);
    if (n_texts > kMaxTexts) return limit_exceeded("more than 16,777,216 texts at once");
    std::vector<std::string> out;
    out.reserve(static_cast<size_t>(n_texts));
    for (uint64_t i = 0; i < n_texts; ++i) {
        Result<std::string_view> text = read_string(texts[i], "texts");
        if (!text.ok()) return std::move(text).status().annotate("text " + std::to_string(i));
        out.emplace_back(*text);
    }
    return out;
}

Status start(alv_embedder& embedder, std::vector<std::string> texts,
             const alv_embedding_options& options, alv_embedding** out_embedding) {
    auto handle = std::make_unique<alv_embedding>();
    handle->core = embedder.core;
    handle->embedder = embedder.embedder;
    EmbeddingDelivery::Options delivery;
    delivery.handle = handle.get();
    delivery.callback = options.callback;
    delivery.user_data = options.user_data;
    delivery.dispatcher = embedder.core->dispatcher;
    handle->delivery = std::make_shared<EmbeddingDelivery>(std::move(delivery));
    ALV_ASSIGN_OR_RETURN(
        handle->ticket,
        embedder.embedder->submit(std::move(texts),
                                  [to = handle->delivery](Result<std::vector<float>> result) {
                                      to->on_done(std::move(result));
                                  }));
    const std::shared_ptr<EmbeddingDelivery> opened = handle->delivery;
    *out_embedding = handle.release();
    opened->open();
    return ok_status();
}

Status wait(const RuntimeCore& core, const EmbeddingDelivery& delivery,
            std::chrono::steady_clock::time_point deadline) {
    if (delivery.over()) return ok_status();
    if (core.in_callback()) {
        return invalid_state("called from a callback, where it would wait for itself");
    }
    if (core.runtime->host_stepped()) {
        ALV_RETURN_IF_ERROR(core.runtime->drive([&] { return delivery.over(); }, deadline));
    } else {
        static_cast<void>(delivery.wait(deadline));
    }
    return delivery.over() ? ok_status() : Status(Code::kTimeout, "the vectors are not there yet");
}

Status embed(alv_embedder& embedder, const alv_string* texts, uint64_t n_texts, float* out_vectors,
             uint64_t capacity) {
    ALV_ASSIGN_OR_RETURN(std::vector<std::string> read, read_texts(texts, n_texts));
    const uint64_t needed = n_texts * embedder.embedder->dim();
    if (capacity < needed) {
        return invalid_argument("capacity is " + std::to_string(capacity) + ", " +
                                std::to_string(needed) + " numbers are needed");
    }
    // A callback may let the last handle go.
    const std::shared_ptr<RuntimeCore> core = embedder.core;
    const std::shared_ptr<local::LocalEmbedder> kept = embedder.embedder;
    if (core->in_callback()) {
        return invalid_state("called from a callback, where it would wait for itself");
    }
    ALV_ASSIGN_OR_RETURN(const std::vector<float> vectors, kept->embed(std::move(read)));
    std::copy(vectors.begin(), vectors.end(), out_vectors);
    return ok_status();
}

}  // namespace
}  // namespace alv::api

using namespace alv;
using namespace alv::api;

alv_status alv_embedder_create(alv_model* model, alv_embedder** out_embedder,
                               alv_error** out_error) {
    if (out_embedder) *out_embedder = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(model);
        ALV_REQUIRE(out_embedder);
        ALV_RETURN_IF_ERROR(check_process(*model->core));
        auto embedder = std::make_unique<alv_embedder>();
        embedder->core = model->core;
        ALV_ASSIGN_OR_RETURN(embedder->embedder, local::LocalEmbedder::create(model->model));
        *out_embedder = embedder.release();
        return ok_status();
    });
}

void alv_embedder_release(alv_embedder* embedder) {
    release_handle(embedder);
}

uint32_t alv_embedder_dim(const alv_embedder* embedder) {
    return call_plain([&] { return embedder ? embedder->embedder->dim() : 0u; });
}

uint32_t alv_embedder_max_tokens(const alv_embedder* embedder) {
    return call_plain([&] { return embedder ? embedder->embedder->max_tokens() : 0u; });
}

alv_status alv_embedder_count_tokens(alv_embedder* embedder, alv_string text, uint32_t* out_count,
                                     alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(embedder);
        ALV_REQUIRE(out_count);
        ALV_RETURN_IF_ERROR(check_process(*embedder->core));
        ALV_ASSIGN_OR_RETURN(const std::string_view read, read_string(text, "text"));
        ALV_ASSIGN_OR_RETURN(*out_count, embedder->embedder->count_tokens(read));
        return ok_status();
    });
}

alv_status alv_embedder_tokenize(alv_embedder* embedder, alv_string text, alv_tokens** out_tokens,
                                 alv_error** out_error) {
    if (out_tokens) *out_tokens = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(embedder);
        ALV_REQUIRE(out_tokens);
        ALV_RETURN_IF_ERROR(check_process(*embedder->core));
        ALV_ASSIGN_OR_RETURN(const std::string_view read, read_string(text, "text"));
        ALV_ASSIGN_OR_RETURN(std::vector<int32_t> tokens, embedder->embedder->tokens(read));
        *out_tokens = make_tokens(std::move(tokens));
        return ok_status();
    });
}

alv_status alv_embedder_embed(alv_embedder* embedder, const alv_string* texts, uint64_t n_texts,
                              float* out_vectors, uint64_t capacity, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(embedder);
        ALV_REQUIRE(out_vectors);
        ALV_RETURN_IF_ERROR(check_process(*embedder->core));
        return embed(*embedder, texts, n_texts, out_vectors, capacity);
    });
}

void alv_embedding_options_init(alv_embedding_options* out_options, uint32_t struct_size) {
    const alv_embedding_options defaults = ALV_EMBEDDING_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

alv_status alv_embedder_start(alv_embedder* embedder, const alv_string* texts, uint64_t n_texts,
                              const alv_embedding_options* given, alv_embedding** out_embedding,
                              alv_error** out_error) {
    if (out_embedding) *out_embedding = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(embedder);
        ALV_REQUIRE(out_embedding);
        ALV_RETURN_IF_ERROR(check_process(*embedder->core));
        const alv_embedding_options defaults = ALV_EMBEDDING_OPTIONS_INIT;
        ALV_ASSIGN_OR_RETURN(const alv_embedding_options options,
                             read_struct(given, defaults, "alv_embedding_options"));
        ALV_RETURN_IF_ERROR(check_reserved(options.reserved, "alv_embedding_options"));
        ALV_ASSIGN_OR_RETURN(std::vector<std::string> read, read_texts(texts, n_texts));
        return start(*embedder, std::move(read), options, out_embedding);
    });
}

alv_status alv_embedding_wait(alv_embedding* embedding, uint64_t timeout_us,
                              alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(embedding);
        ALV_RETURN_IF_ERROR(check_process(*embedding->core));
        const std::shared_ptr<RuntimeCore> core = embedding->core;
        const std::shared_ptr<EmbeddingDelivery> delivery = embedding->delivery;
        ALV_RETURN_IF_ERROR(wait(*core, *delivery, deadline_after(timeout_us)));
        return delivery->get().status();
    });
}

alv_status alv_embedding_get(alv_embedding* embedding, const float** out_vectors,
                             uint64_t* out_n_values, alv_error** out_error) {
    if (out_vectors) *out_vectors = nullptr;
    if (out_n_values) *out_n_values = 0;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(embedding);
        ALV_REQUIRE(out_vectors);
        ALV_REQUIRE(out_n_values);
        ALV_RETURN_IF_ERROR(check_process(*embedding->core));
        ALV_ASSIGN_OR_RETURN(const std::vector<float>* vectors, embedding->delivery->get());
        *out_vectors = vectors->data();
        *out_n_values = vectors->size();
        return ok_status();
    });
}

alv_status alv_embedding_cancel(alv_embedding* embedding, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(embedding);
        ALV_RETURN_IF_ERROR(check_process(*embedding->core));
        if (embedding->ticket) embedding->ticket->cancel();
        embedding->core->runtime->scheduler().wake();
        return ok_status();
    });
}

void alv_embedding_release(alv_embedding* embedding) {
    if (!embedding || embedding->core->forked()) return;
    call_plain([&]() -> int {
        if (embedding->ticket) embedding->ticket->cancel();
        embedding->core->runtime->scheduler().wake();
        embedding->delivery->close();
        return 0;
    });
    release_handle(embedding);
}
