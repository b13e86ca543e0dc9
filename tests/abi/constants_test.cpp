// The numbers of the headers are those that the layers below use.
#include <alviss/alviss.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "base/status.h"
#include "engine/engine.h"
#include "gpu/caps.h"
#include "local/model_state.h"
#include "model/decoder.h"

namespace alv {
namespace {

template <typename T>
constexpr int64_t n(T value) {
    return static_cast<int64_t>(value);
}

static_assert(n(Code::kOk) == ALV_STATUS_OK);
static_assert(n(Code::kInvalidArgument) == ALV_STATUS_INVALID_ARGUMENT);
static_assert(n(Code::kNotFound) == ALV_STATUS_NOT_FOUND);
static_assert(n(Code::kUnsupported) == ALV_STATUS_UNSUPPORTED);
static_assert(n(Code::kOutOfHostMemory) == ALV_STATUS_OUT_OF_HOST_MEMORY);
static_assert(n(Code::kOutOfDeviceMemory) == ALV_STATUS_OUT_OF_DEVICE_MEMORY);
static_assert(n(Code::kDeviceLost) == ALV_STATUS_DEVICE_LOST);
static_assert(n(Code::kCancelled) == ALV_STATUS_CANCELLED);
static_assert(n(Code::kWouldBlock) == ALV_STATUS_WOULD_BLOCK);
static_assert(n(Code::kTimeout) == ALV_STATUS_TIMEOUT);
static_assert(n(Code::kCorruptFile) == ALV_STATUS_CORRUPT_FILE);
static_assert(n(Code::kCallbackFailed) == ALV_STATUS_CALLBACK_FAILED);
static_assert(n(Code::kLimitExceeded) == ALV_STATUS_LIMIT_EXCEEDED);
static_assert(n(Code::kInvalidState) == ALV_STATUS_INVALID_STATE);
static_assert(n(Code::kIoError) == ALV_STATUS_IO_ERROR);
static_assert(n(Code::kInternal) == ALV_STATUS_INTERNAL);

static_assert(n(engine::EventType::kPrompt) == ALV_EVENT_PROMPT);
static_assert(n(engine::EventType::kPrefill) == ALV_EVENT_PREFILL);
static_assert(n(engine::EventType::kToken) == ALV_EVENT_TOKEN);
static_assert(n(engine::EventType::kText) == ALV_EVENT_TEXT);
static_assert(n(engine::EventType::kDone) == ALV_EVENT_DONE);
static_assert(n(engine::EventType::kFailed) == ALV_EVENT_FAILED);

static_assert(n(engine::EventType::kToolCall) == ALV_EVENT_TOOL_CALL);
static_assert(n(engine::EventType::kToolResult) == ALV_EVENT_TOOL_RESULT);
static_assert(n(engine::EventType::kCitation) == ALV_EVENT_CITATION);
static_assert(n(engine::FinishReason::kFiltered) == ALV_FINISH_FILTERED);
static_assert(n(engine::ToolChoice::kAuto) == ALV_TOOL_CHOICE_AUTO);
static_assert(n(engine::ToolChoice::kNone) == ALV_TOOL_CHOICE_NONE);
static_assert(n(engine::ToolChoice::kRequired) == ALV_TOOL_CHOICE_REQUIRED);
static_assert(n(engine::ToolChoice::kNamed) == ALV_TOOL_CHOICE_NAMED);

static_assert(n(engine::FinishReason::kEndToken) == ALV_FINISH_END_TOKEN);
static_assert(n(engine::FinishReason::kStopString) == ALV_FINISH_STOP_STRING);
static_assert(n(engine::FinishReason::kMaxTokens) == ALV_FINISH_MAX_TOKENS);
static_assert(n(engine::FinishReason::kContextFull) == ALV_FINISH_CONTEXT_FULL);
static_assert(n(engine::FinishReason::kCancelled) == ALV_FINISH_CANCELLED);
static_assert(n(engine::FinishReason::kToolCalls) == ALV_FINISH_TOOL_CALLS);

static_assert(n(local::ModelPhase::kLoading) == ALV_MODEL_LOADING);
static_assert(n(local::ModelPhase::kReady) == ALV_MODEL_READY);
static_assert(n(local::ModelPhase::kFailed) == ALV_MODEL_FAILED);
static_assert(n(model::LoadStage::kTokenizer) == ALV_MODEL_STAGE_TOKENIZER);
static_assert(n(model::LoadStage::kPipelines) == ALV_MODEL_STAGE_PIPELINES);
static_assert(n(model::LoadStage::kWeights) == ALV_MODEL_STAGE_WEIGHTS);
static_assert(n(model::LoadStage::kWarmUp) == ALV_MODEL_STAGE_WARM_UP);

static_assert(n(gpu::DeviceType::kOther) == ALV_DEVICE_TYPE_OTHER);
static_assert(n(gpu::DeviceType::kIntegrated) == ALV_DEVICE_TYPE_INTEGRATED);
static_assert(n(gpu::DeviceType::kDiscrete) == ALV_DEVICE_TYPE_DISCRETE);
static_assert(n(gpu::DeviceType::kVirtual) == ALV_DEVICE_TYPE_VIRTUAL);
static_assert(n(gpu::DeviceType::kCpu) == ALV_DEVICE_TYPE_CPU);

static_assert(n(LogLevel::kError) == ALV_LOG_ERROR && n(LogLevel::kDebug) == ALV_LOG_DEBUG);
static_assert(model::kMaxTopLogprobs == ALV_GENERATION_MAX_TOP_LOGPROBS);
static_assert(model::kMaxPenaltyTokens == ALV_GENERATION_MAX_PENALTY_WINDOW);

TEST(Constants, EveryStatusHasAName) {
    for (int32_t code = 0; code <= ALV_STATUS_INTERNAL; code += 10) {
        EXPECT_STRNE(alv_status_name(code), "unknown") << code;
    }
    EXPECT_STREQ(alv_status_name(7), "unknown");
}

TEST(Constants, EveryFinishReasonHasAName) {
    for (uint32_t reason = 1; reason <= ALV_FINISH_FILTERED; ++reason) {
        EXPECT_STRNE(alv_finish_reason_name(reason), "unknown") << reason;
    }
    EXPECT_STREQ(alv_finish_reason_name(0), "unknown");
    EXPECT_STREQ(alv_finish_reason_name(77), "unknown");
}

TEST(Constants, TheVersionIsThatOfTheHeader) {
    const std::string version = std::to_string(ALV_VERSION_MAJOR) + "." +
                                std::to_string(ALV_VERSION_MINOR) + "." +
                                std::to_string(ALV_VERSION_PATCH);
    EXPECT_EQ(alv_version(), version);
    EXPECT_EQ(alv_abi_version(), ALV_ABI_VERSION);
}

}  // namespace
}  // namespace alv
