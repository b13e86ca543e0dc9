// Template source -> tokens, with Jinja's whitespace rules as chat templates are rendered with
// (trim_blocks and lstrip_blocks on, one trailing newline dropped).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace alv::text::jinja {

enum class Tok : uint8_t {
    kEnd,
    kData,        // text: literal template text
    kPrintBegin,  // {{
    kPrintEnd,    // }}
    kBlockBegin,  // {%
    kBlockEnd,    // %}
    kName,
    kString,  // text: unescaped
    kInteger,
    kFloat,
    kPlus,
    kMinus,
    kMul,
    kDiv,
    kFloorDiv,
    kMod,
    kPow,
    kTilde,
    kLBracket,
    kRBracket,
    kLParen,
    kRParen,
    kLBrace,
    kRBrace,
    kEq,
    kNe,
    kGt,
    kGe,
    kLt,
    kLe,
    kAssign,
    kDot,
    kColon,
    kPipe,
    kComma,
};

struct Token {
    Tok type = Tok::kEnd;
    uint32_t line = 1;
    std::string text;
    int64_t integer = 0;
    double number = 0;

    bool is_name(std::string_view name) const { return type == Tok::kName && text == name; }
};
std::string describe(const Token& token);

class Lexer {
  public:
    explicit Lexer(std::string_view source);  // copies, with newlines normalized
    // Appends nothing and allocates no more than the token; iterative.
    Status next(Token& token);

  private:
    enum class Mode : uint8_t { kText, kPrint, kBlock };

    Status text_token(Token& token);
    Status skip_comment(size_t begin);
    bool raw_block(size_t begin, size_t& body, size_t& end, size_t& after);
    std::string_view strip_before(size_t begin, size_t tag, char sign, bool is_print) const;
    Status code_token(Token& token);
    Status string_token(Token& token);
    Status number_token(Token& token);
    Status operator_token(Token& token);
    bool end_token(Token& token);
    void advance(size_t to);  // counts lines
    void skip_spaces();
    char at(size_t i) const { return i < source_.size() ? source_[i] : '\0'; }
    Status error(std::string message) const;

    std::string source_;
    size_t pos_ = 0;
    uint32_t line_ = 1;
    uint32_t open_brackets_ = 0;
    Mode mode_ = Mode::kText;
    bool line_start_ = true;  // what precedes the text ended with a newline
};

}  // namespace alv::text::jinja
