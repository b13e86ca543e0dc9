// A model that is no model: bytes are tokens, and a function says what comes next. It keeps the
// rules of model::Decoder and notes when one is broken, so that scheduling is tested fast and
// without a GPU.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "local/loaded.h"

namespace alv::local::test {

using text::TokenId;

inline constexpr TokenId kBos = 256;
inline constexpr TokenId kEos = 257;
inline constexpr TokenId kImStart = 258;
inline constexpr TokenId kImEnd = 259;
inline constexpr uint32_t kVocab = 260;

// One token a byte, and four special ones.
std::shared_ptr<const text::Tokenizer> byte_tokenizer();

// What a test wants of the fake, and what it saw. Shared by backend, decoders and tests.
struct FakeWorld {
    using Next =
        std::function<TokenId(std::span<const TokenId> context, const model::SamplerParams&)>;
    Next next;                  // empty: a hash of context and seed, printable
    uint32_t step_tokens = 16;  // of one prefill step
    uint32_t slice_tokens = 4;  // of one slice
    uint32_t batch = 8;         // sequences of one step
    uint32_t least_batch = 2;   // from how many on it is one
    std::chrono::microseconds slice_time{0};
    uint32_t pool_tokens = 1024;
    uint32_t context = 512;
    std::string chat_template;  // "": ChatML
    uint32_t load_units = 8;
    std::chrono::microseconds load_unit_time{0};
    std::function<Status(uint32_t unit)> load_fault;
    std::function<Status(const model::StepRequest&)> begin_fault;
    std::function<Status()> device_fault;
    // Not 0: what is loaded from now on is an encoder. Its texts have at most 32 tokens, its runs
    // 64 and 4 texts; a slice is slice_tokens.
    std::atomic<uint32_t> embedding_dim{0};
    std::shared_ptr<gpu::Device> device;  // what create_device gives

    std::atomic<bool> lost{false};  // the device; a new one clears it
    std::atomic<int> live_decoders{0};
    std::atomic<int> live_sequences{0};
    std::atomic<int> live_encoders{0};
    std::atomic<int> runs{0};  // of encoders
    std::atomic<int> live_texts{0};
    std::atomic<int> broken_rules{0};
    std::atomic<int> devices_made{0};
    std::atomic<uint64_t> slices_submitted{0};

    struct StepNote {
        const void* sequence;
        uint32_t first;  // position of its first token
        uint32_t n_tokens;
        bool sample;
        std::vector<TokenId> penalty_tokens;
        uint32_t n_together;  // sequences of its step
    };
    std::vector<StepNote> steps() const;
    void note(StepNote step);
    // Marks the device as in use for as long as the object lives; two at once break a rule.
    class Use;

  private:
    friend class Use;
    mutable std::mutex mutex_;
    std::vector<StepNote> steps_;
    std::atomic<int> users_{0};
};

std::shared_ptr<Backend> fake_backend(std::shared_ptr<FakeWorld> world);

// What the fake answers to `prompt`: the tokens of a reply of n tokens.
std::vector<TokenId> expected_tokens(const FakeWorld& world, std::vector<TokenId> prompt,
                                     uint32_t n, const model::SamplerParams& sampler = {});
// The vector that the fake makes of a text.
std::vector<float> expected_vector(const std::string& text, uint32_t dim);
std::string to_text(std::span<const TokenId> tokens);
std::vector<TokenId> to_tokens(const std::string& text);

// A GGUF file that the reader takes; the fake backend does not look into it.
std::vector<uint8_t> fake_gguf();

}  // namespace alv::local::test
