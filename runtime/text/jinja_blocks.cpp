// The statements that capture what their body prints: set blocks, filters, macros, call blocks.
#include <algorithm>

#include "text/jinja_statements.h"

namespace alv::text::jinja {

Status StatementParser::tag_set(uint32_t line) {
    if (in_.now().type == Tok::kName && in_.ahead().type == Tok::kDot) {
        const uint32_t symbol = out_.symbol(in_.now().text);
        ALV_RETURN_IF_ERROR(in_.advance());
        ALV_RETURN_IF_ERROR(in_.advance());
        if (in_.now().type != Tok::kName) return in_.error("expected a name after '.'");
        const int32_t name = out_.constant_string(in_.now().text);
        ALV_RETURN_IF_ERROR(in_.advance());
        if (symbol > UINT16_MAX) return in_.error("too many variables");
        if (in_.now().type != Tok::kAssign) {
            return unsupported("line " + std::to_string(line) +
                               ": a set block cannot write to an attribute");
        }
        ALV_RETURN_IF_ERROR(in_.advance());
        ALV_RETURN_IF_ERROR(expression_.parse({}));
        out_.emit(Op::kStoreAttr, line, name, static_cast<uint16_t>(symbol));
        return ok_status();
    }
    std::vector<uint32_t> names;
    ALV_RETURN_IF_ERROR(targets(names));
    if (in_.now().type == Tok::kAssign) {
        ALV_RETURN_IF_ERROR(in_.advance());
        ALV_RETURN_IF_ERROR(expression_.parse({}));
        store_targets(names, line);
        return ok_status();
    }
    if (names.size() != 1) return in_.error("expected '='");
    ALV_RETURN_IF_ERROR(open_block(BlockKind::kSet, line));
    Block& b = blocks_.back();
    b.targets = std::move(names);
    out_.emit(Op::kCaptureBegin, line);
    out_.emit(Op::kScopePush, line);
    b.top = out_.here();
    if (in_.now().type == Tok::kPipe) ALV_RETURN_IF_ERROR(expression_.parse_filters());
    b.top_end = out_.here();
    return ok_status();
}

// The filters were written before the body; their code goes behind it.
void StatementParser::end_capture(const Block& b, uint32_t line) {
    out_.emit(Op::kScopePop, line);
    out_.emit(Op::kCaptureEnd, line);
    auto& code = out_.program().code;
    const auto begin = code.begin() + static_cast<std::ptrdiff_t>(b.top);
    std::rotate(begin, code.begin() + static_cast<std::ptrdiff_t>(b.top_end), code.end());
}

Status StatementParser::tag_endset(uint32_t line) {
    ALV_RETURN_IF_ERROR(expect_open(BlockKind::kSet, "endset"));
    end_capture(blocks_.back(), line);
    store_targets(blocks_.back().targets, line);
    blocks_.pop_back();
    return ok_status();
}

Status StatementParser::tag_filter(uint32_t line) {
    ALV_RETURN_IF_ERROR(open_block(BlockKind::kFilter, line));
    Block& b = blocks_.back();
    out_.emit(Op::kCaptureBegin, line);
    out_.emit(Op::kScopePush, line);
    b.top = out_.here();
    ALV_RETURN_IF_ERROR(expression_.parse_first_filter());
    b.top_end = out_.here();
    return ok_status();
}

Status StatementParser::tag_endfilter(uint32_t line) {
    ALV_RETURN_IF_ERROR(expect_open(BlockKind::kFilter, "endfilter"));
    end_capture(blocks_.back(), line);
    out_.emit(Op::kOutput, line);
    blocks_.pop_back();
    return ok_status();
}

// (a, b=default): the code of a default is jumped over when the argument was passed.
Status StatementParser::parameters(MacroCode& macro, bool allow_defaults) {
    ALV_RETURN_IF_ERROR(in_.expect(Tok::kLParen, "'('"));
    while (in_.now().type != Tok::kRParen) {
        if (!macro.params.empty()) {
            ALV_RETURN_IF_ERROR(in_.expect(Tok::kComma, "','"));
            if (in_.now().type == Tok::kRParen) break;
        }
        const uint32_t line = in_.now().line;
        if (in_.now().type != Tok::kName) return in_.error("expected the name of a parameter");
        if (macro.params.size() >= 128) return in_.error("too many parameters");
        const uint32_t symbol = out_.symbol(in_.now().text);
        const auto index = static_cast<uint16_t>(macro.params.size());
        macro.params.push_back(symbol);
        ALV_RETURN_IF_ERROR(in_.advance());
        const bool has_default = in_.now().type == Tok::kAssign;
        if (!has_default && !macro.has_default.empty() && macro.has_default.back()) {
            return in_.error("a parameter without default follows one with a default");
        }
        macro.has_default.push_back(has_default);
        if (!has_default) continue;
        if (!allow_defaults) {
            return unsupported("line " + std::to_string(line) +
                               ": defaults of a call block's parameters are not supported");
        }
        ALV_RETURN_IF_ERROR(in_.advance());
        const size_t jump = out_.emit(Op::kArgDefault, line, 0, index);
        ALV_RETURN_IF_ERROR(expression_.parse({false, true}));
        out_.emit(Op::kStore, line, static_cast<int32_t>(symbol));
        out_.patch(jump);
    }
    return in_.expect(Tok::kRParen, "')'");
}

// [macro][jump over the body] body ... [return]
Status StatementParser::begin_macro_body(MacroCode macro, uint32_t line) {
    Block& b = blocks_.back();
    b.macro = out_.program().macros.size();
    out_.program().macros.push_back(std::move(macro));
    out_.emit(Op::kMacro, line, static_cast<int32_t>(b.macro));
    b.jump = out_.emit(Op::kJump, line);
    b.saw_varargs = expression_.saw_varargs;
    b.saw_kwargs = expression_.saw_kwargs;
    expression_.saw_varargs = expression_.saw_kwargs = false;
    return ok_status();
}

Status StatementParser::tag_macro(uint32_t line) {
    ALV_RETURN_IF_ERROR(open_block(BlockKind::kMacro, line));
    if (in_.now().type != Tok::kName) return in_.error("expected the name of a macro");
    MacroCode macro;
    macro.name = in_.now().text;
    ALV_RETURN_IF_ERROR(in_.advance());
    ALV_RETURN_IF_ERROR(begin_macro_body(MacroCode(), line));
    ALV_RETURN_IF_ERROR(parameters(macro, true));
    out_.program().macros[blocks_.back().macro] = std::move(macro);
    return ok_status();
}

Status StatementParser::tag_endmacro(uint32_t line) {
    ALV_RETURN_IF_ERROR(expect_open(BlockKind::kMacro, "endmacro"));
    if (in_.now().type == Tok::kName) ALV_RETURN_IF_ERROR(in_.advance());
    const Block& b = blocks_.back();
    MacroCode& macro = out_.program().macros[b.macro];
    macro.uses_varargs = expression_.saw_varargs;
    macro.uses_kwargs = expression_.saw_kwargs;
    expression_.saw_varargs = b.saw_varargs;
    expression_.saw_kwargs = b.saw_kwargs;
    out_.emit(Op::kReturn, line);
    out_.patch(b.jump);
    out_.emit(Op::kStore, line, static_cast<int32_t>(out_.symbol(macro.name)));
    blocks_.pop_back();
    return ok_status();
}

// The body becomes a macro that the call gets as its keyword argument `caller`.
Status StatementParser::tag_call(uint32_t line) {
    ALV_RETURN_IF_ERROR(open_block(BlockKind::kCall, line));
    MacroCode macro;
    macro.name = "caller";
    if (in_.now().type == Tok::kLParen) ALV_RETURN_IF_ERROR(parameters(macro, false));
    ALV_RETURN_IF_ERROR(expression_.parse({false, false}));
    auto& code = out_.program().code;
    if (code.empty() || code.back().op != Op::kCall || code.back().m == UINT8_MAX) {
        return in_.error("a call block must call a macro");
    }
    blocks_.back().call = code.back();
    code.pop_back();
    out_.emit_string("caller", line);
    return begin_macro_body(std::move(macro), line);
}

Status StatementParser::tag_endcall(uint32_t line) {
    ALV_RETURN_IF_ERROR(expect_open(BlockKind::kCall, "endcall"));
    const Block& b = blocks_.back();
    MacroCode& macro = out_.program().macros[b.macro];
    macro.uses_varargs = expression_.saw_varargs;
    macro.uses_kwargs = expression_.saw_kwargs;
    expression_.saw_varargs = b.saw_varargs;
    expression_.saw_kwargs = b.saw_kwargs;
    out_.emit(Op::kReturn, line);
    out_.patch(b.jump);
    out_.emit(Op::kCall, b.call.line, 0, b.call.n, static_cast<uint8_t>(b.call.m + 1));
    out_.emit(Op::kOutput, line);
    blocks_.pop_back();
    return ok_status();
}

}  // namespace alv::text::jinja
