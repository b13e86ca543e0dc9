#include "text/jinja_vm.h"

#include <algorithm>

#include "text/jinja_ops.h"

namespace alv::text::jinja {

Machine::Machine(const Program& program, Context& cx) : program_(program), cx_(cx) {
    output_.emplace_back(cx_);
    push_scope(0);
    for (const FunctionInfo& f : functions()) bind(f.name, Value::function(&f));
}

void Machine::bind(std::string_view name, Value value) {
    uint32_t symbol = 0;
    if (program_.find_symbol(name, symbol)) store(symbol, std::move(value));
}

Value Machine::run() {
    push_scope(0);
    while (cx_.step()) {
        const Instruction& in = program_.code[ip_++];
        if (in.op == Op::kHalt) break;
        execute(in);
        if (cx_.failed()) break;
    }
    return cx_.failed() ? Value() : output_.back().finish();
}

void Machine::execute(const Instruction& in) {
    switch (in.op) {
        case Op::kConst:
            return push(program_.constants[static_cast<size_t>(in.arg)]);
        case Op::kLoad:
            return load(static_cast<uint32_t>(in.arg));
        case Op::kStore:
            return store(static_cast<uint32_t>(in.arg), pop());
        case Op::kPop:
            stack_.pop_back();
            return;
        case Op::kUndefined:
            return push(Value::undefined());
        case Op::kJump:
            return jump(in);
        case Op::kJumpIfFalse:
            if (!truthy(pop())) jump(in);
            return;
        case Op::kJumpIfFalseOrPop:
        case Op::kJumpIfTrueOrPop:
            if (truthy(stack_.back()) == (in.op == Op::kJumpIfTrueOrPop)) return jump(in);
            stack_.pop_back();
            return;
        case Op::kFilter:
            return filter(in);
        case Op::kTest:
            return test(in);
        case Op::kCall:
            return call(in);
        case Op::kOutput:
            return print(pop());
        case Op::kOutputConst:
            return print(program_.constants[static_cast<size_t>(in.arg)]);
        default:
            break;
    }
    if (in.op >= Op::kForBegin) return execute_block(in);
    execute_operator(in);
}

void Machine::execute_operator(const Instruction& in) {
    switch (in.op) {
        case Op::kStoreAttr:
            return store_attribute(in);
        case Op::kGetAttr:
            return push(get_attribute(cx_, pop(), program_.constants[static_cast<size_t>(in.arg)]));
        case Op::kGetItem: {
            const Value key = pop();
            return push(get_item(cx_, pop(), key));
        }
        case Op::kSlice: {
            const Value step = pop(), stop = pop(), start = pop();
            return push(slice(cx_, pop(), start, stop, step));
        }
        case Op::kList:
            return push(cx_.list(pop_many(static_cast<size_t>(in.arg))));
        case Op::kTuple:
            return push(cx_.tuple(pop_many(static_cast<size_t>(in.arg))));
        case Op::kDict: {
            std::vector<Value> flat = pop_many(2 * static_cast<size_t>(in.arg));
            std::vector<std::pair<Value, Value>> entries;
            for (size_t i = 0; i < flat.size(); i += 2) {
                entries.emplace_back(std::move(flat[i]), std::move(flat[i + 1]));
            }
            return push(cx_.dict(std::move(entries)));
        }
        case Op::kNot:
            return push(Value::boolean(!truthy(pop())));
        case Op::kNegate:
            return push(negate(cx_, pop()));
        case Op::kPlus: {
            const Value zero = Value::integer(0, true);
            return push(binary(cx_, Tok::kPlus, zero, pop()));
        }
        case Op::kBinary: {
            const Value right = pop();
            return push(binary(cx_, static_cast<Tok>(in.arg), pop(), right));
        }
        case Op::kCompare: {
            const Value right = pop();
            return push(Value::boolean(compare(cx_, static_cast<CompareOp>(in.arg), pop(), right)));
        }
        case Op::kCompareChain: {
            Value right = pop();
            if (compare(cx_, static_cast<CompareOp>(in.n), pop(), right))
                return push(std::move(right));
            push(Value::boolean(false));
            return jump(in);
        }
        default:
            return;
    }
}

void Machine::execute_block(const Instruction& in) {
    switch (in.op) {
        case Op::kForBegin:
            return begin_loop(in, false);
        case Op::kForNext:
            return next_item(in, false);
        case Op::kForEnd:
            return end_loop();
        case Op::kFilterBegin:
            return begin_loop(in, true);
        case Op::kFilterNext:
            return next_item(in, true);
        case Op::kFilterTest: {
            LoopState& state = loops_.back();
            if (!truthy(pop())) return;
            state.kept.push_back(state.loop.loop().items.seq().items[state.next - 1]);
            return;
        }
        case Op::kFilterEnd: {
            std::vector<Value> kept = std::move(loops_.back().kept);
            end_loop();
            return push(cx_.list(std::move(kept)));
        }
        case Op::kScopePush:
            return push_scope(scope_);
        case Op::kScopePop:
            return pop_scopes(n_scopes_ - 1, scopes_[scope_].parent);
        case Op::kCaptureBegin:
            output_.emplace_back(cx_);
            return;
        case Op::kCaptureEnd: {
            push(output_.back().finish());
            output_.pop_back();
            return;
        }
        case Op::kMacro: {
            auto* macro = cx_.make<Macro>(0);
            if (macro == nullptr) return;
            macro->index = static_cast<uint32_t>(in.arg);
            macro->entry = static_cast<uint32_t>(ip_) + 1;
            macro->scope = scope_;
            macro->scope_serial = scopes_[scope_].serial;
            return push(Value::object(macro));
        }
        case Op::kArgDefault:
            if (frames_.back().given[in.n]) jump(in);
            return;
        case Op::kReturn:
            return return_from_macro();
        case Op::kUnpack:
            return unpack(static_cast<size_t>(in.arg));
        default:
            return;
    }
}

Value Machine::pop() {
    Value v = std::move(stack_.back());
    stack_.pop_back();
    return v;
}

std::vector<Value> Machine::pop_many(size_t n) {
    const auto begin = stack_.end() - static_cast<std::ptrdiff_t>(n);
    std::vector<Value> out(std::make_move_iterator(begin), std::make_move_iterator(stack_.end()));
    stack_.erase(begin, stack_.end());
    return out;
}

void Machine::push_scope(uint32_t parent) {
    constexpr size_t kMaxScopes = 8192;  // calls x blocks, far below
    if (n_scopes_ >= kMaxScopes) {
        cx_.fail(Code::kLimitExceeded, "scopes nest deeper than " + std::to_string(kMaxScopes));
        return;
    }
    if (n_scopes_ == scopes_.size()) scopes_.emplace_back();
    Scope& s = scopes_[n_scopes_];
    s.parent = parent;
    s.serial = ++serial_;
    scope_ = static_cast<uint32_t>(n_scopes_++);
}

void Machine::pop_scopes(size_t count, uint32_t current) {
    while (n_scopes_ > count) {
        Scope& s = scopes_[--n_scopes_];
        s.variables.clear();
        s.serial = 0;
    }
    scope_ = current;
}

Value* Machine::find(uint32_t symbol) {
    for (uint32_t i = scope_;; i = scopes_[i].parent) {
        for (auto& [id, value] : scopes_[i].variables) {
            if (id == symbol) return &value;
        }
        if (i == 0) return nullptr;
    }
}

void Machine::store(uint32_t symbol, Value value) {
    auto& variables = scopes_[scope_].variables;
    if (!cx_.step(variables.size() / 64)) return;
    for (auto& [id, old] : variables) {
        if (id != symbol) continue;
        old = std::move(value);
        return;
    }
    variables.emplace_back(symbol, std::move(value));
}

void Machine::load(uint32_t symbol) {
    if (const Value* v = find(symbol)) return push(*v);
    push(Value::undefined(program_.constants[static_cast<size_t>(program_.symbol_names[symbol])]));
}

void Machine::store_attribute(const Instruction& in) {
    Value value = pop();
    const Value* object = find(in.n);
    if (object == nullptr || !object->is(Kind::kNamespace)) {
        cx_.type_error("cannot assign an attribute of anything but a namespace");
        return;
    }
    const Value& name = program_.constants[static_cast<size_t>(in.arg)];
    if (!cx_.step(object->ns().members.size() / 16)) return;
    if (Value* member = object->ns().find(name.text())) {
        *member = std::move(value);
    } else {
        object->ns().members.emplace_back(name, std::move(value));
    }
}

void Machine::begin_loop(const Instruction& in, bool is_filter) {
    const Value items = iterate(cx_, pop());
    if (cx_.failed()) return;
    if (!is_filter && items.seq().items.empty()) return jump(in);
    auto* loop = cx_.make<Loop>(0);
    if (loop == nullptr) return;
    loop->items = items;
    LoopState state;
    state.loop = Value::object(loop);
    state.scope = scope_;
    state.n_scopes = n_scopes_;
    loops_.push_back(std::move(state));
}

void Machine::next_item(const Instruction& in, bool is_filter) {
    LoopState& state = loops_.back();
    pop_scopes(state.n_scopes, state.scope);
    Loop& loop = state.loop.loop();
    const auto& items = loop.items.seq().items;
    if (state.next >= items.size()) return jump(in);
    push_scope(scope_);
    if (cx_.failed()) return;
    loop.index0 = state.next;
    if (!is_filter) bind("loop", state.loop);
    push(items[state.next++]);
}

void Machine::end_loop() {
    pop_scopes(loops_.back().n_scopes, loops_.back().scope);
    loops_.pop_back();
}

void Machine::unpack(size_t n) {
    const Value v = pop();
    const Value items = v.is_undefined() ? undefined_error(cx_, v) : iterate(cx_, v);
    if (cx_.failed()) return;
    const auto& all = items.seq().items;
    if (all.size() != n) {
        cx_.type_error("cannot unpack " + std::to_string(all.size()) + " values into " +
                       std::to_string(n));
        return;
    }
    for (size_t i = n; i-- > 0;) push(all[i]);
}

void Machine::print(const Value& v) {
    write_text(cx_, output_.back(), v);
    if (output_.front().size() > cx_.budget().max_output_bytes) {
        cx_.fail(Code::kLimitExceeded,
                 "the output exceeds " + std::to_string(cx_.budget().max_output_bytes) + " bytes");
    }
}

}  // namespace alv::text::jinja
