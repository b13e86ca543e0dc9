// A compiled template: code for the stack machine in jinja_vm.cpp. Immutable once parsed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/jinja_value.h"

namespace alv::text::jinja {

// Jumps are relative to the instruction after them, so that code may be moved as a block.
enum class Op : uint8_t {
    kConst,      // push constants[arg]
    kLoad,       // push the variable of symbol arg
    kStore,      // pop into the variable of symbol arg
    kStoreAttr,  // pop into attribute constants[arg] of the namespace in symbol n
    kPop,
    kUndefined,  // push an undefined value
    kGetAttr,    // top.constants[arg]
    kGetItem,    // pop key; top[key]
    kSlice,      // pop step, stop, start; top[start:stop:step]
    kList,       // pop arg values, push a list
    kTuple,
    kDict,  // pop arg pairs
    kNot,
    kNegate,
    kPlus,
    kBinary,        // arg is a Tok
    kCompare,       // arg is a CompareOp
    kCompareChain,  // n is a CompareOp; false: push False and jump; true: keep the right operand
    kJump,
    kJumpIfFalse,  // pops
    kJumpIfFalseOrPop,
    kJumpIfTrueOrPop,
    kFilter,  // n positional and m keyword arguments; arg is an index into names
    kTest,
    kCall,
    kOutput,       // pop and print
    kOutputConst,  // print constants[arg]
    kForBegin,     // pop the iterable; jump when there is nothing in it
    kForNext,      // new scope, push the item; jump at the end
    kForEnd,
    kFilterBegin,  // the loop's own `if`: the same, but collects what passes
    kFilterNext,
    kFilterTest,  // pop the condition
    kFilterEnd,   // push the list of items that passed
    kScopePush,
    kScopePop,
    kCaptureBegin,
    kCaptureEnd,  // push what was printed
    kMacro,       // push macros[arg] bound to this scope
    kArgDefault,  // parameter arg was given: jump over its default
    kReturn,
    kUnpack,  // pop a sequence of arg items, push them, the first on top
    kHalt,
};

enum class CompareOp : uint8_t { kEq, kNe, kLt, kLe, kGt, kGe, kIn, kNotIn };

struct Instruction {
    Op op;
    uint8_t m = 0;
    uint16_t n = 0;
    int32_t arg = 0;
    uint32_t line = 0;
};

struct MacroCode {
    std::string name;
    std::vector<uint32_t> params;  // symbols
    std::vector<bool> has_default;
    bool uses_varargs = false;
    bool uses_kwargs = false;
};

struct FilterInfo;
struct TestInfo;

struct Name {  // of a filter or test; info is null when there is none of that name
    std::string text;
    const FilterInfo* filter = nullptr;
    const TestInfo* test = nullptr;
};

struct Program {
    std::vector<Instruction> code;
    std::vector<std::unique_ptr<String>> strings;  // immortal, named by constants
    std::vector<Value> constants;
    std::map<std::string, uint32_t, std::less<>> symbols;
    std::vector<int32_t> symbol_names;  // their constants
    std::vector<Name> names;
    std::vector<MacroCode> macros;

    // False when the template never names it.
    bool find_symbol(std::string_view name, uint32_t& symbol) const;
};

// Errors carry "line N: ".
Result<std::unique_ptr<Program>> parse_program(std::string_view source, uint32_t max_depth);

}  // namespace alv::text::jinja
