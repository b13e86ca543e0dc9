#include "ops/self_test_bed.h"

#include <algorithm>
#include <cmath>

#include "base/checked.h"

namespace alv::ops {

namespace {

constexpr uint64_t kBedBytes = uint64_t{512} << 10;  // the widest test takes 300 KiB
constexpr uint64_t kAlignment = 256;                 // of a buffer view

}  // namespace

std::vector<float> TestNumbers::floats(size_t n, float limit) {
    std::vector<float> values(n);
    for (float& value : values) value = in(-limit, limit);
    return values;
}

Result<std::unique_ptr<TestBed>> TestBed::create(gpu::Device& device) {
    ALV_ASSIGN_OR_RETURN(gpu::Buffer buffer,
                         device.create_buffer(gpu::Domain::kStep, kBedBytes, "self-test"));
    return std::unique_ptr<TestBed>(new TestBed(device, std::move(buffer)));
}

void TestBed::begin() {
    used_ = 0;
    expectations_.clear();
    status_ = ok_status();
    recorder_ = device_.record("self-test");
}

gpu::BufferView TestBed::room(size_t size_bytes) {
    const uint64_t offset = used_;
    if (size_bytes > kBedBytes - offset) {
        note(internal_error("a self-test takes more memory than there is for it"));
        return {};
    }
    used_ = std::min(kBedBytes, align_up(offset + size_bytes, kAlignment));
    return {buffer_, offset, size_bytes};
}

void TestBed::expect(const gpu::BufferView& view, std::vector<float> want, float tolerance) {
    expectations_.push_back({view, std::move(want), {}, false, tolerance});
}

void TestBed::expect(const gpu::BufferView& view, std::vector<uint32_t> want) {
    expectations_.push_back({view, {}, std::move(want), false, 0});
}

void TestBed::expect_halves(const gpu::BufferView& view, std::vector<float> want, float tolerance) {
    expectations_.push_back({view, std::move(want), {}, true, tolerance});
}

float TestBed::error_of(const Expectation& expected) const {
    const uint8_t* const got = at(expected.view);
    if (!expected.words.empty()) {
        const size_t size = expected.words.size() * sizeof(uint32_t);
        return std::memcmp(got, expected.words.data(), size) == 0 ? 0 : 1;
    }
    float largest = 1e-6f;
    float off = 0;
    for (size_t i = 0; i < expected.floats.size(); ++i) {
        float value = 0;
        if (expected.as_halves) {
            uint16_t bits = 0;
            std::memcpy(&bits, got + i * sizeof bits, sizeof bits);
            value = half_to_float(bits);
        } else {
            std::memcpy(&value, got + i * sizeof value, sizeof value);
        }
        if (!std::isfinite(value)) return kFar;
        off = std::max(off, std::abs(value - expected.floats[i]));
        largest = std::max(largest, std::abs(expected.floats[i]));
    }
    return std::min(kFar, off / largest);
}

Result<TestBed::Outcome> TestBed::finish() {
    ALV_RETURN_IF_ERROR(status_);
    ALV_ASSIGN_OR_RETURN(const std::unique_ptr<gpu::Program> program, recorder_->finish());
    ALV_ASSIGN_OR_RETURN(const uint64_t value, device_.submit(*program, 0, program->n_segments()));
    ALV_ASSIGN_OR_RETURN(const bool done, device_.wait(value, UINT64_MAX));
    if (!done) return internal_error("a self-test did not end");
    Outcome outcome;
    for (const Expectation& expected : expectations_) {
        const float error = error_of(expected);
        const bool passed = error <= expected.tolerance;
        // The worst one: a failure before a success, then the larger error.
        if (passed == outcome.passed ? error >= outcome.error : !passed) {
            outcome = {passed, error, expected.tolerance};
        }
    }
    return outcome;
}

}  // namespace alv::ops
