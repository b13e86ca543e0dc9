// What the op tests share: devices of every tier, buffers from vectors, one recorded run.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gpu/device.h"
#include "ops/weight.h"
#include "shared.h"

namespace alv::ops::test {

// A device for each combination of plan values that kernels are specialized by.
struct Tier {
    std::string name;
    std::shared_ptr<gpu::Device> device;
};
const std::vector<Tier>& all_tiers();
// One tier for each pair of row_lanes and reduce_lanes: all that the other kernels depend on.
const std::vector<Tier>& lane_tiers();

template <typename T>
gpu::Buffer make_buffer(gpu::Device& device, const std::vector<T>& values) {
    auto buffer = device.create_buffer(gpu::Domain::kScratch, values.size() * sizeof(T), "test");
    EXPECT_TRUE(buffer.ok()) << buffer.status().message();
    const Status status =
        device.upload(*buffer, [&](uint64_t at, std::span<uint8_t> out) -> Status {
            std::memcpy(out.data(), reinterpret_cast<const uint8_t*>(values.data()) + at,
                        out.size());
            return ok_status();
        });
    EXPECT_TRUE(status.ok()) << status.message();
    return *buffer;
}

template <typename T>
std::vector<T> read_buffer(gpu::Device& device, const gpu::BufferView& view) {
    std::vector<T> values(view.size_bytes / sizeof(T));
    const Status status = device.download(
        view, {reinterpret_cast<uint8_t*>(values.data()), values.size() * sizeof(T)});
    EXPECT_TRUE(status.ok()) << status.message();
    return values;
}

// Runs what `record` records.
template <typename Record>
void run(gpu::Device& device, const Record& record) {
    const auto recorder = device.record("test");
    const Status status = record(*recorder);
    ASSERT_TRUE(status.ok()) << status.message();
    auto program = recorder->finish();
    ASSERT_TRUE(program.ok()) << program.status().message();
    const auto value = device.submit(**program, 0, (*program)->n_segments());
    ASSERT_TRUE(value.ok()) << value.status().message();
    const auto done = device.wait(*value, UINT64_MAX);
    ASSERT_TRUE(done.ok() && *done);
}

// One sequence.
gpu::Buffer make_step(gpu::Device& device, shared::Step step);

std::vector<float> random_floats(size_t n, uint32_t seed, float scale = 1.0f);

// Random blocks of `type` for (n_rows, k): finite, of a size that keeps products near 1.
std::vector<uint8_t> random_blocks(DType type, uint64_t n_rows, uint64_t k, uint32_t seed);

// (n_rows, k) f32 of those blocks.
std::vector<float> dequantized(DType type, const std::vector<uint8_t>& blocks, uint64_t n_rows,
                               uint64_t k);

// Repacks rows into chunks of at most `rows_each` output rows. With `up` the weight is gated.
Weight make_weight(gpu::Device& device, DType type, const std::vector<uint8_t>& blocks,
                   uint32_t n_rows, uint32_t k, uint32_t rows_each,
                   const std::vector<uint8_t>* up = nullptr);

inline const std::vector<DType> kWeightTypes = {
    DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kQ4_K,
    DType::kQ5_K, DType::kQ6_K, DType::kF16,  DType::kBF16, DType::kF32};

// Compares with a tolerance relative to the largest expected value.
void expect_close(const std::vector<float>& got, const std::vector<float>& want, float tolerance,
                  const std::string& what);

}  // namespace alv::ops::test
