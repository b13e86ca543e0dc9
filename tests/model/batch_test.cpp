// Sequences that go on together in one step draw what each draws alone, to the last bit of its
// log-probabilities: whoever comes and goes beside them, masked, penalised or greedy.
#include <algorithm>

#include "model/real_model.h"

namespace alv::model::test {

namespace {

constexpr uint32_t kTop = 5;

struct Speaker {
    std::vector<TokenId> prompt;
    SamplerParams sampler;
    uint32_t n_tokens = 0;     // that it draws in batches
    uint32_t first_round = 0;  // when it comes
    std::vector<uint32_t> allowed;
    std::vector<StepResult> alone;
    std::vector<StepResult> together;
    std::unique_ptr<Sequence> sequence;

    StepRequest request(const std::vector<StepResult>& so_far) const {
        StepRequest request;
        request.sequence = sequence.get();
        request.tokens = {&so_far.back().token, 1};
        request.sample = true;
        request.sampler = sampler;
        request.penalty_tokens = prompt;
        request.n_top = kTop;
        request.allowed = allowed;
        return request;
    }
};

Result<std::vector<StepResult>> run(Decoder& decoder, std::span<const StepRequest> requests) {
    ALV_ASSIGN_OR_RETURN(const std::unique_ptr<Step> step, decoder.begin_batch(requests));
    while (!step->all_submitted()) {
        ALV_RETURN_IF_ERROR(step->submit_slice());
        ALV_RETURN_IF_ERROR(step->wait(UINT64_MAX).status());
    }
    return step->results();
}

// Speaker i of n: its own prompt, length, settings, and time.
Speaker speaker(const Decoder& decoder, uint32_t i) {
    Speaker out;
    for (uint32_t t = 0; t < 3 + i * 17 % 40; ++t) {
        out.prompt.push_back(static_cast<TokenId>(300 + (i * 131 + t * 37) % 20000));
    }
    if (i % 3 == 1) out.sampler = {0.8f, 40, 0.95f, 0.02f, 1.1f, 7 + i};
    if (i % 3 == 2) out.sampler = {0, 0, 0, 0, 1.2f, 0};
    if (i % 4 == 3) {
        out.allowed.assign((decoder.model().tokenizer().size() + 31) / 32, 0x13579bdfu << i % 5);
    }
    out.n_tokens = 4 + i * 5 % 7;
    out.first_round = i % 5;
    return out;
}

void start(Decoder& decoder, Speaker& speaker, std::vector<StepResult>& results) {
    auto sequence = decoder.create_sequence(200);
    ASSERT_TRUE(sequence.ok());
    speaker.sequence = std::move(sequence).value();
    const auto first = feed(decoder, *speaker.sequence, speaker.prompt, 0);
    ASSERT_TRUE(first.ok()) << first.status().message();
    results = {*first};
}

void expect_same(const Speaker& speaker, const std::string& what) {
    ASSERT_EQ(speaker.alone.size(), speaker.together.size()) << what;
    for (size_t i = 0; i < speaker.alone.size(); ++i) {
        const StepResult& a = speaker.alone[i];
        const StepResult& b = speaker.together[i];
        ASSERT_EQ(a.token, b.token) << what << ", draw " << i;
        ASSERT_EQ(a.logprob, b.logprob) << what << ", draw " << i;
        ASSERT_EQ(a.top, b.top) << what << ", draw " << i;
    }
}

void talk(Decoder& decoder, uint32_t n_speakers) {
    std::vector<Speaker> speakers;
    for (uint32_t i = 0; i < n_speakers; ++i) speakers.push_back(speaker(decoder, i));
    for (Speaker& one : speakers) {
        start(decoder, one, one.alone);
        for (uint32_t t = 0; t < one.n_tokens; ++t) {
            const StepRequest request = one.request(one.alone);
            const auto results = run(decoder, {&request, 1});
            ASSERT_TRUE(results.ok()) << results.status().message();
            one.alone.push_back(results->front());
        }
        one.sequence.reset();
    }
    uint32_t largest = 0;
    for (uint32_t round = 0; round < 40; ++round) {
        std::vector<Speaker*> talking;
        std::vector<StepRequest> requests;
        for (Speaker& one : speakers) {
            if (round == one.first_round) start(decoder, one, one.together);
            if (round < one.first_round || one.together.size() > one.n_tokens) continue;
            talking.push_back(&one);
            requests.push_back(one.request(one.together));
        }
        if (talking.empty()) break;
        largest = std::max(largest, static_cast<uint32_t>(talking.size()));
        const auto results = run(decoder, requests);
        ASSERT_TRUE(results.ok()) << results.status().message();
        for (size_t i = 0; i < talking.size(); ++i) {
            talking[i]->together.push_back((*results)[i]);
        }
    }
    EXPECT_GT(largest, n_speakers / 2);
    for (size_t i = 0; i < speakers.size(); ++i) {
        expect_same(speakers[i],
                    std::to_string(n_speakers) + " speakers, speaker " + std::to_string(i));
    }
}

}  // namespace

TEST(Batch, EachDrawsWhatItDrawsAlone) {
    talk(*smollm2().decoder, 5);
    talk(*smollm2().decoder, 32);
    talk(*gemma3().decoder, 11);
}

// Other kernels: rope and attention of their own.
TEST(Batch, EachDrawsWhatItDrawsAloneWithoutSubgroups) {
    gpu::PlanOverrides plain;
    plain.tier = "plain";
    const RealModel real =
        load_real_model("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2", plain, 2048);
    ASSERT_NE(real.decoder, nullptr);
    talk(*real.decoder, 9);
}

TEST(Batch, WhoLeavesHalfWayLeavesTheOthersAlone) {
    Decoder& decoder = *smollm2().decoder;
    std::vector<Speaker> speakers;
    for (uint32_t i = 0; i < 3; ++i) speakers.push_back(speaker(decoder, i));
    for (Speaker& one : speakers) start(decoder, one, one.alone);
    std::vector<StepRequest> requests;
    for (Speaker& one : speakers) requests.push_back(one.request(one.alone));
    const auto all = run(decoder, requests);
    ASSERT_TRUE(all.ok());
    for (Speaker& one : speakers) {
        one.sequence->truncate(static_cast<uint32_t>(one.prompt.size()));
    }
    auto step = decoder.begin_batch(requests);
    ASSERT_TRUE(step.ok());
    ASSERT_TRUE((*step)->submit_slice().ok());
    (*step)->drop(1);
    speakers[1].sequence.reset();
    while (!(*step)->all_submitted()) {
        ASSERT_TRUE((*step)->submit_slice().ok());
        ASSERT_TRUE((*step)->wait(UINT64_MAX).ok());
    }
    const auto rest = (*step)->results();
    ASSERT_TRUE(rest.ok());
    for (const size_t i : {size_t{0}, size_t{2}}) {
        EXPECT_EQ((*rest)[i].token, (*all)[i].token);
        EXPECT_EQ((*rest)[i].top, (*all)[i].top);
        EXPECT_EQ(speakers[i].sequence->length(), speakers[i].prompt.size() + 1);
    }
}

TEST(Batch, WhatCannotBeOneStepIsRefused) {
    Decoder& decoder = *smollm2().decoder;
    std::vector<Speaker> speakers;
    for (uint32_t i = 0; i < 2; ++i) speakers.push_back(speaker(decoder, i));
    for (Speaker& one : speakers) start(decoder, one, one.alone);
    std::vector<StepRequest> requests;
    for (Speaker& one : speakers) requests.push_back(one.request(one.alone));
    const auto code = [&] { return decoder.begin_batch(requests).status().code(); };
    requests[1].tokens = speakers[1].prompt;
    EXPECT_EQ(code(), Code::kInvalidArgument);
    requests[1] = requests[0];
    EXPECT_EQ(code(), Code::kInvalidArgument);
    requests.assign(decoder.max_batch() + 1, requests[0]);
    EXPECT_EQ(code(), Code::kInvalidArgument);
    requests.clear();
    EXPECT_EQ(code(), Code::kInvalidArgument);
}

}  // namespace alv::model::test
