// The third part of ExpressionParser: what stands behind a value, and binds tightest: .name, |
// filter, is test.
#include "text/jinja_parser.h"

namespace alv::text::jinja {

Status ExpressionParser::attribute() {
    ALV_RETURN_IF_ERROR(in_.advance());
    const Token& t = in_.now();
    if (t.type == Tok::kInteger) {
        out_.emit(Op::kConst, t.line, out_.constant(Value::integer(t.integer, true)));
        out_.emit(Op::kGetItem, t.line);
    } else if (t.type == Tok::kName) {
        out_.emit(Op::kGetAttr, t.line, out_.constant_string(t.text));
    } else {
        return in_.error("expected a name after '.', got " + describe(t));
    }
    return in_.advance();
}

Status ExpressionParser::filter() {
    reduce(kPrecUnary);
    ALV_RETURN_IF_ERROR(in_.advance());
    return filter_name();
}

Status ExpressionParser::filter_name() {
    const uint32_t line = in_.now().line;
    if (in_.now().type != Tok::kName) return in_.error("expected the name of a filter");
    const int32_t name = out_.filter_name(in_.now().text);
    ALV_RETURN_IF_ERROR(in_.advance());
    if (in_.now().type != Tok::kLParen) {
        out_.emit(Op::kFilter, line, name);
        return ok_status();
    }
    ALV_RETURN_IF_ERROR(open(Open::kFilterArguments, line, name));
    ALV_RETURN_IF_ERROR(in_.advance());
    return begin_argument(stack_.back());
}

Status ExpressionParser::test() {
    reduce(kPrecUnary);
    ALV_RETURN_IF_ERROR(in_.advance());
    const bool negated = in_.now().is_name("not");
    if (negated) ALV_RETURN_IF_ERROR(in_.advance());
    const uint32_t line = in_.now().line;
    if (in_.now().type != Tok::kName) return in_.error("expected the name of a test");
    const int32_t name = out_.test_name(in_.now().text);
    ALV_RETURN_IF_ERROR(in_.advance());
    const Token& t = in_.now();
    if (t.type == Tok::kLParen) {
        ALV_RETURN_IF_ERROR(open(Open::kTestArguments, line, name));
        stack_.back().negated = negated;
        ALV_RETURN_IF_ERROR(in_.advance());
        return begin_argument(stack_.back());
    }
    if (t.is_name("is")) return in_.error("tests with 'is' cannot be chained");
    const bool has_argument = (t.type == Tok::kName && !is_keyword(t)) || t.type == Tok::kString ||
                              t.type == Tok::kInteger || t.type == Tok::kFloat ||
                              t.type == Tok::kLBracket || t.type == Tok::kLBrace;
    if (has_argument) {
        ALV_RETURN_IF_ERROR(
            push_operator(Open::kTestArgument, kPrecTestArgument, line, name, out_.here()));
        stack_.back().negated = negated;
        return ok_status();
    }
    out_.emit(Op::kTest, line, name);
    if (negated) out_.emit(Op::kNot, line);
    return ok_status();
}

Status ExpressionParser::parse_filters() {
    stack_.clear();
    options_ = {false, false};
    ALV_RETURN_IF_ERROR(open(Open::kRoot, in_.now().line));
    want_operand_ = false;
    return continue_filters();
}

Status ExpressionParser::parse_first_filter() {
    stack_.clear();
    options_ = {false, false};
    ALV_RETURN_IF_ERROR(open(Open::kRoot, in_.now().line));
    want_operand_ = false;
    ALV_RETURN_IF_ERROR(filter_name());
    return continue_filters();
}

Status ExpressionParser::continue_filters() {
    bool done = false;
    while (!done) {
        if (want_operand_) {
            ALV_RETURN_IF_ERROR(operand());
        } else if (stack_.size() == 1 && in_.now().type != Tok::kPipe) {
            break;
        } else {
            ALV_RETURN_IF_ERROR(operator_or_end(done));
        }
    }
    return ok_status();
}

}  // namespace alv::text::jinja
