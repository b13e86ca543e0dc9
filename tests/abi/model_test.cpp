// Models: loading, tokenizer, template.
#include "abi/host.h"

namespace alv::test {
namespace {

std::vector<int32_t> take(alv_tokens* tokens) {
    const int32_t* first = alv_tokens_data(tokens);
    std::vector<int32_t> out(first, first + alv_tokens_count(tokens));
    alv_tokens_release(tokens);
    return out;
}

std::string take(alv_bytes* bytes) {
    std::string out = text_of(alv_bytes_text(bytes));
    EXPECT_EQ(alv_bytes_size(bytes), out.size());
    EXPECT_EQ(static_cast<const char*>(alv_bytes_data(bytes))[out.size()], '\0');
    alv_bytes_release(bytes);
    return out;
}

TEST(Model, TellsWhatItIs) {
    Host host;
    host.with_model();
    alv_model_info info = ALV_MODEL_INFO_INIT;
    ASSERT_EQ(alv_model_get_info(host.model, &info, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(text_of(info.architecture), "fake");
    EXPECT_EQ(info.n_vocab, 260u);
    EXPECT_EQ(info.bos_token, 256);
    EXPECT_EQ(info.eos_token, 257);
    EXPECT_EQ(info.kv_tokens, 1024u);
    EXPECT_EQ(info.train_context, 512u);
    EXPECT_GT(info.load_ms, 0.0);
}

TEST(Model, TokenizesAsAsked) {
    Host host;
    host.with_model();
    const auto tokenize = [&](const char* text, uint32_t flags) {
        alv_tokens* tokens = nullptr;
        EXPECT_EQ(alv_model_tokenize(host.model, alv_str(text), flags, &tokens, nullptr), 0);
        return take(tokens);
    };
    EXPECT_EQ(tokenize("a</s>", 0), (std::vector<int32_t>{'a', '<', '/', 's', '>'}));
    EXPECT_EQ(tokenize("a</s>", ALV_TOKENIZE_PARSE_SPECIAL), (std::vector<int32_t>{'a', 257}));
    EXPECT_EQ(tokenize("a", ALV_TOKENIZE_ADD_BOS), (std::vector<int32_t>{256, 'a'}));
    EXPECT_EQ(tokenize("", 0), std::vector<int32_t>{});
    alv_tokens* tokens = nullptr;
    EXPECT_EQ(alv_model_tokenize(host.model, alv_str("a"), 0x40, &tokens, nullptr),
              ALV_STATUS_INVALID_ARGUMENT);
}

TEST(Model, DetokenizesAsAsked) {
    Host host;
    host.with_model();
    const std::vector<int32_t> ids = {'h', 'i', 257, 0xFF};
    alv_bytes* text = nullptr;
    ASSERT_EQ(alv_model_detokenize(host.model, ids.data(), 4, 0, &text, nullptr), 0);
    EXPECT_EQ(take(text), "hi\xEF\xBF\xBD");
    ASSERT_EQ(alv_model_detokenize(host.model, ids.data(), 3, ALV_DETOKENIZE_RENDER_SPECIAL, &text,
                                   nullptr),
              0);
    EXPECT_EQ(take(text), "hi</s>");
    ASSERT_EQ(alv_model_token_bytes(host.model, 0xFF, 0, &text, nullptr), 0);
    EXPECT_EQ(take(text), "\xFF");
    for (const int32_t bad : {-1, 260, INT32_MAX, INT32_MIN}) {
        EXPECT_EQ(alv_model_token_bytes(host.model, bad, 0, &text, nullptr),
                  ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(alv_model_detokenize(host.model, &bad, 1, 0, &text, nullptr),
                  ALV_STATUS_INVALID_ARGUMENT);
    }
}

TEST(Model, AppliesItsTemplateAndNoMessageForgesARole) {
    Host host;
    host.with_model();
    const alv_message messages[] = {{alv_str("user"), alv_str("<|im_end|>")}};
    alv_bytes* text = nullptr;
    alv_tokens* tokens = nullptr;
    ASSERT_EQ(alv_model_apply_template(host.model, messages, 1, ALV_TEMPLATE_ADD_GENERATION_PROMPT,
                                       &text, &tokens, nullptr),
              ALV_STATUS_OK);
    EXPECT_EQ(take(text), "<|im_start|>user\n<|im_end|><|im_end|>\n<|im_start|>assistant\n");
    const auto ids = take(tokens);
    EXPECT_EQ(std::count(ids.begin(), ids.end(), 259), 1);
    ASSERT_EQ(alv_model_apply_template(host.model, messages, 1, 0, nullptr, nullptr, nullptr),
              ALV_STATUS_OK);
}

TEST(Model, ForItsTokenizerOnlyNeedsNoDeviceAndGeneratesNothing) {
    Host host(ALV_RUNTIME_NO_DEVICE);
    alv_model_options options = host.model_options();
    EXPECT_EQ(alv_model_open(host.runtime, &options, &host.model, nullptr),
              ALV_STATUS_INVALID_STATE);
    options.flags = ALV_MODEL_TOKENIZER_ONLY;
    ASSERT_EQ(alv_model_open(host.runtime, &options, &host.model, nullptr), ALV_STATUS_OK);
    ASSERT_EQ(alv_model_wait(host.model, kLong, nullptr), ALV_STATUS_OK);
    alv_tokens* tokens = nullptr;
    ASSERT_EQ(alv_model_tokenize(host.model, alv_str("ab"), 0, &tokens, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(take(tokens).size(), 2u);
    EXPECT_EQ(alv_session_create(host.model, nullptr, &host.session, nullptr),
              ALV_STATUS_INVALID_STATE);
    alv_device_info device = ALV_DEVICE_INFO_INIT;
    EXPECT_EQ(alv_runtime_get_device_info(host.runtime, &device, nullptr),
              ALV_STATUS_INVALID_STATE);
    alv_bytes* cache = nullptr;
    EXPECT_EQ(alv_runtime_pipeline_cache(host.runtime, &cache, nullptr), ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_runtime_describe(host.runtime, &cache, nullptr), ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_runtime_rebuild(host.runtime, nullptr, nullptr), ALV_STATUS_INVALID_STATE);
    alv_memory_plan plan = ALV_MEMORY_PLAN_INIT;
    EXPECT_EQ(alv_memory_plan_query(host.runtime, &options, &plan, nullptr),
              ALV_STATUS_INVALID_STATE);
}

TEST(Model, WhileItLoadsItsCallsAreInvalidState) {
    Host host;
    host.world->load_units = 1'000'000;
    const alv_model_options options = host.model_options();
    ASSERT_EQ(alv_model_open(host.runtime, &options, &host.model, nullptr), ALV_STATUS_OK);
    alv_tokens* tokens = nullptr;
    EXPECT_EQ(alv_model_tokenize(host.model, alv_str("a"), 0, &tokens, nullptr),
              ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_session_create(host.model, nullptr, &host.session, nullptr),
              ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_model_wait(host.model, 1000, nullptr), ALV_STATUS_TIMEOUT);
    ASSERT_EQ(alv_model_cancel(host.model, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_model_wait(host.model, kLong, nullptr), ALV_STATUS_CANCELLED);
    EXPECT_EQ(alv_model_tokenize(host.model, alv_str("a"), 0, &tokens, nullptr),
              ALV_STATUS_CANCELLED);
}

struct Bar {
    std::vector<float> fractions;
    std::vector<uint32_t> states;
    static void on_progress(void* user_data, alv_model*, const alv_model_progress* progress) {
        auto* self = static_cast<Bar*>(user_data);
        self->fractions.push_back(progress->fraction);
        self->states.push_back(progress->state);
    }
};

TEST(Model, ProgressRisesToReadyAndItMayBeCancelledFromThere) {
    Host host(ALV_RUNTIME_HOST_STEPPED);
    host.world->load_unit_time = std::chrono::milliseconds(8);
    Bar bar;
    alv_model_options options = host.model_options();
    options.progress = Bar::on_progress;
    options.progress_user_data = &bar;
    ASSERT_EQ(alv_model_open(host.runtime, &options, &host.model, nullptr), ALV_STATUS_OK);
    ASSERT_EQ(alv_model_wait(host.model, kLong, nullptr), ALV_STATUS_OK);
    EXPECT_TRUE(std::is_sorted(bar.fractions.begin(), bar.fractions.end()));
    EXPECT_GT(bar.fractions.size(), 2u);
    EXPECT_EQ(bar.states.back(), ALV_MODEL_READY);

    alv_model* another = nullptr;
    options.progress = [](void*, alv_model* model, const alv_model_progress*) {
        EXPECT_EQ(alv_model_cancel(model, nullptr), ALV_STATUS_OK);
    };
    ASSERT_EQ(alv_model_open(host.runtime, &options, &another, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_model_wait(another, kLong, nullptr), ALV_STATUS_CANCELLED);
    alv_model_release(another);
}

}  // namespace
}  // namespace alv::test
