// What the scheduler does with what fails, so that one request's failure harms no other.
#pragma once

#include <new>

#include "base/status.h"
#include "local/model_state.h"

namespace alv::local {

inline constexpr const char* kLost =
    "the device was lost: call alv_runtime_rebuild, then generate again; the session's messages "
    "are still there";
inline constexpr const char* kLostEmbedding =
    "the device was lost: call alv_runtime_rebuild, then embed again";

// Templates, because a std::function may take memory itself.
// A load that there is no memory for has failed: nobody may wait for it.
template <typename Work>
void or_fail(ModelState& model, const Work& work) {
    try {
        work();
    } catch (const std::bad_alloc&) {
        if (model.load || model.progress().phase != ModelPhase::kLoading) throw;
        model.finish_load(out_of_host_memory());
    }
}

// Nothing that happens to one request harms the others.
template <typename Request, typename Work>
void guard(Request& request, const Work& work) {
    try {
        work();
    } catch (const std::bad_alloc&) {
        request.fail(out_of_host_memory());
    } catch (...) {
        request.fail(internal_error("an exception"));
    }
}

}  // namespace alv::local
