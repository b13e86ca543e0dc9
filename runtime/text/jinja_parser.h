// Tokens -> code. Both halves are iterative: expressions by operator precedence over an explicit
// stack, statements over a stack of open blocks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/jinja_lexer.h"
#include "text/jinja_program.h"

namespace alv::text::jinja {

// Writes code and interns constants.
class Emitter {
  public:
    Emitter() : program_(std::make_unique<Program>()) {}
    size_t here() const { return program_->code.size(); }
    size_t emit(Op op, uint32_t line, int32_t arg = 0, uint16_t n = 0, uint8_t m = 0);
    void patch(size_t jump) { patch(jump, here()); }  // makes it jump here
    void patch(size_t jump, size_t target);
    void emit_jump_back(size_t target, uint32_t line);
    int32_t constant(Value value);
    int32_t constant_string(std::string_view text);
    void emit_string(std::string_view text, uint32_t line);
    uint32_t symbol(std::string_view name);
    int32_t filter_name(std::string_view name);
    int32_t test_name(std::string_view name);
    Program& program() { return *program_; }
    std::unique_ptr<Program> take() { return std::move(program_); }

  private:
    std::unique_ptr<Program> program_;
    std::map<std::string, int32_t, std::less<>> string_ids_;
};

// Two tokens of look-ahead.
class TokenStream {
  public:
    explicit TokenStream(std::string_view source) : lexer_(source) {}
    Status start();
    Status advance();
    const Token& now() const { return now_; }
    const Token& ahead() const { return ahead_; }
    // An error "line N: ...", at the current token.
    Status error(std::string message) const;
    Status expect(Tok type, const char* what);

  private:
    Lexer lexer_;
    Token now_, ahead_;
};

struct ExpressionOptions {
    bool allow_tuple = true;      // `a, b` without parentheses
    bool allow_condition = true;  // `a if b else c`
};

// Reads one expression and emits code that pushes its value.
class ExpressionParser {
  public:
    ExpressionParser(TokenStream& in, Emitter& out, uint32_t max_depth)
        : in_(in), out_(out), max_depth_(max_depth) {}
    Status parse(ExpressionOptions options);
    // Filters behind a value that is on the stack already ({% set x | f %}, {% filter f %}).
    Status parse_filters();
    Status parse_first_filter();  // the same, the first without its '|'
    // Names read so far that need a variable of the enclosing macro.
    bool saw_varargs = false;
    bool saw_kwargs = false;

  private:
    // What an open construct waits for. The first group are operators, the second brackets.
    enum class Open : uint8_t {
        kTernaryElse,
        kTernaryCondition,
        kOr,
        kAnd,
        kNot,
        kCompare,
        kBinary,
        kUnary,
        kTestArgument,
        kRoot,
        kGroup,  // ( ... )
        kList,
        kDict,
        kCall,
        kFilterArguments,
        kTestArguments,
        kSubscript,
    };
    // From loose to tight, as Jinja's parser nests its calls.
    enum Precedence : uint8_t {
        kPrecElse = 1,
        kPrecCondition,
        kPrecOr,
        kPrecAnd,
        kPrecNot,
        kPrecCompare,
        kPrecSum,
        kPrecConcat,
        kPrecProduct,
        kPrecPower,
        kPrecUnary,
        kPrecTestArgument,
    };
    struct Entry {
        Open open;
        uint8_t precedence = 0;  // 0 for brackets
        uint32_t line = 0;
        size_t code = 0;  // start of the sub-expression, or the jump to patch
        size_t code2 = 0;
        int32_t arg = 0;     // operator, or name index
        uint32_t count = 0;  // elements, positional arguments, slice parts
        uint32_t keywords = 0;
        int64_t chain = -1;  // last jump of a chain of comparisons
        bool comma = false, value_pending = false, negated = false, is_slice = false;
    };

    static uint8_t binary_precedence(Tok t);
    static bool is_keyword(const Token& t);  // no name of a variable
    Status operand();
    Status operator_or_end(bool& done);
    Status name_operand();
    Status open(Open kind, uint32_t line, int32_t arg = 0);
    Status push_operator(Open kind, uint8_t precedence, uint32_t line, int32_t arg, size_t code);
    void reduce(uint8_t precedence);  // operators that bind at least as tightly
    void reduce_one();
    void finish_ternary(Entry& e, bool with_else);
    Status binary(uint8_t precedence, Tok op);
    Status comparison(bool& done);
    Status condition(bool& done);
    Status else_branch(bool& done);
    Status filter();
    Status filter_name();
    Status continue_filters();
    Status test();
    Status attribute();
    Status comma(bool& done);
    Status colon(bool& done);
    Status close(bool& done);
    Status begin_argument(Entry& e);
    Entry& bracket();
    void close_subscript(const Entry& e);
    Status slice_default(Entry& e);

    TokenStream& in_;
    Emitter& out_;
    uint32_t max_depth_;
    ExpressionOptions options_;
    std::vector<Entry> stack_;
    bool want_operand_ = true;
};

}  // namespace alv::text::jinja
