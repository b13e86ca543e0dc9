// What turns a conversation into a reply, whether the model runs here or elsewhere. Interface only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace alv::engine {

// What a user might say, and the call that answers it; or the words, where no call is wanted.
struct ToolExample {
    std::string input;
    std::string arguments;    // a JSON object that matches the tool's schema
    std::string answer = {};  // in place of `arguments`
};

// A function of the host that the model may call.
struct ToolSpec {
    std::string name;
    std::string description;
    std::string parameters;  // JSON schema of an object
    std::vector<ToolExample> examples = {};
};

struct ToolCall {
    std::string id;  // unique in a conversation
    std::string name;
    std::string arguments;  // a JSON object
};

enum class ToolChoice : uint32_t {
    kAuto = 0,      // text or calls, as the model likes
    kNone = 1,      // text
    kRequired = 2,  // at least one call
    kNamed = 3,     // a call of `tool_name`
};

struct ToolUse {
    std::vector<ToolSpec> tools;  // empty: none
    ToolChoice choice = ToolChoice::kAuto;
    std::string tool_name;
    bool parallel = false;        // several calls in one reply
    uint32_t n_calls_before = 0;  // in this conversation: ids go on from there
};

struct Message {
    std::string role;
    std::string content;                    // UTF-8
    std::vector<ToolCall> tool_calls = {};  // of the assistant
    std::string tool_call_id = {};          // of a tool: which call it answers
    std::string tool_name = {};             // of a tool
};

// What a reply must be, character by character.
struct Constraint {
    enum class Kind : uint32_t { kNone, kJsonSchema, kGrammar };
    Kind kind = Kind::kNone;
    std::string text;  // the schema or the grammar
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
    bool prompt_lookup = true;  // guesses tokens ahead: faster or not, the same tokens
    bool render_special = false;
    ToolUse tool_use;
    Constraint constraint;
};

// The numbers are those of ALV_FINISH_... in include/alviss/generation.h (a test compares them).
enum class FinishReason : uint32_t {
    kNone = 0,
    kEndToken = 1,
    kStopString = 2,
    kMaxTokens = 3,
    kContextFull = 4,
    kCancelled = 5,
    kToolCalls = 6,
    kFiltered = 7,
};

struct Usage {
    uint32_t prompt_tokens = 0;
    uint32_t reused_tokens = 0;
    uint32_t generated_tokens = 0;
    double queue_ms = 0;
    double prefill_ms = 0;
    double first_token_ms = 0;
    double decode_ms = 0;
    uint32_t drafted_tokens = 0;
    uint32_t accepted_tokens = 0;
};

// The numbers are those of ALV_EVENT_... in include/alviss/generation.h (a test compares them).
enum class EventType : uint32_t {
    kPrompt = 1,
    kPrefill = 2,
    kToken = 3,
    kText = 4,
    kDone = 5,
    kFailed = 6,
    kToolCall = 7,
    kToolResult = 8,
    kCitation = 9,
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
    ToolCall tool_call;       // kCitation: id and name of the passage
    bool failed = false;      // kToolResult
    float score = 0;          // kCitation
    uint64_t span_begin = 0;  // kCitation: bytes of the reply's text
    uint64_t span_end = 0;
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

// Texts to vectors. Thread-safe.
class Embedder {
  public:
    // One vector of dim() numbers after another, in the order of the texts, or why there are none.
    using Done = std::function<void(Result<std::vector<float>>)>;

    virtual ~Embedder() = default;
    virtual uint32_t dim() const = 0;
    virtual uint32_t max_tokens() const = 0;  // of one text; what is past it is not read
    virtual Result<uint32_t> count_tokens(std::string_view text) const = 0;
    // Returns at once; `done` is called once, by the engine's thread, with no lock held.
    virtual Result<std::shared_ptr<Ticket>> submit(std::vector<std::string> texts, Done done) = 0;
    // Waits for it, and where the host drives the engine does the work meanwhile. Invalid state
    // from inside a callback of the engine.
    virtual Result<std::vector<float>> embed(std::vector<std::string> texts) = 0;
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
