#include "local/round.h"

#include <algorithm>
#include <utility>

#include "local/failures.h"

namespace alv::local {
namespace {

uint64_t ns_until(Clock::time_point deadline) {
    const auto now = Clock::now();
    if (deadline <= now) return 0;
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - now).count());
}

}  // namespace

Round::Round(const std::vector<std::shared_ptr<Generation>>& generations)
    : model_(generations.front()->shared_model()) {
    parts_.reserve(generations.size());
    for (const auto& generation : generations) parts_.push_back({generation});
}

bool Round::has(const Generation& generation) const {
    return std::any_of(parts_.begin(), parts_.end(),
                       [&](const Part& part) { return part.generation.get() == &generation; });
}

bool Round::advance(Clock::time_point deadline) {
    if (!step_ && !begin()) return true;
    if (!slice_in_flight_) {
        if (const Status status = step_->submit_slice(); !status.ok()) {
            fail(status);
            return true;
        }
        slice_in_flight_ = true;
    }
    const Result<bool> done = step_->wait(ns_until(deadline));
    if (!done.ok()) {
        fail(done.status());
        return true;
    }
    if (!*done) return false;
    slice_in_flight_ = false;
    if (!let_go()) return true;
    if (!step_->all_submitted()) return false;
    take_results();
    return true;
}

// False if nobody is left to begin for.
bool Round::begin() {
    std::vector<model::StepRequest> requests;
    const bool alone = parts_.size() == 1;
    for (Part& part : parts_) {
        Generation& generation = *part.generation;
        part.first = static_cast<uint32_t>(requests.size());
        guard(generation, [&] { generation.add_requests(alone, requests); });
        part.count = static_cast<uint32_t>(requests.size()) - part.first;
        if (!generation.over()) continue;
        requests.resize(part.first);
        part.generation.reset();
    }
    std::erase_if(parts_, [](const Part& part) { return !part.generation; });
    if (parts_.empty()) return false;
    Result<std::unique_ptr<model::Step>> step = model_->decoder->begin_batch(requests);
    if (!step.ok() && requests.size() > 1) {
        // One of them is at fault, which shows when its turn comes to be first; or a guess is.
        parts_.resize(1);
        requests.clear();
        guard(*parts_[0].generation, [&] { parts_[0].generation->add_requests(false, requests); });
        parts_[0].count = static_cast<uint32_t>(requests.size());
        if (parts_[0].generation->over()) return false;
        step = model_->decoder->begin_batch(requests);
    }
    if (!step.ok()) {
        fail(step.status());
        return false;
    }
    step_ = std::move(step).value();
    return true;
}

// Lets those go that were cancelled; false if nobody is left.
bool Round::let_go() {
    bool anybody = false;
    for (Part& part : parts_) {
        if (part.generation && part.generation->cancelled()) {
            const std::shared_ptr<Generation> gone = std::move(part.generation);
            for (uint32_t i = 0; i < part.count; ++i) step_->drop(part.first + i);
            guard(*gone, [&] { gone->finish(engine::FinishReason::kCancelled); });
        }
        anybody = anybody || part.generation != nullptr;
    }
    return anybody;
}

void Round::take_results() {
    const Result<std::vector<model::StepResult>> results = step_->results();
    step_.reset();
    if (!results.ok()) return fail(results.status());
    for (const Part& part : parts_) {
        if (!part.generation) continue;
        guard(*part.generation, [&] {
            part.generation->take_results(std::span(*results).subspan(part.first, part.count));
        });
    }
}

void Round::fail(const Status& status) {
    step_.reset();
    lost_device_ = status.code() == Code::kDeviceLost;
    for (const Part& part : parts_) {
        if (part.generation) part.generation->fail(status);
    }
}

}  // namespace alv::local
