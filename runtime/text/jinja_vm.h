// Runs a Program: a stack machine whose calls, loops and scopes are entries of vectors, so that a
// template's nesting never becomes the thread's.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja_builtins.h"
#include "text/jinja_context.h"
#include "text/jinja_program.h"

namespace alv::text::jinja {

class Machine {
  public:
    Machine(const Program& program, Context& cx);
    // A variable of the whole template; ignored when the template never names it.
    void bind(std::string_view name, Value value);
    // The printed text, a string; absent when the context failed.
    Value run();
    uint32_t line() const { return program_.code[ip_ > 0 ? ip_ - 1 : 0].line; }

  private:
    struct Scope {
        uint32_t parent = 0;
        uint64_t serial = 0;  // 0: not in use
        std::vector<std::pair<uint32_t, Value>> variables;
    };
    struct Frame {  // of a macro call: what to go back to
        size_t return_ip = 0;
        uint32_t scope = 0;
        size_t n_scopes = 0;
        size_t n_loops = 0;
        std::bitset<128> given;
    };
    struct LoopState {
        Value loop;  // kLoop
        size_t next = 0;
        uint32_t scope = 0;
        size_t n_scopes = 0;
        std::vector<Value> kept;  // of a loop's filter
    };

    void execute(const Instruction& in);
    void execute_operator(const Instruction& in);
    void execute_block(const Instruction& in);

    void jump(const Instruction& in) {
        ip_ = static_cast<size_t>(static_cast<int64_t>(ip_) + in.arg);
    }
    Value pop();
    void push(Value v) { stack_.push_back(std::move(v)); }
    std::vector<Value> pop_many(size_t n);

    void push_scope(uint32_t parent);
    void pop_scopes(size_t count, uint32_t current);
    Value* find(uint32_t symbol);
    void store(uint32_t symbol, Value value);
    void load(uint32_t symbol);
    void store_attribute(const Instruction& in);

    void begin_loop(const Instruction& in, bool is_filter);
    void next_item(const Instruction& in, bool is_filter);
    void end_loop();
    void unpack(size_t n);

    void print(const Value& v);
    void call(const Instruction& in);
    void call_macro(const Macro& macro, const std::vector<Value>& positional,
                    const std::vector<std::pair<Value, Value>>& keywords);
    void bind_keywords(const MacroCode& code, Frame& frame,
                       const std::vector<std::pair<Value, Value>>& keywords);
    void return_from_macro();
    void filter(const Instruction& in);
    void test(const Instruction& in);
    void take_arguments(const Instruction& in, std::vector<Value>& positional,
                        std::vector<std::pair<Value, Value>>& keywords);

    const Program& program_;
    Context& cx_;
    size_t ip_ = 0;
    std::vector<Value> stack_;
    std::vector<Scope> scopes_;  // [0, n_scopes_) are in use; the rest keep their memory
    size_t n_scopes_ = 0;
    uint32_t scope_ = 0;
    uint64_t serial_ = 0;
    std::vector<Frame> frames_;
    std::vector<LoopState> loops_;
    std::vector<Builder> output_;  // the innermost capture last
};

}  // namespace alv::text::jinja
