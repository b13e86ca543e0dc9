// What turns a conversation into a reply, whether the model runs here or elsewhere. Interface only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace alv::engine {

struct Message {
    std::string role;
    std::string content;  // UTF-8
};

// What the model reads: messages for its chat template, a raw text, or tokens.
struct Prompt {
    enum class Kind : uint32_t { kMessages, kText, kTokens };
    Kind kind = Kind::kMessages;
    std::vector<Message> messages;
    std::string text;
    bool parse_special = false;  // of `text`
    bool add_bos = false;        // before `text`
    std::vector<int32_t> tokens;
};

// 0 is off or default in each, as in include/alviss/generation.h.
struct Sampling {
    float temperature = 0;
    uint32_t top_k = 0;
    float top_p = 0;
    float min_p = 0;
    float repeat_penalty = 0;
    uint32_t penalty_window = 64;
    uint64_t seed = 0;
};

// What an engine keeps of a conversation to save work: a cache, never the truth. One request at a
// time. Thread-safe; destroying it while a request runs is fine.
class Conversation {
  public:
    virtual ~Conversation() = default;
    virtual uint32_t context_tokens() const = 0;
    virtual uint32_t cached_tokens() const = 0;
    virtual void drop_cache() = 0;
};

struct Request {
    std::shared_ptr<Conversation> conversation;
    Prompt prompt;
    Sampling sampling;
    uint32_t max_tokens = 0;  // 0: until the context is full
    uint32_t n_top = 0;       // log-probabilities a token
    std::vector<std::string> stop_strings;
    bool ignore_end = false;
    bool render_special = false;
};

// The numbers are those of ALV_FINISH_... in include/alviss/generation.h (a test compares them).
enum class FinishReason : uint32_t {
    kNone = 0,
    kEndToken = 1,
    kStopString = 2,
    kMaxTokens = 3,
    kContextFull = 4,
    kCancelled = 5,
};

struct Usage {
    uint32_t prompt_tokens = 0;
    uint32_t reused_tokens = 0;
    uint32_t generated_tokens = 0;
    double queue_ms = 0;
    double prefill_ms = 0;
    double first_token_ms = 0;
    double decode_ms = 0;
};

// The numbers are those of ALV_EVENT_... in include/alviss/generation.h (a test compares them).
enum class EventType : uint32_t {
    kPrompt = 1,
    kPrefill = 2,
    kToken = 3,
    kText = 4,
    kDone = 5,
    kFailed = 6,
};

struct Event {
    EventType type = EventType::kText;
    std::string text;
    int32_t token = -1;
    float logprob = 0;
    std::vector<std::pair<int32_t, float>> top;
    std::vector<int32_t> prompt_tokens;
    uint32_t done = 0;
    uint32_t total = 0;
    FinishReason finish = FinishReason::kNone;
    Status status;
    Usage usage;  // so far, in every event
};

// Called by the engine's thread, one event at a time, with no lock held. After kDone or kFailed it
// is let go.
class EventSink {
  public:
    virtual ~EventSink() = default;
    // False: the host failed to take it; the request ends with `callback failed`.
    virtual bool on_event(Event event) = 0;
};

// A request in flight. Thread-safe. Letting it go does not cancel.
class Ticket {
  public:
    virtual ~Ticket() = default;
    virtual void cancel() = 0;
};

// Thread-safe.
class Engine {
  public:
    virtual ~Engine() = default;
    // Limit exceeded if the engine has no room for so long a context; 0: as long as there is room.
    virtual Result<std::shared_ptr<Conversation>> open(uint32_t context_tokens,
                                                       bool fast_reuse) = 0;
    // Returns at once; all else, failures too, comes to the sink.
    virtual Result<std::shared_ptr<Ticket>> submit(Request request,
                                                   std::shared_ptr<EventSink> sink) = 0;
};

}  // namespace alv::engine
