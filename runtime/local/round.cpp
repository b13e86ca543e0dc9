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

Round::Round(std::vector<std::shared_ptr<Generation>> generations)
    : model_(generations.front()->shared_model()), rows_(std::move(generations)) {}

bool Round::has(const Generation& generation) const {
    return std::any_of(rows_.begin(), rows_.end(),
                       [&](const auto& row) { return row.get() == &generation; });
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
    requests.reserve(rows_.size());
    for (auto& row : rows_) {
        guard(*row, [&] { requests.push_back(row->next_request()); });
        if (row->over()) row.reset();
    }
    std::erase(rows_, nullptr);
    if (rows_.empty()) return false;
    Result<std::unique_ptr<model::Step>> step = model_->decoder->begin_batch(requests);
    if (!step.ok() && rows_.size() > 1) {
        // One of them is at fault, which shows when its turn comes to be first.
        rows_.resize(1);
        requests.resize(1);
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
    for (uint32_t i = 0; i < rows_.size(); ++i) {
        const std::shared_ptr<Generation> row = rows_[i];
        if (!row || !row->cancelled()) continue;
        step_->drop(i);
        rows_[i].reset();
        guard(*row, [&] { row->finish(engine::FinishReason::kCancelled); });
    }
    return std::any_of(rows_.begin(), rows_.end(), [](const auto& row) { return row != nullptr; });
}

void Round::take_results() {
    const Result<std::vector<model::StepResult>> results = step_->results();
    step_.reset();
    if (!results.ok()) return fail(results.status());
    for (size_t i = 0; i < rows_.size(); ++i) {
        if (rows_[i]) guard(*rows_[i], [&] { rows_[i]->take_result((*results)[i]); });
    }
}

void Round::fail(const Status& status) {
    step_.reset();
    lost_device_ = status.code() == Code::kDeviceLost;
    for (const auto& row : rows_) {
        if (row) row->fail(status);
    }
}

}  // namespace alv::local
