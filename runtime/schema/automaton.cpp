#include "schema/automaton.h"

#include <algorithm>
#include <deque>
#include <set>

namespace alv::schema {

// Node by node, with a list of what is to be written where: no recursion on what a host gave.
class Compiler {
  public:
    using Op = Automaton::Op;
    using Instruction = Automaton::Instruction;

    Compiler(const Grammar& grammar, const AutomatonLimits& limits, Automaton& out)
        : grammar_(grammar), limits_(limits), code_(out.code_), out_(out) {}
    Status run();

  private:
    struct Task {
        Grammar::Id node;
        uint32_t entry;
        uint32_t next;
    };

    uint32_t reserve() {
        code_.emplace_back();
        return static_cast<uint32_t>(code_.size() - 1);
    }
    uint32_t rule_entry(uint32_t rule);
    Status write(const Task& task);
    void write_list(const Task& task, const Grammar::Node& node);
    void write_repeat(const Task& task, const Grammar::Node& node);
    uint64_t measure(const Instruction& at) const;
    void find_distances();
    Status check_left_recursion() const;
    void left_calls(uint32_t entry, std::set<uint32_t>& out) const;
    void find_classes();

    const Grammar& grammar_;
    const AutomatonLimits& limits_;
    std::vector<Instruction>& code_;
    Automaton& out_;
    std::vector<Task> todo_;
    std::vector<uint32_t> entries_;  // by rule; UINT32_MAX: not asked for yet
};

uint32_t Compiler::rule_entry(uint32_t rule) {
    uint32_t& entry = entries_[rule];
    if (entry != UINT32_MAX) return entry;
    entry = reserve();
    const uint32_t end = reserve();
    code_[end].op = Op::kReturn;
    todo_.push_back({grammar_.rules()[rule].body, entry, end});
    return entry;
}

void Compiler::write_list(const Task& task, const Grammar::Node& node) {
    const auto parts = grammar_.parts(node);
    uint32_t entry = task.entry;
    for (size_t i = 0; i < parts.size(); ++i) {
        const bool last = i + 1 == parts.size();
        if (node.kind == Grammar::Kind::kSequence) {
            const uint32_t next = last ? task.next : reserve();
            todo_.push_back({parts[i], entry, next});
            entry = next;
        } else if (last) {
            todo_.push_back({parts[i], entry, task.next});
        } else {
            const uint32_t branch = reserve();
            const uint32_t rest = reserve();
            code_[entry].op = Op::kSplit;
            code_[entry].next = branch;
            code_[entry].other = rest;
            todo_.push_back({parts[i], branch, task.next});
            entry = rest;
        }
    }
}

void Compiler::write_repeat(const Task& task, const Grammar::Node& node) {
    if (node.max == kNoMax && node.min <= 1) {
        // entry: the body, then back, or on.
        const uint32_t body = node.min == 1 ? task.entry : reserve();
        const uint32_t again = node.min == 1 ? reserve() : task.entry;
        code_[again].op = Op::kSplit;
        code_[again].next = body;
        code_[again].other = task.next;
        todo_.push_back({node.first, body, again});
        return;
    }
    const uint32_t body = reserve();
    if (node.max == 1) {
        code_[task.entry].op = Op::kSplit;
        code_[task.entry].next = body;
        code_[task.entry].other = task.next;
        todo_.push_back({node.first, body, task.next});
        return;
    }
    const uint32_t check = reserve();
    const uint32_t loop = reserve();
    code_[task.entry].op = Op::kEnter;
    code_[task.entry].next = check;
    code_[check] = {
        .op = Op::kCheck, .next = body, .other = task.next, .min = node.min, .max = node.max};
    code_[loop].op = Op::kLoop;
    code_[loop].next = check;
    todo_.push_back({node.first, body, loop});
}

Status Compiler::write(const Task& task) {
    const Grammar::Node& node = grammar_.node(task.node);
    Instruction& at = code_[task.entry];
    switch (node.kind) {
        case Grammar::Kind::kEmpty:
            at.op = Op::kSplit;
            at.next = at.other = task.next;
            break;
        case Grammar::Kind::kNothing:
            at.op = Op::kFail;
            break;
        case Grammar::Kind::kBytes:
            at = {.op = Op::kByte, .low = node.low, .high = node.high, .next = task.next};
            break;
        case Grammar::Kind::kSequence:
        case Grammar::Kind::kChoice:
            write_list(task, node);
            break;
        case Grammar::Kind::kRepeat:
            write_repeat(task, node);
            break;
        case Grammar::Kind::kRule: {
            const Grammar::Rule& rule = grammar_.rules()[node.first];
            if (!rule.defined) {
                return invalid_argument("the rule '" + rule.name + "' is used and not defined");
            }
            const uint32_t entry = rule_entry(node.first);
            code_[task.entry].op = Op::kCall;
            code_[task.entry].other = entry;
            code_[task.entry].next = task.next;
            break;
        }
    }
    if (code_.size() > limits_.max_instructions) {
        return limit_exceeded("the grammar is too large: over " +
                              std::to_string(limits_.max_instructions) + " instructions");
    }
    return ok_status();
}

uint64_t Compiler::measure(const Instruction& at) const {
    const auto add = [](uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; };
    switch (at.op) {
        case Op::kByte:
            return add(1, code_[at.next].distance);
        case Op::kSplit:
            return std::min(code_[at.next].distance, code_[at.other].distance);
        case Op::kCall:
            return add(code_[at.other].distance, code_[at.next].distance);
        case Op::kReturn:
        case Op::kLoop:
            return 0;
        case Op::kEnter:
            return code_[at.next].distance;
        case Op::kCheck: {
            const uint64_t body = code_[at.next].distance;
            if (at.min == 0) return code_[at.other].distance;
            if (body > UINT64_MAX / at.min) return UINT64_MAX;
            return add(body * at.min, code_[at.other].distance);
        }
        case Op::kFail:
            break;
    }
    return UINT64_MAX;
}

// From the ends backwards, until nothing gets shorter.
void Compiler::find_distances() {
    std::vector<std::vector<uint32_t>> users(code_.size());
    std::deque<uint32_t> todo;
    for (uint32_t pc = 0; pc < code_.size(); ++pc) {
        const Instruction& at = code_[pc];
        if (at.op == Op::kFail) continue;
        if (at.op == Op::kReturn || at.op == Op::kLoop) {
            todo.push_back(pc);
            continue;
        }
        users[at.next].push_back(pc);
        const bool two = at.op == Op::kSplit || at.op == Op::kCall || at.op == Op::kCheck;
        if (two && at.other != at.next) users[at.other].push_back(pc);
    }
    while (!todo.empty()) {
        const uint32_t pc = todo.front();
        todo.pop_front();
        const uint64_t found = measure(code_[pc]);
        if (found >= code_[pc].distance) continue;
        code_[pc].distance = found;
        todo.insert(todo.end(), users[pc].begin(), users[pc].end());
    }
}

// Rules that a rule may call before it took a byte.
void Compiler::left_calls(uint32_t entry, std::set<uint32_t>& out) const {
    std::vector<uint32_t> todo = {entry};
    std::set<uint32_t> seen;
    while (!todo.empty()) {
        const uint32_t pc = todo.back();
        todo.pop_back();
        if (!seen.insert(pc).second) continue;
        const Instruction& at = code_[pc];
        switch (at.op) {
            case Op::kSplit:
                todo.push_back(at.next);
                todo.push_back(at.other);
                break;
            case Op::kCheck:
                todo.push_back(at.next);
                if (at.min == 0 || code_[at.next].distance == 0) todo.push_back(at.other);
                break;
            case Op::kCall:
                out.insert(at.other);
                if (code_[at.other].distance == 0) todo.push_back(at.next);
                break;
            case Op::kEnter:
            case Op::kLoop:
                todo.push_back(at.next);
                break;
            case Op::kByte:
            case Op::kReturn:
            case Op::kFail:
                break;
        }
    }
}

Status Compiler::check_left_recursion() const {
    enum class Mark : uint8_t { kNew, kOpen, kDone };
    std::unordered_map<uint32_t, uint32_t> rule_at;  // by entry
    for (uint32_t rule = 0; rule < entries_.size(); ++rule) {
        if (entries_[rule] != UINT32_MAX) rule_at[entries_[rule]] = rule;
    }
    std::vector<Mark> marks(entries_.size(), Mark::kNew);
    struct Visit {
        uint32_t rule;
        std::vector<uint32_t> calls;
    };
    const auto visit = [&](uint32_t rule) {
        marks[rule] = Mark::kOpen;
        std::set<uint32_t> calls;
        left_calls(entries_[rule], calls);
        return Visit{rule, {calls.begin(), calls.end()}};
    };
    for (const auto& [entry, first] : rule_at) {
        if (marks[first] != Mark::kNew) continue;
        std::vector<Visit> path;
        path.push_back(visit(first));
        while (!path.empty()) {
            if (path.back().calls.empty()) {
                marks[path.back().rule] = Mark::kDone;
                path.pop_back();
                continue;
            }
            const uint32_t rule = rule_at.at(path.back().calls.back());
            path.back().calls.pop_back();
            if (marks[rule] == Mark::kOpen) {
                return invalid_argument("the rule '" + grammar_.rules()[rule].name +
                                        "' begins with itself (left recursion)");
            }
            if (marks[rule] == Mark::kNew) path.push_back(visit(rule));
        }
    }
    return ok_status();
}

void Compiler::find_classes() {
    std::array<bool, 257> starts{};
    starts[0] = true;
    for (const Instruction& at : code_) {
        if (at.op != Op::kByte) continue;
        starts[at.low] = true;
        starts[at.high + 1u] = true;
    }
    for (uint32_t byte = 0; byte < 256; ++byte) {
        if (starts[byte]) {
            out_.class_byte_.push_back(static_cast<uint8_t>(byte));
            out_.class_size_.push_back(0);
        }
        out_.class_of_[byte] = static_cast<uint8_t>(out_.class_byte_.size() - 1);
        ++out_.class_size_.back();
    }
}

Status Compiler::run() {
    entries_.assign(grammar_.rules().size(), UINT32_MAX);
    out_.start_ = reserve();
    const uint32_t end = reserve();
    code_[end].op = Op::kReturn;
    todo_.push_back({grammar_.root(), out_.start_, end});
    while (!todo_.empty()) {
        const Task task = todo_.back();
        todo_.pop_back();
        ALV_RETURN_IF_ERROR(write(task));
    }
    find_distances();
    ALV_RETURN_IF_ERROR(check_left_recursion());
    if (code_[out_.start_].distance == UINT64_MAX) {
        return invalid_argument("no text at all matches: it could never end");
    }
    find_classes();
    return ok_status();
}

Result<std::shared_ptr<const Automaton>> Automaton::compile(const Grammar& grammar,
                                                            const AutomatonLimits& limits) {
    const auto automaton = std::make_shared<Automaton>();
    ALV_RETURN_IF_ERROR(Compiler(grammar, limits, *automaton).run());
    return std::shared_ptr<const Automaton>(automaton);
}

}  // namespace alv::schema
