// Expressions by operator precedence. Each open operator or bracket is an entry of stack_, so that
// nesting costs heap, is counted, and never recurses.
#include <algorithm>

#include "text/jinja_parser.h"

namespace alv::text::jinja {

uint8_t ExpressionParser::binary_precedence(Tok t) {
    switch (t) {
        case Tok::kPlus:
        case Tok::kMinus:
            return kPrecSum;
        case Tok::kTilde:
            return kPrecConcat;
        case Tok::kMul:
        case Tok::kDiv:
        case Tok::kFloorDiv:
        case Tok::kMod:
            return kPrecProduct;
        case Tok::kPow:
            return kPrecPower;
        default:
            return 0;
    }
}

ExpressionParser::Entry& ExpressionParser::bracket() {
    size_t i = stack_.size() - 1;
    while (stack_[i].precedence != 0) --i;
    return stack_[i];
}

Status ExpressionParser::open(Open kind, uint32_t line, int32_t arg) {
    const auto depth = std::count_if(stack_.begin(), stack_.end(),
                                     [](const Entry& e) { return e.precedence == 0; });
    if (depth > static_cast<std::ptrdiff_t>(max_depth_)) {
        return limit_exceeded("line " + std::to_string(line) +
                              ": an expression nests deeper than " + std::to_string(max_depth_) +
                              " levels");
    }
    Entry e;
    e.open = kind;
    e.line = line;
    e.arg = arg;
    e.code = out_.here();
    stack_.push_back(e);
    want_operand_ = true;
    return ok_status();
}

Status ExpressionParser::push_operator(Open kind, uint8_t precedence, uint32_t line, int32_t arg,
                                       size_t code) {
    if (stack_.size() > 4 * size_t{max_depth_}) {
        return limit_exceeded("line " + std::to_string(line) + ": an expression has more than " +
                              std::to_string(4 * max_depth_) + " open operators");
    }
    Entry e;
    e.open = kind;
    e.precedence = precedence;
    e.line = line;
    e.arg = arg;
    e.code = code;
    stack_.push_back(e);
    want_operand_ = true;
    return ok_status();
}

void ExpressionParser::reduce(uint8_t precedence) {
    while (stack_.back().precedence >= precedence) reduce_one();
}

void ExpressionParser::reduce_one() {
    Entry e = stack_.back();
    switch (e.open) {
        case Open::kTernaryElse:
            out_.patch(e.code2);
            break;
        case Open::kTernaryCondition:
            finish_ternary(stack_.back(), false);
            break;
        case Open::kOr:
        case Open::kAnd:
            out_.patch(e.code);
            break;
        case Open::kNot:
            out_.emit(Op::kNot, e.line);
            break;
        case Open::kCompare:
            out_.emit(Op::kCompare, e.line, e.arg);
            while (e.chain >= 0) {
                const auto link = static_cast<size_t>(e.chain);
                e.chain = out_.program().code[link].arg;
                out_.patch(link);
            }
            break;
        case Open::kBinary:
            out_.emit(Op::kBinary, e.line, e.arg);
            break;
        case Open::kUnary:
            out_.emit(static_cast<Tok>(e.arg) == Tok::kMinus ? Op::kNegate : Op::kPlus, e.line);
            break;
        case Open::kTestArgument:
            out_.emit(Op::kTest, e.line, e.arg, 1);
            if (e.negated) out_.emit(Op::kNot, e.line);
            break;
        default:
            break;
    }
    stack_.pop_back();
}

// The code is [value][jump][condition]; it becomes [condition][jump if false][value][jump].
void ExpressionParser::finish_ternary(Entry& e, bool with_else) {
    const size_t value_size = e.code2 - e.code;
    const size_t condition_size = out_.here() - e.code2 - 1;
    out_.emit(Op::kJumpIfFalse, e.line, static_cast<int32_t>(value_size + 1));
    auto& code = out_.program().code;
    const auto at = [&](size_t i) { return code.begin() + static_cast<std::ptrdiff_t>(i); };
    std::rotate(at(e.code), at(e.code2 + 1), code.end());
    e.code2 = e.code + condition_size + 1 + value_size;
    if (with_else) {
        e.open = Open::kTernaryElse;
        e.precedence = kPrecElse;
        e.code = out_.here();
    } else {
        out_.emit(Op::kUndefined, e.line);
        out_.patch(e.code2);
    }
}

Status ExpressionParser::parse(ExpressionOptions options) {
    options_ = options;
    stack_.clear();
    ALV_RETURN_IF_ERROR(open(Open::kRoot, in_.now().line));
    bool done = false;
    while (!done) {
        if (want_operand_) {
            // A trailing comma ends a bare tuple.
            const Tok t = in_.now().type;
            if (stack_.size() == 1 && stack_.back().comma &&
                (t == Tok::kPrintEnd || t == Tok::kBlockEnd)) {
                break;
            }
            ALV_RETURN_IF_ERROR(operand());
        } else {
            ALV_RETURN_IF_ERROR(operator_or_end(done));
        }
    }
    const Entry& root = stack_.back();
    if (root.comma) {
        const uint32_t n = root.count + (want_operand_ ? 0 : 1);
        out_.emit(Op::kTuple, root.line, static_cast<int32_t>(n));
    }
    return ok_status();
}

Status ExpressionParser::operand() {
    const Token& t = in_.now();
    const uint32_t line = t.line;
    switch (t.type) {
        case Tok::kName:
            return name_operand();
        case Tok::kString: {
            std::string text;
            while (in_.now().type == Tok::kString) {
                text += in_.now().text;
                ALV_RETURN_IF_ERROR(in_.advance());
            }
            out_.emit_string(text, line);
            want_operand_ = false;
            return ok_status();
        }
        case Tok::kInteger:
            out_.emit(Op::kConst, line, out_.constant(Value::integer(t.integer, true)));
            want_operand_ = false;
            return in_.advance();
        case Tok::kFloat:
            out_.emit(Op::kConst, line, out_.constant(Value::number(t.number, true)));
            want_operand_ = false;
            return in_.advance();
        case Tok::kMinus:
        case Tok::kPlus:
            ALV_RETURN_IF_ERROR(push_operator(Open::kUnary, kPrecUnary, line,
                                              static_cast<int32_t>(t.type), out_.here()));
            return in_.advance();
        case Tok::kLParen:
            ALV_RETURN_IF_ERROR(open(Open::kGroup, line));
            return in_.advance();
        case Tok::kLBracket:
            ALV_RETURN_IF_ERROR(open(Open::kList, line));
            return in_.advance();
        case Tok::kLBrace:
            ALV_RETURN_IF_ERROR(open(Open::kDict, line));
            return in_.advance();
        case Tok::kRParen:
        case Tok::kRBracket:
        case Tok::kRBrace: {
            bool done = false;
            return close(done);
        }
        case Tok::kColon: {
            bool done = false;
            return colon(done);
        }
        case Tok::kMul:
        case Tok::kPow:
            if (stack_.back().open == Open::kCall) {
                return unsupported("line " + std::to_string(line) +
                                   ": argument unpacking (* and **) is not supported");
            }
            [[fallthrough]];
        default:
            return in_.error("expected an expression, got " + describe(t));
    }
}

bool ExpressionParser::is_keyword(const Token& t) {
    for (const char* word : {"and", "or", "not", "if", "else", "elif", "in", "is"}) {
        if (t.is_name(word)) return true;
    }
    return false;
}

Status ExpressionParser::name_operand() {
    const Token& t = in_.now();
    const uint32_t line = t.line;
    if (t.is_name("not")) {
        ALV_RETURN_IF_ERROR(push_operator(Open::kNot, kPrecNot, line, 0, out_.here()));
        return in_.advance();
    }
    if (is_keyword(t)) return in_.error("expected an expression, got " + describe(t));
    if (t.text == "true" || t.text == "True") {
        out_.emit(Op::kConst, line, out_.constant(Value::boolean(true)));
    } else if (t.text == "false" || t.text == "False") {
        out_.emit(Op::kConst, line, out_.constant(Value::boolean(false)));
    } else if (t.text == "none" || t.text == "None") {
        out_.emit(Op::kConst, line, out_.constant(Value::none()));
    } else {
        saw_varargs = saw_varargs || t.text == "varargs";
        saw_kwargs = saw_kwargs || t.text == "kwargs";
        out_.emit(Op::kLoad, line, static_cast<int32_t>(out_.symbol(t.text)));
    }
    want_operand_ = false;
    return in_.advance();
}

Status ExpressionParser::operator_or_end(bool& done) {
    const Token& t = in_.now();
    const uint32_t line = t.line;
    switch (t.type) {
        case Tok::kDot:
            return attribute();
        case Tok::kLBracket:
            ALV_RETURN_IF_ERROR(open(Open::kSubscript, line));
            return in_.advance();
        case Tok::kLParen:
            ALV_RETURN_IF_ERROR(open(Open::kCall, line));
            ALV_RETURN_IF_ERROR(in_.advance());
            return begin_argument(stack_.back());
        case Tok::kPipe:
            return filter();
        case Tok::kComma:
            return comma(done);
        case Tok::kColon:
            return colon(done);
        case Tok::kRParen:
        case Tok::kRBracket:
        case Tok::kRBrace:
            return close(done);
        case Tok::kPlus:
        case Tok::kMinus:
        case Tok::kMul:
        case Tok::kDiv:
        case Tok::kFloorDiv:
        case Tok::kMod:
        case Tok::kPow:
        case Tok::kTilde:
            return binary(binary_precedence(t.type), t.type);
        case Tok::kEq:
        case Tok::kNe:
        case Tok::kLt:
        case Tok::kLe:
        case Tok::kGt:
        case Tok::kGe:
            return comparison(done);
        case Tok::kName:
            break;
        default:
            return close(done);
    }
    if (t.is_name("is")) return test();
    if (t.is_name("in") || (t.is_name("not") && in_.ahead().is_name("in"))) return comparison(done);
    if (t.is_name("if")) return condition(done);
    if (t.is_name("else")) return else_branch(done);
    if (t.is_name("and") || t.is_name("or")) {
        const bool is_and = t.text == "and";
        const uint8_t precedence = is_and ? kPrecAnd : kPrecOr;
        reduce(precedence);
        const size_t jump = out_.emit(is_and ? Op::kJumpIfFalseOrPop : Op::kJumpIfTrueOrPop, line);
        ALV_RETURN_IF_ERROR(
            push_operator(is_and ? Open::kAnd : Open::kOr, precedence, line, 0, jump));
        return in_.advance();
    }
    return close(done);
}

Status ExpressionParser::binary(uint8_t precedence, Tok op) {
    reduce(precedence);
    ALV_RETURN_IF_ERROR(push_operator(Open::kBinary, precedence, in_.now().line,
                                      static_cast<int32_t>(op), out_.here()));
    return in_.advance();
}

Status ExpressionParser::comparison(bool&) {
    const uint32_t line = in_.now().line;
    CompareOp op = CompareOp::kEq;
    switch (in_.now().type) {
        case Tok::kEq:
            op = CompareOp::kEq;
            break;
        case Tok::kNe:
            op = CompareOp::kNe;
            break;
        case Tok::kLt:
            op = CompareOp::kLt;
            break;
        case Tok::kLe:
            op = CompareOp::kLe;
            break;
        case Tok::kGt:
            op = CompareOp::kGt;
            break;
        case Tok::kGe:
            op = CompareOp::kGe;
            break;
        default:
            op = CompareOp::kIn;
            if (in_.now().is_name("not")) {
                op = CompareOp::kNotIn;
                ALV_RETURN_IF_ERROR(in_.advance());
            }
    }
    ALV_RETURN_IF_ERROR(in_.advance());
    reduce(kPrecCompare + 1);
    if (stack_.back().open == Open::kCompare) {  // a < b < c
        Entry& e = stack_.back();
        e.chain = static_cast<int64_t>(out_.emit(
            Op::kCompareChain, line, static_cast<int32_t>(e.chain), static_cast<uint16_t>(e.arg)));
        e.arg = static_cast<int32_t>(op);
        want_operand_ = true;
        return ok_status();
    }
    return push_operator(Open::kCompare, kPrecCompare, line, static_cast<int32_t>(op), out_.here());
}

Status ExpressionParser::condition(bool& done) {
    if (!options_.allow_condition && bracket().open == Open::kRoot) return close(done);
    const uint32_t line = in_.now().line;
    reduce(kPrecCondition);
    const size_t value = stack_.back().code;
    const size_t jump = out_.emit(Op::kJump, line);
    ALV_RETURN_IF_ERROR(push_operator(Open::kTernaryCondition, kPrecCondition, line, 0, value));
    stack_.back().code2 = jump;
    return in_.advance();
}

Status ExpressionParser::else_branch(bool& done) {
    reduce(kPrecOr);
    if (stack_.back().open != Open::kTernaryCondition) return close(done);
    finish_ternary(stack_.back(), true);
    want_operand_ = true;
    return in_.advance();
}

}  // namespace alv::text::jinja
