// One forward pass of any row of the architecture table, as recorded programs; sequences of tokens
// in a paged kv cache; a step in flight that is submitted slice by slice.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/model.h"

namespace alv::model {

using text::TokenId;

inline constexpr uint32_t kMaxTopLogprobs = 64;
inline constexpr uint32_t kMaxPenaltyTokens = 1024;

// How the next token is drawn. Order: mask, penalty, temperature, top_k, top_p, min_p. Ties go to
// the lower id. The random number of a draw depends on (seed, position, token) alone (Gumbel-max
// over the kept tokens with a counter-based generator).
struct SamplerParams {
    float temperature = 0;     // 0: greedy (after the penalty)
    uint32_t top_k = 0;        // 0: off
    float top_p = 0;           // 0 or >= 1: off
    float min_p = 0;           // 0: off
    float repeat_penalty = 0;  // 0 or 1: off (Keskar et al. 2019, CTRL)
    uint64_t seed = 0;
};

// The tokens of one conversation that are in the kv cache. Owned by one user at a time.
class Sequence {
  public:
    virtual ~Sequence() = default;  // gives its pages back
    virtual uint32_t length() const = 0;
    // Forgets all but the first `length` tokens. Not while a step of this sequence is in flight.
    virtual void truncate(uint32_t length) = 0;
};

struct StepRequest {
    Sequence* sequence = nullptr;
    std::span<const TokenId> tokens;  // to append: 1 .. max_step_tokens(); copied
    bool sample = false;              // draw the token that follows the last of `tokens`
    SamplerParams sampler;
    std::span<const TokenId> penalty_tokens;  // <= kMaxPenaltyTokens; copied; duplicates count once
    // Bit i % 32 of word i / 32: token i may be drawn; one bit a token of the tokenizer, one is
    // set. Copied. Empty: all may be drawn.
    std::span<const uint32_t> allowed;
    uint32_t n_top = 0;  // n best raw log-probabilities to read back, <= kMaxTopLogprobs
};

struct StepResult {
    TokenId token = text::kNoToken;  // drawn, if asked for
    float logprob = 0;               // raw log-probability of it, before penalty and temperature
    std::vector<std::pair<TokenId, float>> top;  // raw, best first
};

// A step in flight. Destroying it while unfinished abandons it: waits for the submitted slices and
// leaves the sequences as long as they were before.
class Step {
  public:
    virtual ~Step() = default;
    // Submits the next slice; nothing happens when all are submitted.
    virtual Status submit_slice() = 0;
    virtual bool all_submitted() const = 0;
    // Waits until the submitted slices are done: true; false after timeout_ns.
    virtual Result<bool> wait(uint64_t timeout_ns) = 0;
    // After all slices are submitted and done: of each request, in their order; the sequences are
    // now longer. Call once.
    virtual Result<std::vector<StepResult>> results() = 0;
    // The same of a step of one request.
    Result<StepResult> result();
    // Nobody waits for this request any more: its sequence may go, its result says nothing.
    virtual void drop(uint32_t request) = 0;
};

// Thread-compatible: one step at a time over all sequences (the scheduler's thread).
class Decoder {
  public:
    static Result<std::unique_ptr<Decoder>> create(std::shared_ptr<const Model> model);
    virtual ~Decoder() = default;

    virtual const Model& model() const = 0;
    virtual uint32_t max_step_tokens() const = 0;  // of one prefill program
    virtual uint32_t kv_tokens_free() const = 0;
    // An empty sequence that may grow to `max_tokens`. Limit exceeded when that is over the pool.
    virtual Result<std::unique_ptr<Sequence>> create_sequence(uint32_t max_tokens) = 0;
    // Sequences that one step can take a token further, all at once; and from how many on that is
    // faster than one after the other.
    virtual uint32_t max_batch() const = 0;
    virtual uint32_t least_batch() const = 0;
    // One request, or up to max_batch() of one token and a sequence of its own each. What a request
    // draws does not depend on the others. Limit exceeded: a sequence is full. Out of device
    // memory: no free page in the pool.
    virtual Result<std::unique_ptr<Step>> begin_batch(std::span<const StepRequest> requests) = 0;
    Result<std::unique_ptr<Step>> begin(const StepRequest& request) {
        return begin_batch({&request, 1});
    }

    // Log-probability of tokens[i + 1] after tokens[0 .. i], for an empty sequence, computed
    // through prefill in steps of `chunk` tokens (0: max_step_tokens): n - 1 values.
    virtual Result<std::vector<float>> score(Sequence& sequence, std::span<const TokenId> tokens,
                                             uint32_t chunk) = 0;
    // Device time of each dispatch of the last step of one token (`prefill`: of several); empty
    // unless the device was made to profile.
    virtual Result<std::vector<gpu::OpTime>> profile(bool prefill) const = 0;
};

inline Result<StepResult> Step::result() {
    ALV_ASSIGN_OR_RETURN(std::vector<StepResult> all, results());
    return std::move(all.front());
}

}  // namespace alv::model
