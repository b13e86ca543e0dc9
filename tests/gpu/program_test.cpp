// Recording, barriers, replay, segments, waiting, profiling.
#include <algorithm>
#include <numeric>

#include "gpu/gpu_test.h"

namespace alv::gpu {
namespace {

constexpr uint32_t kWords = 256;
constexpr uint32_t kGroups = kWords / 64;

class ProgramTest : public testing::Test {
  protected:
    void SetUp() override { open(test_options()); }
    void open(const DeviceOptions& options) {
        device_ = open_device(options);
        ASSERT_NE(device_, nullptr);
        add_one_ = get_kernel(*device_, "add_one");
        scale_ = get_kernel(*device_, "scale");
        ASSERT_NE(add_one_, nullptr);
        ASSERT_NE(scale_, nullptr);
    }
    BufferView make(uint32_t value, uint64_t n_words = kWords) {
        BufferView view = make_buffer(*device_, Domain::kScratch, n_words);
        EXPECT_TRUE(write_words(*device_, view, std::vector<uint32_t>(n_words, value)).ok());
        return view;
    }
    std::unique_ptr<Program> finish(Recorder& recorder) {
        auto program = recorder.finish();
        EXPECT_TRUE(program.ok()) << program.status().message();
        return program.ok() ? std::move(*program) : nullptr;
    }
    bool runs_with_barriers(Recorder& recorder, size_t n_barriers) {
        const auto program = finish(recorder);
        if (program == nullptr) return false;
        EXPECT_EQ(program->n_barriers(), n_barriers);
        return run(*device_, *program).ok();
    }
    void add_one(Recorder& recorder, const BufferView& data) {
        recorder.dispatch(add_one_, {&data, 1}, {}, kGroups);
    }
    void scale(Recorder& recorder, const BufferView& from, const BufferView& to, uint32_t factor,
               uint32_t offset = 0) {
        recorder.dispatch(scale_, {from, to}, ScalePush{factor, offset, kWords}, kGroups);
    }
    std::vector<uint32_t> all(uint32_t value) { return std::vector<uint32_t>(kWords, value); }

    std::shared_ptr<Device> device_;
    const Kernel* add_one_ = nullptr;
    const Kernel* scale_ = nullptr;
};

TEST_F(ProgramTest, ReadModifyWriteChainsGetABarrierEach) {
    const BufferView data = make(0);
    const auto recorder = device_->record("chain");
    for (int i = 0; i < 10; ++i) add_one(*recorder, data);
    const auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    EXPECT_EQ(program->n_dispatches(), 10U);
    EXPECT_EQ(program->n_barriers(), 9U);
    ASSERT_TRUE(run(*device_, *program).ok());
    EXPECT_EQ(read_words(*device_, data), all(10));
}

TEST_F(ProgramTest, ReadAfterWriteGetsABarrier) {
    const BufferView a = make(3), b = make(0), c = make(0);
    const auto recorder = device_->record("raw");
    scale(*recorder, a, b, 5);
    scale(*recorder, b, c, 7);
    ASSERT_TRUE(runs_with_barriers(*recorder, 1));
    EXPECT_EQ(read_words(*device_, c), all(105));
}

TEST_F(ProgramTest, WriteAfterReadGetsABarrier) {
    const BufferView a = make(3), b = make(0), c = make(9);
    const auto recorder = device_->record("war");
    scale(*recorder, a, b, 5);
    scale(*recorder, c, a, 1);  // writes what the first reads
    ASSERT_TRUE(runs_with_barriers(*recorder, 1));
    EXPECT_EQ(read_words(*device_, b), all(15));
    EXPECT_EQ(read_words(*device_, a), all(9));
}

TEST_F(ProgramTest, WriteAfterWriteGetsABarrier) {
    const BufferView a = make(3), b = make(4), c = make(0);
    const auto recorder = device_->record("waw");
    scale(*recorder, a, c, 1);
    scale(*recorder, b, c, 1);
    ASSERT_TRUE(runs_with_barriers(*recorder, 1));
    EXPECT_EQ(read_words(*device_, c), all(4));
}

TEST_F(ProgramTest, IndependentDispatchesGetNone) {
    const BufferView a = make(2);
    std::vector<BufferView> targets;
    const auto recorder = device_->record("independent");
    for (uint32_t i = 0; i < 6; ++i) {
        targets.push_back(make(0));
        scale(*recorder, a, targets.back(), i);
    }
    ASSERT_TRUE(runs_with_barriers(*recorder, 0));
    for (uint32_t i = 0; i < 6; ++i) EXPECT_EQ(read_words(*device_, targets[i]), all(2 * i));
}

TEST_F(ProgramTest, TexelsAreWhatWasWrittenBeforeThem) {
    const BufferView data = make(7);
    const BufferView to = make(0);
    const auto recorder = device_->record("texels");
    for (int i = 0; i < 2; ++i) {
        add_one(*recorder, data);
        const std::vector<BufferView> bindings{data, data, to};
        recorder->dispatch(get_kernel(*device_, "copy_texels"), bindings, {}, 1);
    }
    ASSERT_TRUE(runs_with_barriers(*recorder, 3));
    EXPECT_EQ(read_words(*device_, to), all(9));
}

TEST_F(ProgramTest, RangesOfOneBufferAreToldApart) {
    const BufferView whole = make(1, 3 * kWords);
    const auto part = [&](uint64_t i) {
        return BufferView(whole.buffer, i * kWords * 4, kWords * 4);
    };
    const auto recorder = device_->record("ranges");
    scale(*recorder, part(0), part(1), 2);
    scale(*recorder, part(0), part(2), 3);  // beside the first
    scale(*recorder, part(1), part(0), 4);  // reads what the first wrote
    ASSERT_TRUE(runs_with_barriers(*recorder, 1));
    EXPECT_EQ(read_words(*device_, part(0)), all(8));
    EXPECT_EQ(read_words(*device_, part(2)), all(3));
}

TEST_F(ProgramTest, CopiesAndFillsAreTrackedToo) {
    const BufferView a = make(1), b = make(0), c = make(0);
    const auto recorder = device_->record("transfers");
    recorder->fill(a, 6);
    recorder->copy(a, b);
    scale(*recorder, b, c, 2);
    recorder->fill(b, 1);
    const auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    EXPECT_EQ(program->n_dispatches(), 1U);
    EXPECT_EQ(program->n_barriers(), 3U);
    ASSERT_TRUE(run(*device_, *program).ok());
    EXPECT_EQ(read_words(*device_, c), all(12));
    EXPECT_EQ(read_words(*device_, b), all(1));
}

TEST_F(ProgramTest, IndirectGroupsAreReadWhenItRuns) {
    const BufferView data = make(0), groups = make(1, 4), source = make(kGroups, kWords);
    const auto recorder = device_->record("indirect");
    // The count is written by the program itself: a barrier up to the indirect read.
    recorder->dispatch(scale_, {source, groups}, ScalePush{1, 0, 1}, 1);
    recorder->dispatch_indirect(add_one_, {&data, 1}, {}, {groups.buffer, 0, 12});
    const auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    EXPECT_EQ(program->n_barriers(), 1U);
    ASSERT_TRUE(run(*device_, *program).ok());
    EXPECT_EQ(read_words(*device_, data), all(1));
    ASSERT_TRUE(write_words(*device_, source, all(1)).ok());
    ASSERT_TRUE(run(*device_, *program).ok());
    const auto words = read_words(*device_, data);
    EXPECT_EQ(words[0], 2U);
    EXPECT_EQ(words[64], 1U);
}

TEST_F(ProgramTest, ReplaysSeeWhatEarlierOnesWrote) {
    const BufferView data = make(0);
    const auto recorder = device_->record("replay");
    add_one(*recorder, data);
    const auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    // Many pending at once.
    uint64_t last = 0;
    for (int i = 0; i < 50; ++i) {
        const auto value = device_->submit(*program, 0, 1);
        ASSERT_TRUE(value.ok()) << value.status().message();
        EXPECT_GT(*value, last);
        last = *value;
    }
    const auto done = device_->wait(last, UINT64_MAX);
    ASSERT_TRUE(done.ok() && *done);
    const auto completed = device_->completed();
    ASSERT_TRUE(completed.ok());
    EXPECT_EQ(*completed, last);
    EXPECT_EQ(read_words(*device_, data), all(50));
}

TEST_F(ProgramTest, TheStepBufferIsReadAtEachReplay) {
    const BufferView step = make_buffer(*device_, Domain::kStep, kWords);
    const BufferView answer = make_buffer(*device_, Domain::kReadback, kWords);
    ASSERT_NE(step.buffer.mapped(), nullptr);
    ASSERT_NE(answer.buffer.mapped(), nullptr);
    const auto recorder = device_->record("step");
    scale(*recorder, step, answer, 2);
    const auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    for (uint32_t i = 1; i < 5; ++i) {
        std::memcpy(step.buffer.mapped(), all(i).data(), kWords * 4);
        ASSERT_TRUE(run(*device_, *program).ok());
        EXPECT_EQ(std::memcmp(answer.buffer.mapped(), all(2 * i).data(), kWords * 4), 0);
    }
}

TEST_F(ProgramTest, SegmentsRunOneByOneOrTogether) {
    const BufferView data = make(1), other = make(0);
    const auto recorder = device_->record("segments");
    recorder->split();  // nothing before it: no empty segment
    add_one(*recorder, data);
    recorder->split();
    scale(*recorder, data, other, 10);
    recorder->split();
    scale(*recorder, other, data, 2);
    recorder->split();
    const auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    ASSERT_EQ(program->n_segments(), 3U);
    for (uint32_t s = 0; s < 3; ++s) ASSERT_TRUE(device_->submit(*program, s, 1).ok());
    EXPECT_EQ(read_words(*device_, data), all(40));
    ASSERT_TRUE(run(*device_, *program).ok());
    EXPECT_EQ(read_words(*device_, data), all(820));

    EXPECT_EQ(device_->submit(*program, 0, 0).status().code(), Code::kInvalidArgument);
    EXPECT_EQ(device_->submit(*program, 3, 1).status().code(), Code::kInvalidArgument);
    EXPECT_EQ(device_->submit(*program, 1, UINT32_MAX).status().code(), Code::kInvalidArgument);
}

TEST_F(ProgramTest, AnEmptyProgramRuns) {
    const auto program = finish(*device_->record("empty"));
    ASSERT_NE(program, nullptr);
    EXPECT_TRUE(run(*device_, *program).ok());
}

TEST_F(ProgramTest, ADispatchOfNoGroupsIsNothing) {
    const BufferView data = make(0);
    const auto recorder = device_->record("none");
    recorder->dispatch(add_one_, {&data, 1}, {}, 0);
    const auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    EXPECT_EQ(program->n_dispatches(), 0U);
}

TEST_F(ProgramTest, WaitingTimesOutAndRefusesValuesThatNeverCome) {
    const BufferView data = make(0);
    const auto recorder = device_->record("long");
    for (int i = 0; i < 2000; ++i) add_one(*recorder, data);
    const auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    const auto value = device_->submit(*program, 0, 1);
    ASSERT_TRUE(value.ok());
    const auto early = device_->wait(*value, 0);
    ASSERT_TRUE(early.ok()) << early.status().message();
    EXPECT_FALSE(*early) << "2,000 dispatches were over before a wait of 0 ns";
    const auto done = device_->wait(*value, UINT64_MAX);
    ASSERT_TRUE(done.ok());
    EXPECT_TRUE(*done);
    EXPECT_EQ(device_->wait(*value + 1, 1000).status().code(), Code::kInvalidArgument);
    EXPECT_EQ(read_words(*device_, data), all(2000));
}

TEST_F(ProgramTest, BuffersLiveAsLongAsTheProgramThatNamesThem) {
    std::unique_ptr<Program> program;
    BufferView answer = make_buffer(*device_, Domain::kReadback, kWords);
    {
        const BufferView data = make(21);
        const auto recorder = device_->record("keeps");
        scale(*recorder, data, answer, 2);
        program = finish(*recorder);
    }
    make(7);  // would take the place of a freed one
    ASSERT_NE(program, nullptr);
    ASSERT_TRUE(run(*device_, *program).ok());
    EXPECT_EQ(read_words(*device_, answer), all(42));
}

TEST_F(ProgramTest, AnyOrderOfTeardown) {
    BufferView data = make(0);
    const auto recorder = device_->record("teardown");
    for (int i = 0; i < 200; ++i) add_one(*recorder, data);
    auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    ASSERT_TRUE(device_->submit(*program, 0, 1).ok());
    device_.reset();  // while it runs
    program.reset();
    data = {};
}

TEST_F(ProgramTest, TheDeviceMayGoLast) {
    BufferView data = make(0);
    const auto recorder = device_->record("teardown");
    for (int i = 0; i < 200; ++i) add_one(*recorder, data);
    auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    ASSERT_TRUE(device_->submit(*program, 0, 1).ok());
    data = {};
    program.reset();  // while it runs
    device_.reset();
}

TEST_F(ProgramTest, ProfileNamesEachDispatch) {
    DeviceOptions options = test_options();
    options.profile = true;
    open(options);
    const BufferView data = make(0), other = make(0);
    const auto recorder = device_->record("profile");
    add_one(*recorder, data);
    recorder->label("layer 3 qkv");
    scale(*recorder, data, other, 2);
    recorder->split();
    recorder->label("");
    recorder->fill(data, 0);
    const auto program = finish(*recorder);
    ASSERT_NE(program, nullptr);
    auto profile = program->profile();
    ASSERT_TRUE(profile.ok());
    EXPECT_TRUE(profile->empty()) << "not run yet";
    ASSERT_TRUE(device_->submit(*program, 0, 1).ok());
    profile = program->profile();
    ASSERT_TRUE(profile.ok());
    ASSERT_EQ(profile->size(), 2U) << "only one segment was run";
    ASSERT_TRUE(run(*device_, *program).ok());
    profile = program->profile();
    ASSERT_TRUE(profile.ok());
    ASSERT_EQ(profile->size(), 3U);
    EXPECT_EQ((*profile)[0].name, "add_one");
    EXPECT_EQ((*profile)[1].name, "layer 3 qkv");
    EXPECT_EQ((*profile)[2].name, "fill");
    for (const OpTime& op : *profile) {
        EXPECT_GE(op.microseconds, 0) << op.name;
        EXPECT_LT(op.microseconds, 10e6) << op.name;
    }
}

TEST_F(ProgramTest, WithoutProfilingThereIsNone) {
    const BufferView data = make(0);
    const auto recorder = device_->record("plain");
    add_one(*recorder, data);
    const auto program = finish(*recorder);
    ASSERT_TRUE(run(*device_, *program).ok());
    const auto profile = program->profile();
    ASSERT_TRUE(profile.ok());
    EXPECT_TRUE(profile->empty());
}

}  // namespace
}  // namespace alv::gpu
