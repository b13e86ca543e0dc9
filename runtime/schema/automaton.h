// A grammar made ready to be followed byte by byte.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "schema/grammar.h"

namespace alv::schema {

struct AutomatonLimits {
    uint32_t max_instructions = 1u << 20;
};

// Immutable, thread-safe.
class Automaton {
  public:
    // Errors: invalid argument (a rule that is not defined, left recursion, a text that can't end),
    // limit exceeded.
    static Result<std::shared_ptr<const Automaton>> compile(const Grammar& grammar,
                                                            const AutomatonLimits& limits = {});

  private:
    friend class Compiler;
    friend class Matcher;

    enum class Op : uint8_t {
        kByte,    // a byte of low..high, then next
        kSplit,   // next, or other
        kCall,    // the rule at other, then next
        kReturn,  // to whoever called; of the root: the end
        kEnter,   // pushes a count of 0, then next, a kCheck
        kCheck,   // by the count on top: the body at next, or pops it, then other
        kLoop,    // the count goes up, then next, the kCheck
        kFail,
    };
    struct Instruction {
        Op op = Op::kFail;
        uint8_t low = 0;
        uint8_t high = 0;
        uint32_t next = 0;
        uint32_t other = 0;
        uint32_t min = 0;  // kCheck
        uint32_t max = 0;
        uint64_t distance = UINT64_MAX;  // bytes at least to the end of its rule or body
    };

    std::vector<Instruction> code_;
    uint32_t start_ = 0;
    std::array<uint8_t, 256> class_of_{};  // bytes that no instruction tells apart
    std::vector<uint8_t> class_byte_;      // one byte of each class
    std::vector<uint32_t> class_size_;     // how many bytes are in it
};

// Follows an automaton and keeps the states it has seen. Thread-compatible.
class Matcher {
  public:
    using State = uint32_t;
    static constexpr State kDead = UINT32_MAX;

    explicit Matcher(std::shared_ptr<const Automaton> automaton);

    State start() const { return 0; }
    // kDead if `byte` is not allowed there.
    State step(State state, uint8_t byte) {
        const State known = edges_[state * n_classes_ + automaton_->class_of_[byte]];
        return known != kUnknown ? known : step_anew(state, byte);
    }
    // The text may end here; can do nothing but end.
    bool accepts(State state) const { return states_[state].accepts; }
    bool only_end(State state) const { return states_[state].only_end; }
    // Bytes of the shortest text that leads to an end.
    uint64_t shortest(State state) const { return states_[state].shortest; }
    // The bytes that are the only way on; "" if there is a choice.
    std::string forced(State state);
    size_t n_states() const { return states_.size(); }
    // So many states or ways through the grammar came up that it gave up: step() says kDead.
    bool overflowed() const { return overflowed_; }

  private:
    static constexpr State kUnknown = UINT32_MAX - 1;
    static constexpr uint32_t kBottom = 0;  // of all stacks

    struct Frame {
        uint32_t parent = 0;
        uint32_t pc = 0;  // to return to; of a count: its kCheck
        uint32_t count = 0;
        bool counts = false;
        uint64_t distance = 0;  // bytes at least from its end to the end of the text
    };
    struct Config {
        uint32_t pc;
        uint32_t stack;
        auto operator<=>(const Config&) const = default;
    };
    struct StateInfo {
        uint32_t first = 0;  // of configs_
        uint32_t n = 0;
        bool accepts = false;
        bool only_end = false;
        uint64_t shortest = 0;
    };

    State step_anew(State state, uint8_t byte);
    uint32_t push(uint32_t parent, uint32_t pc, uint32_t count, bool counts);
    void close(std::vector<Config>& todo, std::vector<Config>& out);
    void close_one(Config config, std::vector<Config>& todo, std::vector<Config>& out);
    uint64_t distance(Config config) const;
    State intern(std::vector<Config> configs);
    static uint64_t hash(uint64_t a, uint64_t b);

    const std::shared_ptr<const Automaton> automaton_;
    const size_t n_classes_;
    std::vector<StateInfo> states_;
    std::vector<State> edges_;  // (states, n_classes)
    std::vector<Config> configs_;
    std::vector<Frame> frames_;
    std::unordered_multimap<uint64_t, uint32_t> frame_index_;
    std::unordered_multimap<uint64_t, State> state_index_;
    bool overflowed_ = false;
};

}  // namespace alv::schema
