#include "text/jinja_statements.h"

#include <algorithm>

namespace alv::text::jinja {

const StatementParser::Tag StatementParser::kTags[] = {
    {"if", &StatementParser::tag_if},
    {"elif", &StatementParser::tag_elif},
    {"else", &StatementParser::tag_else},
    {"endif", &StatementParser::tag_endif},
    {"for", &StatementParser::tag_for},
    {"endfor", &StatementParser::tag_endfor},
    {"break", &StatementParser::tag_break},
    {"continue", &StatementParser::tag_continue},
    {"set", &StatementParser::tag_set},
    {"endset", &StatementParser::tag_endset},
    {"macro", &StatementParser::tag_macro},
    {"endmacro", &StatementParser::tag_endmacro},
    {"call", &StatementParser::tag_call},
    {"endcall", &StatementParser::tag_endcall},
    {"filter", &StatementParser::tag_filter},
    {"endfilter", &StatementParser::tag_endfilter},
    {"generation", &StatementParser::tag_generation},
    {"endgeneration", &StatementParser::tag_endgeneration},
    {"with", &StatementParser::tag_with},
    {"endwith", &StatementParser::tag_endwith},
};

Result<std::unique_ptr<Program>> StatementParser::parse() {
    ALV_RETURN_IF_ERROR(in_.start());
    while (in_.now().type != Tok::kEnd) {
        const uint32_t line = in_.now().line;
        switch (in_.now().type) {
            case Tok::kData:
                out_.emit(Op::kOutputConst, line, out_.constant_string(in_.now().text));
                ALV_RETURN_IF_ERROR(in_.advance());
                break;
            case Tok::kPrintBegin:
                ALV_RETURN_IF_ERROR(in_.advance());
                ALV_RETURN_IF_ERROR(expression_.parse({}));
                out_.emit(Op::kOutput, line);
                ALV_RETURN_IF_ERROR(in_.expect(Tok::kPrintEnd, "'}}'"));
                break;
            default:
                ALV_RETURN_IF_ERROR(in_.expect(Tok::kBlockBegin, "'{%'"));
                ALV_RETURN_IF_ERROR(statement());
                ALV_RETURN_IF_ERROR(in_.expect(Tok::kBlockEnd, "'%}'"));
        }
    }
    if (!blocks_.empty()) {
        return invalid_argument("line " + std::to_string(blocks_.back().line) +
                                ": this block is never closed");
    }
    out_.emit(Op::kHalt, in_.now().line);
    return out_.take();
}

Status StatementParser::statement() {
    const uint32_t line = in_.now().line;
    if (in_.now().type != Tok::kName) {
        return in_.error("expected the name of a statement, got " + describe(in_.now()));
    }
    const std::string name = in_.now().text;
    for (const Tag& tag : kTags) {
        if (tag.name != name) continue;
        ALV_RETURN_IF_ERROR(in_.advance());
        return (this->*tag.handler)(line);
    }
    return unsupported("line " + std::to_string(line) + ": the statement '" + name.substr(0, 40) +
                       "' is not supported");
}

Status StatementParser::open_block(BlockKind kind, uint32_t line) {
    if (blocks_.size() >= max_depth_) {
        return limit_exceeded("line " + std::to_string(line) + ": blocks nest deeper than " +
                              std::to_string(max_depth_) + " levels");
    }
    Block b;
    b.kind = kind;
    b.line = line;
    blocks_.push_back(std::move(b));
    return ok_status();
}

Status StatementParser::expect_open(BlockKind kind, const char* tag) {
    if (blocks_.empty() || blocks_.back().kind != kind) {
        return in_.error(std::string("unexpected '") + tag + "'");
    }
    return ok_status();
}

Status StatementParser::tag_if(uint32_t line) {
    ALV_RETURN_IF_ERROR(open_block(BlockKind::kIf, line));
    ALV_RETURN_IF_ERROR(expression_.parse({}));
    blocks_.back().jump = out_.emit(Op::kJumpIfFalse, line);
    blocks_.back().has_jump = true;
    return ok_status();
}

Status StatementParser::tag_elif(uint32_t line) {
    ALV_RETURN_IF_ERROR(expect_open(BlockKind::kIf, "elif"));
    if (blocks_.back().in_else) return in_.error("'elif' after 'else'");
    blocks_.back().ends.push_back(out_.emit(Op::kJump, line));
    out_.patch(blocks_.back().jump);
    ALV_RETURN_IF_ERROR(expression_.parse({}));
    blocks_.back().jump = out_.emit(Op::kJumpIfFalse, line);
    return ok_status();
}

Status StatementParser::tag_else(uint32_t line) {
    if (blocks_.empty() || blocks_.back().in_else ||
        (blocks_.back().kind != BlockKind::kIf && blocks_.back().kind != BlockKind::kFor)) {
        return in_.error("unexpected 'else'");
    }
    Block& b = blocks_.back();
    b.in_else = true;
    if (b.kind == BlockKind::kIf) {
        b.ends.push_back(out_.emit(Op::kJump, line));
        out_.patch(b.jump);
        b.has_jump = false;
        return ok_status();
    }
    out_.emit_jump_back(b.top, line);
    out_.patch(b.top);
    for (const size_t jump : b.breaks) out_.patch(jump);
    out_.emit(Op::kForEnd, line);
    b.ends.push_back(out_.emit(Op::kJump, line));
    out_.patch(b.jump);
    out_.emit(Op::kScopePush, line);
    return ok_status();
}

Status StatementParser::tag_endif(uint32_t) {
    ALV_RETURN_IF_ERROR(expect_open(BlockKind::kIf, "endif"));
    if (blocks_.back().has_jump) out_.patch(blocks_.back().jump);
    for (const size_t jump : blocks_.back().ends) out_.patch(jump);
    blocks_.pop_back();
    return ok_status();
}

// name, or name, name, ... with or without parentheses
Status StatementParser::targets(std::vector<uint32_t>& out) {
    const bool parenthesis = in_.now().type == Tok::kLParen;
    if (parenthesis) ALV_RETURN_IF_ERROR(in_.advance());
    for (;;) {
        if (in_.now().type == Tok::kLParen) {
            return unsupported("line " + std::to_string(in_.now().line) +
                               ": nested unpacking targets are not supported");
        }
        if (in_.now().type != Tok::kName) {
            return in_.error("expected a variable, got " + describe(in_.now()));
        }
        out.push_back(out_.symbol(in_.now().text));
        ALV_RETURN_IF_ERROR(in_.advance());
        if (in_.now().type != Tok::kComma) break;
        ALV_RETURN_IF_ERROR(in_.advance());
        if (out.size() > 64) return in_.error("too many variables");
    }
    return parenthesis ? in_.expect(Tok::kRParen, "')'") : ok_status();
}

void StatementParser::store_targets(const std::vector<uint32_t>& targets, uint32_t line) {
    if (targets.size() > 1) out_.emit(Op::kUnpack, line, static_cast<int32_t>(targets.size()));
    for (const uint32_t symbol : targets) out_.emit(Op::kStore, line, static_cast<int32_t>(symbol));
}

Status StatementParser::tag_for(uint32_t line) {
    ALV_RETURN_IF_ERROR(open_block(BlockKind::kFor, line));
    Block& b = blocks_.back();
    ALV_RETURN_IF_ERROR(targets(b.targets));
    if (!in_.now().is_name("in")) return in_.error("expected 'in', got " + describe(in_.now()));
    ALV_RETURN_IF_ERROR(in_.advance());
    ALV_RETURN_IF_ERROR(expression_.parse({true, false}));
    if (in_.now().is_name("if")) {
        ALV_RETURN_IF_ERROR(in_.advance());
        out_.emit(Op::kFilterBegin, line);
        const size_t next = out_.emit(Op::kFilterNext, line);
        store_targets(b.targets, line);
        ALV_RETURN_IF_ERROR(expression_.parse({}));
        out_.emit(Op::kFilterTest, line);
        out_.emit_jump_back(next, line);
        out_.patch(next);
        out_.emit(Op::kFilterEnd, line);
    }
    if (in_.now().is_name("recursive")) {
        return unsupported("line " + std::to_string(line) + ": recursive loops are not supported");
    }
    b.jump = out_.emit(Op::kForBegin, line);
    b.top = out_.emit(Op::kForNext, line);
    store_targets(b.targets, line);
    return ok_status();
}

Status StatementParser::tag_endfor(uint32_t line) {
    ALV_RETURN_IF_ERROR(expect_open(BlockKind::kFor, "endfor"));
    Block& b = blocks_.back();
    if (b.in_else) {
        out_.emit(Op::kScopePop, line);
        for (const size_t jump : b.ends) out_.patch(jump);
    } else {
        out_.emit_jump_back(b.top, line);
        out_.patch(b.top);
        for (const size_t jump : b.breaks) out_.patch(jump);
        out_.emit(Op::kForEnd, line);
        out_.patch(b.jump);
    }
    blocks_.pop_back();
    return ok_status();
}

Status StatementParser::tag_break(uint32_t line) {
    return leave_loop(line, true);
}
Status StatementParser::tag_continue(uint32_t line) {
    return leave_loop(line, false);
}

Status StatementParser::leave_loop(uint32_t line, bool is_break) {
    for (size_t i = blocks_.size(); i-- > 0;) {
        Block& b = blocks_[i];
        if (b.kind == BlockKind::kFor && !b.in_else) {
            if (is_break) {
                b.breaks.push_back(out_.emit(Op::kJump, line));
            } else {
                out_.emit_jump_back(b.top, line);
            }
            return ok_status();
        }
        if (b.kind != BlockKind::kIf && b.kind != BlockKind::kWith &&
            b.kind != BlockKind::kGeneration && b.kind != BlockKind::kFor) {
            break;
        }
    }
    return in_.error(is_break ? "'break' is not directly inside a loop"
                              : "'continue' is not directly inside a loop");
}

Status StatementParser::tag_with(uint32_t line) {
    ALV_RETURN_IF_ERROR(open_block(BlockKind::kWith, line));
    std::vector<uint32_t> names;
    while (in_.now().type != Tok::kBlockEnd) {
        if (!names.empty()) ALV_RETURN_IF_ERROR(in_.expect(Tok::kComma, "','"));
        if (in_.now().type != Tok::kName) return in_.error("expected a variable");
        names.push_back(out_.symbol(in_.now().text));
        ALV_RETURN_IF_ERROR(in_.advance());
        ALV_RETURN_IF_ERROR(in_.expect(Tok::kAssign, "'='"));
        ALV_RETURN_IF_ERROR(expression_.parse({false, true}));
    }
    out_.emit(Op::kScopePush, line);
    for (size_t i = names.size(); i-- > 0;) {
        out_.emit(Op::kStore, line, static_cast<int32_t>(names[i]));
    }
    return ok_status();
}

Status StatementParser::tag_endwith(uint32_t line) {
    ALV_RETURN_IF_ERROR(expect_open(BlockKind::kWith, "endwith"));
    out_.emit(Op::kScopePop, line);
    blocks_.pop_back();
    return ok_status();
}

// Marks what the assistant wrote, for training; here only the scope that it opens matters.
Status StatementParser::tag_generation(uint32_t line) {
    out_.emit(Op::kScopePush, line);
    return open_block(BlockKind::kGeneration, line);
}

Status StatementParser::tag_endgeneration(uint32_t line) {
    ALV_RETURN_IF_ERROR(expect_open(BlockKind::kGeneration, "endgeneration"));
    out_.emit(Op::kScopePop, line);
    blocks_.pop_back();
    return ok_status();
}

Result<std::unique_ptr<Program>> parse_program(std::string_view source, uint32_t max_depth) {
    return StatementParser(source, max_depth).parse();
}

}  // namespace alv::text::jinja
