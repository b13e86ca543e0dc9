// The second half of ExpressionParser: what stands inside brackets, and how they close.
#include <limits>

#include "text/jinja_parser.h"

namespace alv::text::jinja {

namespace {
constexpr uint32_t kMaxArguments = 255;
}

// At the start of an argument of a call: `name=` makes it a keyword.
Status ExpressionParser::begin_argument(Entry& e) {
    const Token& t = in_.now();
    if (t.type == Tok::kMul || t.type == Tok::kPow) {
        return unsupported("line " + std::to_string(t.line) +
                           ": argument unpacking (* and **) is not supported");
    }
    if (t.type != Tok::kName || in_.ahead().type != Tok::kAssign) {
        if (t.type != Tok::kRParen && e.keywords > 0) {
            return in_.error("a positional argument follows a keyword argument");
        }
        return ok_status();
    }
    ++e.keywords;
    out_.emit_string(t.text, t.line);
    e.code = out_.here();
    e.value_pending = true;
    ALV_RETURN_IF_ERROR(in_.advance());
    return in_.advance();
}

Status ExpressionParser::comma(bool& done) {
    Entry& e = bracket();
    if (e.open == Open::kRoot && !options_.allow_tuple) return close(done);
    reduce(1);
    const bool is_call =
        e.open == Open::kCall || e.open == Open::kFilterArguments || e.open == Open::kTestArguments;
    if (e.open == Open::kDict && !e.value_pending) return in_.error("expected ':' in a dict");
    if (e.open == Open::kSubscript && e.is_slice) {
        return unsupported("line " + std::to_string(e.line) + ": several slices in one subscript");
    }
    e.value_pending = false;
    e.comma = true;
    ++e.count;
    if (is_call && e.count > kMaxArguments) return in_.error("too many arguments");
    e.code = out_.here();
    want_operand_ = true;
    ALV_RETURN_IF_ERROR(in_.advance());
    return is_call ? begin_argument(e) : ok_status();
}

Status ExpressionParser::colon(bool& done) {
    Entry& e = bracket();
    if (e.open != Open::kDict && e.open != Open::kSubscript) {
        return want_operand_ ? in_.error("unexpected ':'") : close(done);
    }
    if (e.open == Open::kDict) {
        if (want_operand_ || e.value_pending) return in_.error("unexpected ':' in a dict");
        reduce(1);
        e.value_pending = true;
    } else {
        if (want_operand_ && &e != &stack_.back()) return in_.error("unexpected ':'");
        if (e.comma || e.count >= 2) return in_.error("unexpected ':' in a subscript");
        if (want_operand_) {
            ALV_RETURN_IF_ERROR(slice_default(e));
        } else {
            reduce(1);
        }
        e.is_slice = true;
        ++e.count;
    }
    e.code = out_.here();
    want_operand_ = true;
    return in_.advance();
}

Status ExpressionParser::slice_default(Entry& e) {
    out_.emit(Op::kConst, e.line, out_.constant(Value::none()));
    return ok_status();
}

// The current token ends the innermost bracket, or the whole expression.
Status ExpressionParser::close(bool& done) {
    const Token& t = in_.now();
    if (want_operand_ && (stack_.back().precedence != 0 || stack_.size() == 1)) {
        return in_.error("expected an expression, got " + describe(t));
    }
    reduce(1);
    Entry e = stack_.back();
    Tok closer = Tok::kRParen;
    switch (e.open) {
        case Open::kRoot:
            done = true;
            return ok_status();
        case Open::kList:
        case Open::kSubscript:
            closer = Tok::kRBracket;
            break;
        case Open::kDict:
            closer = Tok::kRBrace;
            break;
        default:
            break;
    }
    if (t.type != closer) {
        return in_.error("unexpected " + describe(t) + ", a bracket of line " +
                         std::to_string(e.line) + " is still open");
    }
    if (want_operand_) {
        const bool after_comma = e.comma && !e.value_pending;
        const bool slice = e.open == Open::kSubscript && e.is_slice;
        const bool empty =
            e.count == 0 && !e.value_pending && e.open != Open::kSubscript && out_.here() == e.code;
        if (!after_comma && !slice && !empty) {
            return in_.error("expected an expression, got " + describe(t));
        }
        if (slice) {
            ALV_RETURN_IF_ERROR(slice_default(e));
            ++e.count;
        }
    } else {
        if (e.open == Open::kDict && !e.value_pending) return in_.error("expected ':' in a dict");
        ++e.count;
    }
    const auto count = static_cast<int32_t>(e.count);
    const auto n = static_cast<uint16_t>(e.count - e.keywords);
    const auto m = static_cast<uint8_t>(e.keywords);
    switch (e.open) {
        case Open::kGroup:
            if (e.comma || e.count == 0) out_.emit(Op::kTuple, e.line, count);
            break;
        case Open::kList:
            out_.emit(Op::kList, e.line, count);
            break;
        case Open::kDict:
            out_.emit(Op::kDict, e.line, count);
            break;
        case Open::kCall:
            out_.emit(Op::kCall, e.line, 0, n, m);
            break;
        case Open::kFilterArguments:
            out_.emit(Op::kFilter, e.line, e.arg, n, m);
            break;
        case Open::kTestArguments:
            out_.emit(Op::kTest, e.line, e.arg, n, m);
            break;
        case Open::kSubscript:
            close_subscript(e);
            break;
        default:
            break;
    }
    if (e.negated) out_.emit(Op::kNot, e.line);
    stack_.pop_back();
    want_operand_ = false;
    return in_.advance();
}

void ExpressionParser::close_subscript(const Entry& e) {
    if (!e.is_slice) {
        if (e.comma) out_.emit(Op::kTuple, e.line, static_cast<int32_t>(e.count));
        out_.emit(Op::kGetItem, e.line);
        return;
    }
    for (uint32_t n = e.count; n < 3; ++n) {
        out_.emit(Op::kConst, e.line, out_.constant(Value::none()));
    }
    out_.emit(Op::kSlice, e.line);
}

}  // namespace alv::text::jinja
