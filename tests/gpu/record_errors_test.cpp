// What a recorder is told wrongly comes out of finish(), with the op's name; nothing reaches
// Vulkan.
#include "gpu/gpu_test.h"

namespace alv::gpu {
namespace {

class RecordErrors : public testing::Test {
  protected:
    void SetUp() override {
        device_ = open_device();
        ASSERT_NE(device_, nullptr);
        scale_ = get_kernel(*device_, "scale");
        a_ = make_buffer(*device_, Domain::kScratch, 256);
        b_ = make_buffer(*device_, Domain::kScratch, 256);
        recorder_ = device_->record("prog");
    }
    void expect(Code code, const std::string& part) {
        const auto program = recorder_->finish();
        ASSERT_FALSE(program.ok());
        EXPECT_EQ(program.status().code(), code) << program.status().message();
        EXPECT_NE(program.status().message().find(part), std::string::npos)
            << program.status().message();
        EXPECT_EQ(program.status().message().rfind("prog", 0), 0U) << program.status().message();
    }
    void scale(std::vector<BufferView> bindings, uint32_t groups = 4) {
        const ScalePush push{1, 0, 256};
        recorder_->dispatch(scale_, bindings, std::as_bytes(std::span(&push, 1)), groups);
    }

    std::shared_ptr<Device> device_;
    const Kernel* scale_ = nullptr;
    BufferView a_, b_;
    std::unique_ptr<Recorder> recorder_;
};

TEST_F(RecordErrors, NoKernel) {
    recorder_->dispatch(nullptr, {}, {}, 1);
    expect(Code::kInvalidArgument, "no kernel");
}
TEST_F(RecordErrors, TooFewBindings) {
    scale({a_});
    expect(Code::kInvalidArgument, "1 bindings are given, 2 needed");
}
TEST_F(RecordErrors, AnEmptyBinding) {
    scale({a_, BufferView()});
    expect(Code::kInvalidArgument, "binding 1: no buffer");
}
TEST_F(RecordErrors, AViewBeyondItsBuffer) {
    scale({a_, BufferView(b_.buffer, 768, 512)});
    expect(Code::kInvalidArgument, "binding 1: a view of bytes 768 + 512 of a buffer of 1024");
}
TEST_F(RecordErrors, AViewThatWraps) {
    scale({a_, BufferView(b_.buffer, 256, UINT64_MAX)});
    expect(Code::kInvalidArgument, "binding 1");
}
TEST_F(RecordErrors, AnEmptyView) {
    scale({a_, BufferView(b_.buffer, 0, 0)});
    expect(Code::kInvalidArgument, "binding 1");
}
TEST_F(RecordErrors, AMisalignedOffset) {
    if (device_->caps().storage_offset_alignment <= 4) {
        GTEST_SKIP() << "this device allows any offset";
    }
    scale({a_, BufferView(b_.buffer, 4, 16)});
    expect(Code::kInvalidArgument, "offset");
}
TEST_F(RecordErrors, APartOfATexel) {
    const std::vector<BufferView> bindings{a_, BufferView(b_.buffer, 0, 20), b_};
    recorder_->dispatch(get_kernel(*device_, "copy_texels"), bindings, {}, 1);
    expect(Code::kLimitExceeded, "binding 1: 20 bytes are no texels");
}
TEST_F(RecordErrors, WrongPushConstants) {
    recorder_->dispatch(scale_, {a_, b_}, uint64_t{0}, 1);
    expect(Code::kInvalidArgument, "8 bytes of push constants, 12 needed");
}
TEST_F(RecordErrors, TooManyWorkgroups) {
    const ScalePush push{1, 0, 256};
    recorder_->dispatch(scale_, {a_, b_}, push, 1, UINT32_MAX);
    expect(Code::kLimitExceeded, "workgroups");
}
TEST_F(RecordErrors, ABufferOfAnotherDevice) {
    const auto other = open_device();
    scale({a_, make_buffer(*other, Domain::kScratch, 256)});
    expect(Code::kInvalidArgument, "another device");
}
TEST_F(RecordErrors, AKernelOfAnotherDevice) {
    const auto other = open_device();
    const Kernel* const kernel = get_kernel(*other, "scale");
    recorder_->dispatch(kernel, {a_, b_}, ScalePush{1, 0, 1}, 1);
    expect(Code::kInvalidArgument, "another device");
}
TEST_F(RecordErrors, AProgramOfAnotherDevice) {
    const auto other = open_device();
    scale({a_, b_});
    const auto program = recorder_->finish();
    ASSERT_TRUE(program.ok());
    EXPECT_EQ(other->submit(**program, 0, 1).status().code(), Code::kInvalidArgument);
}
TEST_F(RecordErrors, CopiesOfDifferentSizes) {
    recorder_->copy(a_, BufferView(b_.buffer, 0, 16));
    expect(Code::kInvalidArgument, "differ");
}
TEST_F(RecordErrors, CopiesThatOverlap) {
    recorder_->copy(BufferView(a_.buffer, 0, 512), BufferView(a_.buffer, 256, 512));
    expect(Code::kInvalidArgument, "overlap");
}
TEST_F(RecordErrors, FillsOfHalfWords) {
    recorder_->fill(BufferView(a_.buffer, 0, 6), 0);
    expect(Code::kInvalidArgument, "multiples of 4");
}
TEST_F(RecordErrors, ShortIndirectArguments) {
    const ScalePush push{1, 0, 256};
    const std::vector<BufferView> bindings{a_, b_};
    recorder_->dispatch_indirect(scale_, bindings, std::as_bytes(std::span(&push, 1)),
                                 BufferView(a_.buffer, 0, 8));
    expect(Code::kInvalidArgument, "three uint32");
}
TEST_F(RecordErrors, TheFirstErrorStays) {
    scale({a_});
    recorder_->dispatch(nullptr, {}, {}, 1);
    recorder_->fill(BufferView(a_.buffer, 0, 6), 0);
    expect(Code::kInvalidArgument, "2 needed");
}
TEST_F(RecordErrors, FinishingTwice) {
    scale({a_, b_});
    ASSERT_TRUE(recorder_->finish().ok());
    EXPECT_EQ(recorder_->finish().status().code(), Code::kInvalidState);
}

}  // namespace
}  // namespace alv::gpu
