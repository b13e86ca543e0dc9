// The real all-MiniLM-L6-v2 beside a generation of the real SmolLM2, on one device.
#include <gtest/gtest.h>

#include <cmath>

#include "local/harness.h"
#include "local/local_embedder.h"

namespace alv::local::test {
namespace {

std::shared_ptr<LocalModel> open(Runtime& runtime, const char* name) {
    auto file = open_mapped_file(std::string(ALV_TEST_MODEL_DIR "/") + name);
    EXPECT_TRUE(file.ok()) << file.status().message() << ": tests/run.sh makes it";
    if (!file.ok()) return nullptr;
    LoadSource source;
    source.reader = gguf::Reader::open(std::move(file).value()).value();
    source.kv_tokens = 512;
    const auto model = runtime.open_model(std::move(source), {}).value();
    const Status loaded = model->wait(Clock::time_point::max());
    EXPECT_TRUE(loaded.ok()) << loaded.message();
    return loaded.ok() ? model : nullptr;
}

double dot(const float* a, const float* b) {
    double sum = 0;
    for (size_t i = 0; i < 384; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

TEST(RealEmbedding, NeitherTheVectorsNorTheTokensDependOnEachOther) {
    RuntimeConfig config;
    config.host_stepped = true;
    config.log = std::make_shared<Log>();
    config.backend = make_backend();
    const auto runtime = Runtime::create(std::move(config)).value();
    const auto encoder = open(*runtime, "all-MiniLM-L6-v2.F16.gguf");
    const auto decoder = open(*runtime, "SmolLM2-135M-Instruct.Q4_1.gguf");
    ASSERT_TRUE(encoder && decoder);
    EXPECT_EQ(encoder->open(0, false).status().code(), Code::kUnsupported);
    const auto embedder = LocalEmbedder::create(encoder).value();
    EXPECT_EQ(embedder->dim(), 384u);
    EXPECT_EQ(embedder->max_tokens(), 256u);

    const std::vector<std::string> texts = {
        "Tell me about Transformer",
        "Transformer is a revolutionary architecture introduced in 2017.",
        "RAG is a technique combining retrieval and generation."};
    const auto alone = embedder->embed(texts);
    ASSERT_TRUE(alone.ok()) << alone.status().message();
    EXPECT_NEAR(dot(alone->data(), alone->data() + 384), 0.7338, 1e-3);
    EXPECT_NEAR(dot(alone->data(), alone->data() + 768), 0.1001, 1e-3);

    const auto heard = std::make_shared<Listener>();
    const auto conversation = decoder->open(256, false).value();
    ASSERT_TRUE(
        decoder->submit(Harness::request(conversation, "The capital of France is", 8), heard).ok());
    const auto beside = embedder->embed(texts);
    ASSERT_TRUE(beside.ok()) << beside.status().message();
    ASSERT_TRUE(runtime->drive([&] { return heard->over(); }, Clock::time_point::max()).ok());
    EXPECT_EQ(*beside, *alone);
    EXPECT_EQ(heard->tokens, (std::vector<TokenId>{7042, 30, 198, 198, 504, 2988, 314, 42}));
}

}  // namespace
}  // namespace alv::local::test
