// Arenas, budgets, transfers.
#include "gpu/memory.h"

#include <random>

#include "gpu/gpu_test.h"

namespace alv::gpu {
namespace {

constexpr uint64_t kMib = 1024 * 1024;

TEST(FreeListTest, GivesTheTightestRangeAndMergesNeighbours) {
    FreeList list(1024);
    EXPECT_EQ(list.take(256), 0U);
    EXPECT_EQ(list.take(128), 256U);
    EXPECT_EQ(list.take(256), 384U);
    list.give(256, 128);
    EXPECT_EQ(list.take(128), 256U) << "the hole fits better than the rest";
    list.give(0, 256);
    list.give(384, 256);
    EXPECT_EQ(list.take(1024), std::nullopt);
    list.give(256, 128);
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.take(1024), 0U) << "all neighbours merged";
}

TEST(FreeListTest, RandomUseNeverOverlapsAndEndsWhole) {
    std::mt19937 random(7);
    constexpr uint64_t kSize = 1 << 16;
    FreeList list(kSize);
    std::vector<bool> taken(kSize / 256);
    std::vector<std::pair<uint64_t, uint64_t>> live;
    for (int i = 0; i < 5000; ++i) {
        if (live.empty() || random() % 2 == 0) {
            const uint64_t size = 256 * (1 + random() % 16);
            const auto offset = list.take(size);
            if (!offset) continue;
            for (uint64_t at = *offset; at < *offset + size; at += 256) {
                ASSERT_FALSE(taken[at / 256]);
                taken[at / 256] = true;
            }
            live.emplace_back(*offset, size);
        } else {
            const size_t which = random() % live.size();
            const auto [offset, size] = live[which];
            list.give(offset, size);
            for (uint64_t at = offset; at < offset + size; at += 256) taken[at / 256] = false;
            live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
        }
    }
    for (const auto& [offset, size] : live) list.give(offset, size);
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.take(kSize), 0U);
}

TEST(BudgetTest, UsageBeyondTheBudgetDoesNotWrap) {
    EXPECT_EQ(budget_left(100, 40), 60U);
    EXPECT_EQ(budget_left(100, 100), 0U);
    EXPECT_EQ(budget_left(100, 101), 0U);
    EXPECT_EQ(budget_left(0, UINT64_MAX), 0U);
}

class MemoryTest : public testing::Test {
  protected:
    void SetUp() override {
        device_ = open_device();
        ASSERT_NE(device_, nullptr);
    }
    uint64_t allocated() const {
        uint64_t sum = 0;
        for (const uint64_t bytes : device_->memory_use().allocated_bytes) sum += bytes;
        return sum;
    }
    std::shared_ptr<Device> device_;
};

TEST_F(MemoryTest, EverythingIsGivenBack) {
    EXPECT_EQ(allocated(), 0U);
    {
        std::vector<BufferView> views;
        for (int i = 0; i < 100; ++i) {
            views.push_back(make_buffer(*device_, static_cast<Domain>(i % kDomainCount), 1000 + i));
        }
        const MemoryUse use = device_->memory_use();
        for (uint32_t d = 0; d < kDomainCount; ++d) {
            EXPECT_GT(use.used_bytes[d], 0U) << d;
            EXPECT_GE(use.allocated_bytes[d], use.used_bytes[d]) << d;
        }
        EXPECT_LT(allocated(), 40 * kMib);
    }
    EXPECT_EQ(allocated(), 0U);
    EXPECT_EQ(device_->memory_use().used_bytes[0], 0U);
}

TEST_F(MemoryTest, FewBlocksForManyAndExactOnesForLarge) {
    const BufferView large = make_buffer(*device_, Domain::kWeights, 40 * kMib / 4);
    EXPECT_EQ(allocated(), 40 * kMib);
    const BufferView small = make_buffer(*device_, Domain::kWeights, 1000);
    const uint64_t with_small = allocated();
    std::vector<BufferView> more;
    for (int i = 0; i < 50; ++i) more.push_back(make_buffer(*device_, Domain::kWeights, 1000));
    EXPECT_EQ(allocated(), with_small) << "they share a block";
}

TEST_F(MemoryTest, BuffersDoNotOverlap) {
    std::vector<BufferView> views;
    for (uint32_t i = 0; i < 40; ++i) {
        views.push_back(make_buffer(*device_, Domain::kScratch, 100 + 37 * i));
        ASSERT_TRUE(
            write_words(*device_, views.back(), std::vector<uint32_t>(100 + 37 * i, i)).ok());
    }
    for (uint32_t i = 0; i < 40; ++i) {
        EXPECT_EQ(read_words(*device_, views[i]), std::vector<uint32_t>(100 + 37 * i, i));
    }
}

TEST_F(MemoryTest, MappedDomainsAreMapped) {
    for (const Domain domain : {Domain::kStep, Domain::kReadback, Domain::kStaging}) {
        EXPECT_NE(make_buffer(*device_, domain, 64).buffer.mapped(), nullptr);
    }
}

TEST_F(MemoryTest, MoreThanThereIsNamesWhatWasAskedAndWhatIsThere) {
    const uint64_t heap = device_->memory_use().heap_bytes;
    const uint64_t piece =
        std::min<uint64_t>(device_->caps().max_allocation_bytes, heap) / 256 * 256;
    std::vector<Buffer> kept;
    Status status;
    // Pages of a CPU driver are not touched, so that this takes address space only.
    for (int i = 0; i < 10000 && status.ok(); ++i) {
        auto buffer = device_->create_buffer(Domain::kWeights, piece, "blk.0.ffn_up.weight");
        status = buffer.status();
        if (buffer.ok()) kept.push_back(*buffer);
    }
    ASSERT_EQ(status.code(), Code::kOutOfDeviceMemory) << status.message();
    EXPECT_NE(status.message().find("blk.0.ffn_up.weight (weights): "), std::string::npos);
    EXPECT_NE(status.message().find("asked, "), std::string::npos) << status.message();
    EXPECT_NE(status.message().find("available of "), std::string::npos) << status.message();
    kept.clear();
    EXPECT_EQ(allocated(), 0U);
    EXPECT_TRUE(device_->create_buffer(Domain::kWeights, kMib, "again").ok());
}

TEST_F(MemoryTest, NothingIsTakenBeyondWhatIsExpected) {
    constexpr uint64_t kPiece = 3 * kMib;
    constexpr uint64_t kPieces = 30;
    device_->expect(Domain::kWeights, kPieces * kPiece);
    std::vector<Buffer> kept;
    for (uint64_t i = 0; i < kPieces; ++i) {
        auto buffer = device_->create_buffer(Domain::kWeights, kPiece, "piece");
        ASSERT_TRUE(buffer.ok()) << buffer.status().message();
        kept.push_back(*buffer);
    }
    EXPECT_EQ(allocated(), kPieces * kPiece);
    auto more = device_->create_buffer(Domain::kWeights, kPiece, "unexpected");
    EXPECT_TRUE(more.ok());
}

TEST_F(MemoryTest, ImpossibleSizesAreRefused) {
    EXPECT_EQ(device_->create_buffer(Domain::kKv, 0, "none").status().code(),
              Code::kInvalidArgument);
    for (const uint64_t size : {UINT64_MAX, UINT64_MAX - 255, uint64_t{1} << 62}) {
        EXPECT_EQ(device_->create_buffer(Domain::kKv, size, "huge").status().code(),
                  Code::kLimitExceeded);
    }
    EXPECT_EQ(allocated(), 0U);
}

// Both ways: straight into mapped memory, and by copies from staging.
class TransferTest : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        DeviceOptions options = test_options();
        options.force_staging = GetParam();
        device_ = open_device(options);
        ASSERT_NE(device_, nullptr);
    }
    std::shared_ptr<Device> device_;
};
INSTANTIATE_TEST_SUITE_P(Ways, TransferTest, testing::Bool(),
                         [](const auto& way) { return way.param ? "Staged" : "Mapped"; });

TEST_P(TransferTest, LargeUploadsComeInPiecesAndArriveWhole) {
    const uint64_t n_words = 11 * kMib;  // 44 MiB: several rounds through both halves
    const BufferView view = make_buffer(*device_, Domain::kWeights, n_words);
    uint64_t expected_offset = 0;
    const Status status = device_->upload(view, [&](uint64_t offset, std::span<uint8_t> to) {
        EXPECT_EQ(offset, expected_offset);
        EXPECT_LE(to.size(), GetParam() ? 16 * kMib : 64 * kMib);
        expected_offset += to.size();
        for (uint64_t i = 0; i < to.size() / 4; ++i) {
            const auto word = static_cast<uint32_t>(offset / 4 + i) * 2654435761U;
            std::memcpy(to.data() + i * 4, &word, 4);
        }
        return ok_status();
    });
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(expected_offset, n_words * 4);
    const auto words = read_words(*device_, view);
    for (uint64_t i = 0; i < n_words; ++i) {
        ASSERT_EQ(words[i], static_cast<uint32_t>(i) * 2654435761U) << i;
    }
}

TEST_P(TransferTest, AFailingFillStopsAndLeavesTheDeviceUsable) {
    const BufferView view = make_buffer(*device_, Domain::kWeights, 8 * kMib);
    int calls = 0;
    const Status status = device_->upload(view, [&](uint64_t, std::span<uint8_t>) {
        return ++calls == (GetParam() ? 3 : 1) ? io_error("short read") : ok_status();
    });
    EXPECT_EQ(status.code(), Code::kIoError);
    ASSERT_TRUE(write_words(*device_, BufferView(view.buffer, 0, 4), {5}).ok());
    EXPECT_EQ(read_words(*device_, BufferView(view.buffer, 0, 4))[0], 5U);
}

TEST_P(TransferTest, PartsOfBuffers) {
    const BufferView view = make_buffer(*device_, Domain::kScratch, 1024);
    ASSERT_TRUE(write_words(*device_, view, std::vector<uint32_t>(1024, 1)).ok());
    ASSERT_TRUE(write_words(*device_, BufferView(view.buffer, 256, 8), {7, 8}).ok());
    const auto words = read_words(*device_, view);
    EXPECT_EQ(words[63], 1U);
    EXPECT_EQ(words[64], 7U);
    EXPECT_EQ(words[65], 8U);
    EXPECT_EQ(words[66], 1U);
}

TEST_P(TransferTest, OutsideOfABufferIsRefused) {
    const BufferView view = make_buffer(*device_, Domain::kScratch, 64);
    std::vector<uint8_t> bytes(512);
    const auto fill = [](uint64_t, std::span<uint8_t>) { return ok_status(); };
    EXPECT_FALSE(device_->upload(BufferView(view.buffer, 0, 512), fill).ok());
    EXPECT_FALSE(device_->upload(BufferView(view.buffer, 512, 1), fill).ok());
    EXPECT_FALSE(device_->upload(BufferView(), fill).ok());
    EXPECT_FALSE(device_->download(BufferView(view.buffer, 0, 512), bytes).ok());
    EXPECT_FALSE(device_->download(view, bytes).ok()) << "256 bytes into 512";
}

}  // namespace
}  // namespace alv::gpu
