// The bert row on all-MiniLM-L6-v2: ids and embeddings of tests/goldens/minilm.json (made by a
// NumPy forward pass in float64), in one run and one by one, short blocks and long texts.
#include "model/encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace alv::model::test {
namespace {

using text::TokenId;

class MiniLm : public testing::Test {
  protected:
    static void SetUpTestSuite() { encoder = load({}); }
    static void TearDownTestSuite() {
        encoder.reset();
        model.reset();
    }
    void SetUp() override { ASSERT_NE(encoder, nullptr); }

    static std::unique_ptr<Encoder> load(const gpu::PlanOverrides& plan) {
        gpu::DeviceOptions options;
        options.plan = plan;
        auto device = gpu::Device::create(options, std::make_shared<Log>());
        auto file = open_mapped_file(ALV_TEST_MODEL_DIR "/all-MiniLM-L6-v2.F16.gguf");
        EXPECT_TRUE(file.ok()) << file.status().message() << " (tests/run.sh makes it)";
        if (!device.ok() || !file.ok()) return nullptr;
        auto reader = gguf::Reader::open(*file);
        auto loaded = Model::load(*device, *reader, {});
        EXPECT_TRUE(loaded.ok()) << loaded.status().message();
        if (!loaded.ok()) return nullptr;
        model = *loaded;
        auto made = Encoder::create(*loaded);
        EXPECT_TRUE(made.ok()) << made.status().message();
        return made.ok() ? std::move(*made) : nullptr;
    }
    static nlohmann::json goldens() {
        std::ifstream file(ALV_TEST_SOURCE_DIR "/goldens/minilm.json");
        return nlohmann::json::parse(file, nullptr, false);
    }
    static std::vector<TokenId> tokens_of(const std::string& text) {
        const text::Vocabulary& vocabulary = model->tokenizer().vocabulary();
        std::vector<TokenId> ids = {vocabulary.bos};
        const text::TextPart part{text, false};
        EXPECT_TRUE(model->tokenizer().encode({&part, 1}, ids).ok());
        ids.push_back(vocabulary.eos);
        return ids;
    }
    static std::vector<float> run(Encoder& with, const std::vector<std::vector<TokenId>>& texts) {
        auto step = with.begin(texts);
        EXPECT_TRUE(step.ok()) << step.status().message();
        if (!step.ok()) return {};
        while (!(*step)->all_submitted()) {
            EXPECT_TRUE((*step)->submit_slice().ok());
            EXPECT_TRUE((*step)->wait(UINT64_MAX).ok());
        }
        auto vectors = (*step)->result();
        EXPECT_TRUE(vectors.ok()) << vectors.status().message();
        return vectors.ok() ? *vectors : std::vector<float>();
    }
    static void expect_near(const float* got, const std::vector<float>& want, float tolerance) {
        float worst = 0;
        for (size_t i = 0; i < want.size(); ++i) {
            ASSERT_TRUE(std::isfinite(got[i]));
            worst = std::max(worst, std::abs(got[i] - want[i]));
        }
        EXPECT_LE(worst, tolerance);
    }

    inline static std::unique_ptr<Encoder> encoder;
    inline static std::shared_ptr<const Model> model;
};

TEST_F(MiniLm, IdsEmbeddingsAndRankingAreThoseOfTheGolden) {
    const auto golden = goldens();
    ASSERT_FALSE(golden.is_discarded());
    std::vector<std::vector<TokenId>> texts;
    std::vector<nlohmann::json> rows = golden["documents"];
    rows.push_back(golden["query"]);
    for (const auto& row : rows) {
        texts.push_back(tokens_of(row["text"]));
        EXPECT_EQ(texts.back(), row["ids"].get<std::vector<TokenId>>()) << row["text"];
    }
    const std::vector<float> vectors = run(*encoder, texts);
    ASSERT_EQ(vectors.size(), texts.size() * 384);
    for (size_t i = 0; i < rows.size(); ++i) {
        expect_near(&vectors[i * 384], rows[i]["embedding"].get<std::vector<float>>(), 1e-3f);
    }
    std::vector<std::pair<double, std::string>> ranking;
    const float* query = &vectors[(rows.size() - 1) * 384];
    for (size_t i = 0; i + 1 < rows.size(); ++i) {
        double score = 0;
        for (size_t d = 0; d < 384; ++d) {
            score += static_cast<double>(query[d]) * static_cast<double>(vectors[i * 384 + d]);
        }
        ranking.emplace_back(score, rows[i]["text"]);
    }
    std::sort(ranking.rbegin(), ranking.rend());
    for (size_t i = 0; i < ranking.size(); ++i) {
        EXPECT_NEAR(ranking[i].first, golden["ranking"][i][0].get<double>(), 1e-3);
        EXPECT_EQ(ranking[i].second, golden["ranking"][i][1]);
    }
}

TEST_F(MiniLm, ATextsVectorDoesNotDependOnItsCompany) {
    const std::vector<std::vector<TokenId>> texts = {
        tokens_of("A short one."),
        tokens_of(std::string(300, 'a') + " and many words more " +
                  "that make it reach over the end of a block of tokens"),
        tokens_of("The third, in the middle of everything."), tokens_of("")};
    const std::vector<float> together = run(*encoder, texts);
    ASSERT_EQ(together.size(), texts.size() * 384);
    for (size_t i = 0; i < texts.size(); ++i) {
        const std::vector<float> alone = run(*encoder, {texts[i]});
        expect_near(&together[i * 384], alone, 1e-6f);
    }
}

TEST_F(MiniLm, ALongTextOnEveryPlanIsTheSame) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "word" + std::to_string(i % 37) + " ";
    std::vector<TokenId> tokens = tokens_of(text);
    tokens.resize(encoder->max_text_tokens());
    ASSERT_EQ(tokens.size(), 256u);
    const std::vector<float> want = run(*encoder, {tokens});
    double length = 0;
    for (const float x : want) length += static_cast<double>(x) * static_cast<double>(x);
    EXPECT_NEAR(length, 1, 1e-5);
    gpu::PlanOverrides wide;
    wide.tier = "plain";
    wide.row_lanes = 32;
    wide.matmul_columns = 4;
    wide.prefill_tokens = 128;
    const std::unique_ptr<Encoder> other = load(wide);
    ASSERT_NE(other, nullptr);
    expect_near(run(*other, {tokens}).data(), want, 1e-5f);
}

TEST_F(MiniLm, WhatDoesNotFitIsRefused) {
    const std::vector<std::vector<TokenId>> none;
    EXPECT_EQ(encoder->begin(none).status().code(), Code::kInvalidArgument);
    const std::vector<std::vector<TokenId>> empty = {{}};
    EXPECT_EQ(encoder->begin(empty).status().code(), Code::kInvalidArgument);
    const std::vector<std::vector<TokenId>> strange = {{101, 40000, 102}};
    EXPECT_EQ(encoder->begin(strange).status().code(), Code::kInvalidArgument);
    const std::vector<std::vector<TokenId>> longer = {std::vector<TokenId>(257, 101)};
    EXPECT_EQ(encoder->begin(longer).status().code(), Code::kInvalidArgument);
    const std::vector<std::vector<TokenId>> many(65, std::vector<TokenId>(1, 101));
    EXPECT_EQ(encoder->begin(many).status().code(), Code::kInvalidArgument);
    const std::vector<std::vector<TokenId>> one = {{101, 102}};
    const auto first = encoder->begin(one);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(encoder->begin(one).status().code(), Code::kInvalidState);
}

}  // namespace
}  // namespace alv::model::test
