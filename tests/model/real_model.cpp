#include "model/real_model.h"

#include <algorithm>

#include "base/file.h"

namespace alv::model::test {

RealModel load_real_model(const std::string& file, const std::string& golden,
                          const gpu::PlanOverrides& overrides, uint32_t kv_tokens) {
    RealModel real{file, golden, nullptr, nullptr};
    gpu::DeviceOptions device_options;
    device_options.plan = overrides;
    auto device = gpu::Device::create(device_options, std::make_shared<Log>());
    EXPECT_TRUE(device.ok()) << device.status().message();
    auto mapped = open_mapped_file(std::string(ALV_TEST_MODEL_DIR) + "/" + file);
    EXPECT_TRUE(mapped.ok()) << mapped.status().message() << " (tests/run.sh fetches the models)";
    if (!device.ok() || !mapped.ok()) return real;
    auto reader = gguf::Reader::open(*mapped);
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    LoadOptions options;
    options.kv_tokens = kv_tokens;
    auto model = Model::load(*device, *reader, options);
    EXPECT_TRUE(model.ok()) << model.status().message();
    if (!model.ok()) return real;
    real.model = *model;
    auto decoder = Decoder::create(*model);
    EXPECT_TRUE(decoder.ok()) << decoder.status().message();
    if (decoder.ok()) real.decoder = std::move(*decoder);
    return real;
}

RealModel& smollm2() {
    static RealModel real = load_real_model("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2");
    return real;
}

RealModel& gemma3() {
    static RealModel real = load_real_model("gemma-3-270m-q4_k_m.gguf", "gemma3");
    return real;
}

Result<StepResult> feed(Decoder& decoder, Sequence& sequence, std::span<const TokenId> tokens,
                        uint32_t chunk, const SamplerParams& sampler, uint32_t n_top) {
    const size_t most = decoder.max_step_tokens();
    const size_t size = chunk == 0 ? most : std::min<size_t>(chunk, most);
    StepResult result;
    for (size_t at = 0; at < tokens.size(); at += size) {
        StepRequest request;
        request.sequence = &sequence;
        request.tokens = tokens.subspan(at, std::min(size, tokens.size() - at));
        request.sample = at + size >= tokens.size();
        request.sampler = sampler;
        request.n_top = request.sample ? n_top : 0;
        ALV_ASSIGN_OR_RETURN(const std::unique_ptr<Step> step, decoder.begin(request));
        while (!step->all_submitted()) {
            ALV_RETURN_IF_ERROR(step->submit_slice());
            ALV_RETURN_IF_ERROR(step->wait(UINT64_MAX).status());
        }
        ALV_ASSIGN_OR_RETURN(result, step->result());
    }
    return result;
}

std::vector<StepResult> generate(Decoder& decoder, std::span<const TokenId> prompt, uint32_t n,
                                 const SamplerParams& sampler, uint32_t chunk) {
    std::vector<StepResult> results;
    auto sequence = decoder.create_sequence(static_cast<uint32_t>(prompt.size()) + n);
    EXPECT_TRUE(sequence.ok()) << sequence.status().message();
    if (!sequence.ok()) return results;
    auto result = feed(decoder, **sequence, prompt, chunk, sampler);
    for (uint32_t i = 0; i < n; ++i) {
        EXPECT_TRUE(result.ok()) << result.status().message();
        if (!result.ok()) break;
        results.push_back(*result);
        if (i + 1 == n) break;
        const TokenId token = result->token;
        result = feed(decoder, **sequence, {&token, 1}, 1, sampler);
    }
    return results;
}

}  // namespace alv::model::test
