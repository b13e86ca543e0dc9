// Where a self-test puts its input, and what it expects back.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "gpu/device.h"
#include "ops/weight.h"
#include "shared.h"

namespace alv::ops {

// The same numbers on every run and machine.
class TestNumbers {
  public:
    explicit TestNumbers(uint64_t seed) : state_(seed) {}
    uint32_t bits() {
        state_ = state_ * 6364136223846793005 + 1442695040888963407;
        return static_cast<uint32_t>(state_ >> 33);
    }
    float in(float low, float high) {
        return low + (high - low) * static_cast<float>(bits() & 0xffffff) / 16777216.0f;
    }
    std::vector<float> floats(size_t n, float limit = 1.0f);

  private:
    uint64_t state_;
};

// One test at a time. What it puts and records is run by finish(). Errors are kept until then, so
// that tests read as straight code.
class TestBed {
  public:
    static Result<std::unique_ptr<TestBed>> create(gpu::Device& device);

    gpu::Device& device() { return device_; }
    gpu::Recorder& recorder() { return *recorder_; }

    void begin();
    template <typename T>
    gpu::BufferView put(const std::vector<T>& values) {
        const gpu::BufferView view = room(values.size() * sizeof(T));
        if (!values.empty() && view.buffer) {
            std::memcpy(at(view), values.data(), values.size() * sizeof(T));
        }
        return view;
    }
    // Of one sequence, which has all tokens.
    gpu::BufferView step(shared::Step step) {
        step.n_own = step.n_tokens;
        return put(std::vector<shared::Step>{step});
    }
    // Memory that is read by nobody before it is written: filled with kUnwritten.
    gpu::BufferView floats(size_t n) { return put(std::vector<float>(n, kUnwritten)); }

    // `want` of the floats at `view`, each within `tolerance` of the largest of them.
    void expect(const gpu::BufferView& view, std::vector<float> want, float tolerance);
    // Bit for bit.
    void expect(const gpu::BufferView& view, std::vector<uint32_t> want);
    // Pairs of halves.
    void expect_halves(const gpu::BufferView& view, std::vector<float> want, float tolerance);
    // A first error of recording.
    void note(Status status) {
        if (status_.ok()) status_ = std::move(status);
    }

    struct Outcome {
        bool passed = true;
        float error = 0;  // of the worst expectation, as a part of the largest value expected
        float tolerance = 0;
    };
    // Errors are those of running it; a wrong answer is an outcome.
    Result<Outcome> finish();

    static constexpr float kUnwritten = -777.0f;
    static constexpr float kFar = 1e30f;  // the error of what is no number

  private:
    struct Expectation {
        gpu::BufferView view;
        std::vector<float> floats;
        std::vector<uint32_t> words;
        bool as_halves = false;
        float tolerance = 0;
    };

    TestBed(gpu::Device& device, gpu::Buffer buffer)
        : device_(device), buffer_(std::move(buffer)) {}
    gpu::BufferView room(size_t size_bytes);
    uint8_t* at(const gpu::BufferView& view) const { return buffer_.mapped() + view.offset; }
    float error_of(const Expectation& expected) const;

    gpu::Device& device_;
    gpu::Buffer buffer_;
    uint64_t used_ = 0;
    std::unique_ptr<gpu::Recorder> recorder_;
    std::vector<Expectation> expectations_;
    Status status_;
};

using SelfTest = void (*)(const gpu::KernelKey& key, TestBed& bed);

void test_matmul(const gpu::KernelKey& key, TestBed& bed);
void test_embed(const gpu::KernelKey& key, TestBed& bed);
void test_rope(const gpu::KernelKey& key, TestBed& bed);
void test_attention(const gpu::KernelKey& key, TestBed& bed);
void test_attention_step(const gpu::KernelKey& key, TestBed& bed);
void test_attention_full(const gpu::KernelKey& key, TestBed& bed);
void test_norm_add(const gpu::KernelKey& key, TestBed& bed);
void test_glu(const gpu::KernelKey& key, TestBed& bed);
void test_bias(const gpu::KernelKey& key, TestBed& bed);
void test_layer_norm(const gpu::KernelKey& key, TestBed& bed);
void test_pool(const gpu::KernelKey& key, TestBed& bed);
void test_sample(const gpu::KernelKey& key, TestBed& bed);
void test_logprobs(const gpu::KernelKey& key, TestBed& bed);

}  // namespace alv::ops
