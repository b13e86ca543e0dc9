// alv_embedder: vectors by waiting, by callback and by dispatch; cancel and release at any time.
#include <chrono>

#include "abi/embedder_host.h"

namespace alv::test {
namespace {

std::vector<float> vectors_of(alv_embedding* embedding) {
    const float* values = nullptr;
    uint64_t n = 0;
    EXPECT_EQ(alv_embedding_get(embedding, &values, &n, nullptr), ALV_STATUS_OK);
    return {values, values + n};
}

TEST(Embedder, EmbedsAndCounts) {
    for (const uint32_t flags : {0u, ALV_RUNTIME_HOST_STEPPED}) {
        EmbedderHost host(flags);
        EXPECT_EQ(alv_embedder_dim(host.embedder), kDim);
        EXPECT_EQ(alv_embedder_max_tokens(host.embedder), 32u);
        uint32_t count = 0;
        EXPECT_EQ(alv_embedder_count_tokens(host.embedder, alv_str("abc"), &count, nullptr),
                  ALV_STATUS_OK);
        EXPECT_EQ(count, 5u);
        alv_tokens* tokens = nullptr;
        EXPECT_EQ(alv_embedder_tokenize(host.embedder, alv_str("ab"), &tokens, nullptr),
                  ALV_STATUS_OK);
        const int32_t* ids = alv_tokens_data(tokens);
        EXPECT_EQ(std::vector<int32_t>(ids, ids + alv_tokens_count(tokens)),
                  (std::vector<int32_t>{256, 'a', 'b', 257}));
        alv_tokens_release(tokens);
        const alv_string texts[] = {alv_str("first"), alv_str("second")};
        std::vector<float> out(kDim * 2 + 1, -1.0f);
        Failure failure;
        EXPECT_EQ(alv_embedder_embed(host.embedder, texts, 2, out.data(), kDim * 2, failure.out()),
                  ALV_STATUS_OK)
            << failure.message();
        const auto first = local::test::expected_vector("first", kDim);
        EXPECT_EQ(std::vector<float>(out.begin(), out.begin() + kDim), first);
        EXPECT_EQ(out.back(), -1.0f);
        EXPECT_EQ(
            alv_embedder_embed(host.embedder, texts, 2, out.data(), kDim * 2 - 1, failure.out()),
            ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_NE(failure.message().find("16"), std::string::npos) << failure.message();
    }
}

TEST(Embedder, AsksAndComesBackLater) {
    for (const uint32_t flags : {0u, ALV_RUNTIME_HOST_STEPPED}) {
        EmbedderHost host(flags);
        alv_embedding* embedding = host.start({"a", "b", "c"});
        const float* values = nullptr;
        uint64_t n = 0;
        if (flags != 0) {
            EXPECT_EQ(alv_embedding_get(embedding, &values, &n, nullptr), ALV_STATUS_WOULD_BLOCK);
            EXPECT_EQ(alv_embedding_wait(embedding, 0, nullptr), ALV_STATUS_TIMEOUT);
        }
        EXPECT_EQ(alv_embedding_wait(embedding, kLong, nullptr), ALV_STATUS_OK);
        EXPECT_EQ(vectors_of(embedding).size(), 3 * kDim);
        EXPECT_EQ(alv_embedding_cancel(embedding, nullptr), ALV_STATUS_OK);  // too late
        EXPECT_EQ(alv_embedding_wait(embedding, 0, nullptr), ALV_STATUS_OK);
        alv_embedding_release(embedding);
    }
}

struct Told {
    alv_embedder* embedder = nullptr;
    std::atomic<int> times{0};
    std::atomic<bool> over{false};
    std::vector<float> vectors;
    alv_status waited = -1;
    alv_status embedded = -1;
    bool throws = false;

    static void callback(void* user_data, alv_embedding* embedding) {
        auto* self = static_cast<Told*>(user_data);
        ++self->times;
        self->vectors = vectors_of(embedding);
        self->waited = alv_embedding_wait(embedding, kLong, nullptr);
        const alv_string text = alv_str("x");
        float out[kDim];
        self->embedded = alv_embedder_embed(self->embedder, &text, 1, out, kDim, nullptr);
        self->over = true;
        if (self->throws) throw 1;
    }
};

TEST(Embedder, TellsByCallbackOnce) {
    for (const bool throws : {false, true}) {
        EmbedderHost host;
        Told told;
        told.embedder = host.embedder;
        told.throws = throws;
        alv_embedding* embedding = host.start({"text"}, Told::callback, &told);
        EXPECT_TRUE(wait_for(told.over));
        EXPECT_EQ(told.vectors, local::test::expected_vector("text", kDim));
        EXPECT_EQ(told.waited, ALV_STATUS_OK);  // nothing to wait for
        EXPECT_EQ(told.embedded, ALV_STATUS_INVALID_STATE);
        alv_embedding_release(embedding);
        EXPECT_EQ(told.times, 1);
    }
}

TEST(Embedder, TellsInsideDispatchOnly) {
    EmbedderHost host(ALV_RUNTIME_DISPATCH_CALLBACKS);
    Told told;
    told.embedder = host.embedder;
    alv_embedding* embedding = host.start({"text"}, Told::callback, &told);
    EXPECT_EQ(alv_embedding_wait(embedding, kLong, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(told.times, 0);
    for (int i = 0; i < 30'000 && told.times == 0; ++i) {
        EXPECT_EQ(alv_runtime_dispatch(host.runtime, 0, nullptr, nullptr), ALV_STATUS_OK);
        if (told.times == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(told.times, 1);
    EXPECT_EQ(told.embedded, ALV_STATUS_INVALID_STATE);
    alv_embedding_release(embedding);
}

TEST(Embedder, CancelAndReleaseAtAnyTime) {
    for (const uint32_t flags : {0u, ALV_RUNTIME_HOST_STEPPED}) {
        EmbedderHost host(flags);
        host.world->slice_tokens = 1;
        host.world->slice_time =
            std::chrono::milliseconds(1);  // it does not end before it is cancelled
        const std::vector<std::string> many(400, "some text");
        alv_embedding* cancelled = host.start(many);
        EXPECT_EQ(alv_embedding_cancel(cancelled, nullptr), ALV_STATUS_OK);
        EXPECT_EQ(alv_embedding_wait(cancelled, kLong, nullptr), ALV_STATUS_CANCELLED);
        const float* values = nullptr;
        uint64_t n = 0;
        EXPECT_EQ(alv_embedding_get(cancelled, &values, &n, nullptr), ALV_STATUS_CANCELLED);
        EXPECT_EQ(values, nullptr);
        alv_embedding_release(cancelled);
        alv_embedding_release(host.start(many));
        // The embedding keeps alive what it needs.
        alv_embedding* last = host.start({"x"});
        alv_embedder_release(host.embedder);
        host.embedder = nullptr;
        host.release();
        EXPECT_EQ(alv_embedding_wait(last, kLong, nullptr), ALV_STATUS_OK);
        EXPECT_EQ(vectors_of(last), local::test::expected_vector("x", kDim));
        alv_embedding_release(last);
        EXPECT_EQ(host.world->live_encoders, 0);
    }
}

TEST(Embedder, RefusesWhatItCannotDo) {
    Host talker;
    talker.with_model();
    alv_embedder* embedder = nullptr;
    Failure failure;
    EXPECT_EQ(alv_embedder_create(talker.model, &embedder, failure.out()), ALV_STATUS_UNSUPPORTED);
    EXPECT_EQ(embedder, nullptr);
    EmbedderHost host;
    alv_session* session = nullptr;
    EXPECT_EQ(alv_session_create(host.model, nullptr, &session, failure.out()),
              ALV_STATUS_UNSUPPORTED);
    EXPECT_NE(failure.message().find("alv_embedder_create"), std::string::npos);
    const alv_string bad[] = {alv_str("fine"), {"\xC3(", 2}};
    float out[2 * kDim];
    EXPECT_EQ(alv_embedder_embed(host.embedder, bad, 2, out, 2 * kDim, failure.out()),
              ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_NE(failure.message().find("text 1"), std::string::npos) << failure.message();
    EXPECT_EQ(alv_embedder_embed(host.embedder, bad, 0, out, 2 * kDim, failure.out()),
              ALV_STATUS_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace alv::test
