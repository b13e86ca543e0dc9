// One scenario after another with an allocation failing, each time a later one. Each time: the call
// that failed says "out of host memory" (or needed it not so much, and goes on), nobody ends the
// process, nobody waits for ever, the same call made again works, the result is that of a run
// without a failure, and nothing leaks.
#pragma once

#include <alviss/alviss.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "abi/host.h"
#include "oom/allocations.h"

namespace alv::test {

inline constexpr uint64_t kPatience = 20'000'000;  // microseconds; who waits longer waits for ever

// Makes one call after the other. One that fails must have met the failing allocation; it is made
// again with all the memory there is.
class Scenario {
  public:
    virtual ~Scenario() { alv_error_release(error_); }
    virtual void run() = 0;
    std::string result;
    std::string problem;

  protected:
    template <typename Call>
    bool step(const char* name, Call&& call) {
        for (int round = 0;; ++round) {
            const alv_status status = call();
            if (status == ALV_STATUS_OK) return true;
            const bool met = n_failed() != 0;
            fail_no_allocation();
            const Spared spared;
            if (met && round == 0 && status == ALV_STATUS_OUT_OF_HOST_MEMORY) continue;
            problem = std::string(name) + " gave " + std::to_string(status) + " in round " +
                      std::to_string(round) + ": " + text_of(alv_error_message(error_));
            return false;
        }
    }
    alv_error** out() {
        alv_error_release(std::exchange(error_, nullptr));
        return &error_;
    }
    // Reads a reply to its end; what it says is added to `text`.
    alv_status read(alv_generation* generation, std::string& text) {
        {
            const Spared spared;
            text.clear();
        }
        for (;;) {
            const alv_event* event = nullptr;
            const alv_status status = alv_generation_wait(generation, kPatience, &event, out());
            if (status == ALV_STATUS_OUT_OF_HOST_MEMORY) {
                fail_no_allocation();  // the wait failed, not the reply: it goes on
                continue;
            }
            if (status != ALV_STATUS_OK) return status;
            const Spared spared;
            if (event->type == ALV_EVENT_TOKEN) text += std::to_string(event->token) + " ";
            if (event->type == ALV_EVENT_TEXT) text += text_of(event->text);
            if (event->type == ALV_EVENT_DONE) return ALV_STATUS_OK;
            if (event->type == ALV_EVENT_FAILED) {
                alv_error_release(std::exchange(error_, nullptr));
                return alv_error_code(event->error);
            }
        }
    }

    alv_error* error_ = nullptr;
};

using MakeScenario = std::function<std::unique_ptr<Scenario>()>;

// Every `step`-th allocation fails, alone, with the two that follow it, and with the 999 that do.
// ALVISS_OOM_STEP overrides the step (tests/run.sh --long: 1).
void fail_each(const MakeScenario& make, uint64_t step);

}  // namespace alv::test
