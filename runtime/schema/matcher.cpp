#include <algorithm>

#include "schema/automaton.h"

namespace alv::schema {
namespace {

constexpr size_t kMaxStates = 1u << 18;
constexpr size_t kMaxFrames = 1u << 22;
constexpr size_t kMaxConfigs = 4096;  // of one state
constexpr size_t kMaxForced = 1u << 16;

uint64_t add(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t times(uint64_t a, uint64_t b) {
    return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

}  // namespace

Matcher::Matcher(std::shared_ptr<const Automaton> automaton)
    : automaton_(std::move(automaton)), n_classes_(automaton_->class_byte_.size()) {
    frames_.push_back({});
    std::vector<Config> todo = {{automaton_->start_, kBottom}};
    std::vector<Config> configs;
    close(todo, configs);
    if (intern(std::move(configs)) != kDead) return;
    states_.push_back({.shortest = UINT64_MAX});  // it gave up at once: no byte is allowed
    edges_.assign(n_classes_, kDead);
}

uint64_t Matcher::hash(uint64_t a, uint64_t b) {
    uint64_t h = (a ^ (b << 32 | b >> 32)) * 0x9E3779B97F4A7C15u;
    h ^= h >> 29;
    return h * 0xBF58476D1CE4E5B9u;
}

uint32_t Matcher::push(uint32_t parent, uint32_t pc, uint32_t count, bool counts) {
    const uint64_t key = hash(uint64_t{parent} << 32 | pc, uint64_t{count} << 1 | (counts ? 1 : 0));
    const auto [from, to] = frame_index_.equal_range(key);
    for (auto it = from; it != to; ++it) {
        const Frame& frame = frames_[it->second];
        if (frame.parent == parent && frame.pc == pc && frame.count == count &&
            frame.counts == counts) {
            return it->second;
        }
    }
    const Automaton::Instruction& at = automaton_->code_[pc];
    uint64_t distance = at.distance;
    if (counts) {  // the rounds after the one that runs, then what follows the repeat
        const uint64_t left = at.min > count + 1 ? at.min - count - 1 : 0;
        distance = add(times(left, automaton_->code_[at.next].distance),
                       automaton_->code_[at.other].distance);
    }
    frames_.push_back({parent, pc, count, counts, add(distance, frames_[parent].distance)});
    const auto id = static_cast<uint32_t>(frames_.size() - 1);
    frame_index_.emplace(key, id);
    return id;
}

uint64_t Matcher::distance(Config config) const {
    return add(automaton_->code_[config.pc].distance, frames_[config.stack].distance);
}

// Follows all that takes no byte; `out` gets what takes one, and the end of the text.
void Matcher::close(std::vector<Config>& todo, std::vector<Config>& out) {
    std::unordered_multimap<uint64_t, Config> seen;
    while (!todo.empty()) {
        const Config config = todo.back();
        todo.pop_back();
        const uint64_t key = hash(config.pc, config.stack);
        const auto [from, to] = seen.equal_range(key);
        if (std::any_of(from, to, [&](const auto& it) { return it.second == config; })) continue;
        seen.emplace(key, config);
        if (seen.size() > kMaxConfigs || frames_.size() > kMaxFrames) {
            overflowed_ = true;
            out.clear();
            return;
        }
        close_one(config, todo, out);
    }
    std::sort(out.begin(), out.end());
}

void Matcher::close_one(Config config, std::vector<Config>& todo, std::vector<Config>& out) {
    using Op = Automaton::Op;
    const Automaton::Instruction& at = automaton_->code_[config.pc];
    // A way that leads to no end is none. (A count's own checks are told by its frame.)
    if (at.op != Op::kCheck && at.op != Op::kLoop && distance(config) == UINT64_MAX) return;
    switch (at.op) {
        case Op::kByte:
            out.push_back(config);
            return;
        case Op::kSplit:
            todo.push_back({at.next, config.stack});
            todo.push_back({at.other, config.stack});
            return;
        case Op::kCall: {
            // A call at the end of a rule needs no frame: lists stay flat.
            const bool tail = automaton_->code_[at.next].op == Op::kReturn;
            todo.push_back({at.other, tail && config.stack != kBottom
                                          ? config.stack
                                          : push(config.stack, at.next, 0, false)});
            return;
        }
        case Op::kReturn: {
            if (config.stack == kBottom) {
                out.push_back(config);
                return;
            }
            const Frame& frame = frames_[config.stack];
            todo.push_back({frame.pc, frame.parent});
            return;
        }
        case Op::kEnter:
            todo.push_back({at.next, push(config.stack, at.next, 0, true)});
            return;
        case Op::kCheck: {
            const Frame frame = frames_[config.stack];
            if (frame.count < at.max || at.max == kNoMax) todo.push_back({at.next, config.stack});
            if (frame.count >= at.min) todo.push_back({at.other, frame.parent});
            return;
        }
        case Op::kLoop: {
            const Frame frame = frames_[config.stack];
            // Without an upper end nothing depends on a count past the lower one.
            const uint32_t most =
                automaton_->code_[at.next].max == kNoMax ? automaton_->code_[at.next].min : kNoMax;
            const uint32_t count = std::min(frame.count + 1, most);
            todo.push_back({at.next, push(frame.parent, frame.pc, count, true)});
            return;
        }
        case Op::kFail:
            return;
    }
}

Matcher::State Matcher::intern(std::vector<Config> configs) {
    if (configs.empty()) return kDead;
    uint64_t key = configs.size();
    for (const Config& config : configs) key = hash(key ^ config.pc, config.stack);
    const auto [from, to] = state_index_.equal_range(key);
    for (auto it = from; it != to; ++it) {
        const StateInfo& info = states_[it->second];
        if (info.n == configs.size() &&
            std::equal(configs.begin(), configs.end(), configs_.begin() + info.first)) {
            return it->second;
        }
    }
    if (states_.size() >= kMaxStates) {
        overflowed_ = true;
        return kDead;
    }
    StateInfo info;
    info.first = static_cast<uint32_t>(configs_.size());
    info.n = static_cast<uint32_t>(configs.size());
    info.shortest = UINT64_MAX;
    for (const Config& config : configs) {
        const bool end = automaton_->code_[config.pc].op == Automaton::Op::kReturn;
        info.accepts = info.accepts || end;
        info.shortest = std::min(info.shortest, distance(config));
    }
    info.only_end = info.accepts && configs.size() == 1;
    configs_.insert(configs_.end(), configs.begin(), configs.end());
    states_.push_back(info);
    edges_.resize(states_.size() * n_classes_, kUnknown);
    const auto state = static_cast<State>(states_.size() - 1);
    state_index_.emplace(key, state);
    return state;
}

Matcher::State Matcher::step_anew(State state, uint8_t byte) {
    const StateInfo info = states_[state];
    std::vector<Config> todo;
    for (uint32_t i = info.first; i < info.first + info.n; ++i) {
        const Config config = configs_[i];
        const Automaton::Instruction& at = automaton_->code_[config.pc];
        if (at.op == Automaton::Op::kByte && byte >= at.low && byte <= at.high) {
            todo.push_back({at.next, config.stack});
        }
    }
    std::vector<Config> configs;
    close(todo, configs);
    const State next = intern(std::move(configs));
    edges_[state * n_classes_ + automaton_->class_of_[byte]] = next;
    return next;
}

std::string Matcher::forced(State state) {
    std::string text;
    while (!accepts(state) && text.size() < kMaxForced) {
        State next = kDead;
        uint8_t byte = 0;
        uint32_t ways = 0;
        for (size_t c = 0; c < n_classes_ && ways < 2; ++c) {
            const State after = step(state, automaton_->class_byte_[c]);
            if (after == kDead) continue;
            ways += automaton_->class_size_[c];
            byte = automaton_->class_byte_[c];
            next = after;
        }
        if (ways != 1) break;
        text += static_cast<char>(byte);
        state = next;
    }
    return text;
}

}  // namespace alv::schema
