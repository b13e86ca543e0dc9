#include "engine/names.h"

namespace alv::engine {

std::string_view name(FinishReason reason) {
    switch (reason) {
        case FinishReason::kEndToken:
            return "end token";
        case FinishReason::kStopString:
            return "stop string";
        case FinishReason::kMaxTokens:
            return "max tokens";
        case FinishReason::kContextFull:
            return "context full";
        case FinishReason::kCancelled:
            return "cancelled";
        case FinishReason::kToolCalls:
            return "tool calls";
        case FinishReason::kFiltered:
            return "filtered";
        case FinishReason::kNone:
            break;
    }
    return "none";
}

}  // namespace alv::engine
