// The two real models, loaded once a process, with a decoder.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "model/decoder.h"

namespace alv::model::test {

struct RealModel {
    std::string file;    // in ALV_TEST_MODEL_DIR
    std::string golden;  // long_text.<golden>.json
    std::shared_ptr<const Model> model;
    std::unique_ptr<Decoder> decoder;
};

// Options that differ from the device's own plan make a device of their own.
RealModel load_real_model(const std::string& file, const std::string& golden,
                          const gpu::PlanOverrides& overrides = {}, uint32_t kv_tokens = 2048);

RealModel& smollm2();
RealModel& gemma3();
inline std::vector<RealModel*> real_models() {
    return {&smollm2(), &gemma3()};
}

// Appends tokens (in steps of `chunk`, 0: as large as they go) and draws what follows the last.
Result<StepResult> feed(Decoder& decoder, Sequence& sequence, std::span<const TokenId> tokens,
                        uint32_t chunk, const SamplerParams& sampler = {}, uint32_t n_top = 10);

// `n` greedy (or drawn) tokens after a prompt, each fed back.
std::vector<StepResult> generate(Decoder& decoder, std::span<const TokenId> prompt, uint32_t n,
                                 const SamplerParams& sampler = {}, uint32_t chunk = 0);

}  // namespace alv::model::test
