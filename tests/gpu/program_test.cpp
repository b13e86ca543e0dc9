// Recording, barriers, replay, segments, waiting.
#include <numeric>

#include "gpu/gpu_test.h"

namespace alv::gpu {
namespace {

constexpr uint32_t kWords = 256;
constexpr uint32_t kGroups = kWords / 64;

class ProgramTest : public testing::Test {
  protected:
    void SetUp() override {
        device_ = open_device();
        ASSERT_NE(device_, nullptr);
        add_one_ = get_kernel(*device_, "add_one");
        scale_ = get_kernel(*device_, "scale");
        ASSERT_NE(add_one_, nullptr);
        ASSERT_NE(scale_, nullptr);
    }
    BufferView zeros(Domain domain = Domain::kScratch) {
        BufferView view = make_buffer(*device_, domain, kWords);
        EXPECT_TRUE(write_words(*device_, view, std::vector<uint32_t>(kWords, 0)).ok());
        return view;
    }
    std::unique_ptr<Program> finish(Recorder& recorder) {
        auto program = recorder.finish();
        EXPECT_TRUE(program.ok()) << program.status().message();
        return program.ok() ? std::move(*program) : nullptr;
    }

    std::shared_ptr<Device> device_;
    const Kernel* add_one_ = nullptr;
    const Kernel* scale_ = nullptr;
};

TEST_F(ProgramTest, ReadModifyWriteChainsGetABarrierEach) {
    const BufferView data = zeros();
    const auto recorder = device_->record("chain");
    for (int i = 0; i < 10; ++i) recorder->dispatch(add_one_, {data}, 0U, kGroups);
    const auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    EXPECT_EQ(program->n_dispatches(), 10U);
    EXPECT_EQ(program->n_barriers(), 9U);
    ASSERT_TRUE(run(*device_, *program).ok());
    EXPECT_EQ(read_words(*device_, data), std::vector<uint32_t>(kWords, 10));
}

}  // namespace
}  // namespace alv::gpu
