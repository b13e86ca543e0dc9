// Statements: one handler a tag, over a stack of the blocks that are still open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja_parser.h"

namespace alv::text::jinja {

class StatementParser {
  public:
    StatementParser(std::string_view source, uint32_t max_depth)
        : in_(source), expression_(in_, out_, max_depth), max_depth_(max_depth) {}
    Result<std::unique_ptr<Program>> parse();

  private:
    enum class BlockKind : uint8_t { kIf, kFor, kMacro, kCall, kSet, kFilter, kGeneration, kWith };
    struct Block {
        BlockKind kind = BlockKind::kIf;
        uint32_t line = 0;
        bool in_else = false;
        size_t jump = 0;  // to the next branch, the else, or over the body
        bool has_jump = false;
        std::vector<size_t> ends;  // jumps to the end
        size_t top = 0;            // start of the loop, or of the filters of a capture
        size_t top_end = 0;
        std::vector<size_t> breaks;
        size_t macro = 0;                              // in Program::macros
        bool saw_varargs = false, saw_kwargs = false;  // of the macro around this one
        std::vector<uint32_t> targets;                 // symbols
        Instruction call;                              // of a call block
    };
    using Handler = Status (StatementParser::*)(uint32_t line);
    struct Tag {
        std::string_view name;
        Handler handler;
    };
    static const Tag kTags[];

    Status statement();
    Status open_block(BlockKind kind, uint32_t line);
    Status expect_open(BlockKind kind, const char* tag);
    Status targets(std::vector<uint32_t>& out);
    void store_targets(const std::vector<uint32_t>& targets, uint32_t line);
    Status parameters(MacroCode& macro, bool allow_defaults);
    Status begin_macro_body(MacroCode macro, uint32_t line);
    void end_capture(const Block& b, uint32_t line);
    Status leave_loop(uint32_t line, bool is_break);

    Status tag_if(uint32_t line);
    Status tag_elif(uint32_t line);
    Status tag_else(uint32_t line);
    Status tag_endif(uint32_t line);
    Status tag_for(uint32_t line);
    Status tag_endfor(uint32_t line);
    Status tag_break(uint32_t line);
    Status tag_continue(uint32_t line);
    Status tag_set(uint32_t line);
    Status tag_endset(uint32_t line);
    Status tag_macro(uint32_t line);
    Status tag_endmacro(uint32_t line);
    Status tag_call(uint32_t line);
    Status tag_endcall(uint32_t line);
    Status tag_filter(uint32_t line);
    Status tag_endfilter(uint32_t line);
    Status tag_generation(uint32_t line);
    Status tag_endgeneration(uint32_t line);
    Status tag_with(uint32_t line);
    Status tag_endwith(uint32_t line);

    TokenStream in_;
    Emitter out_;
    ExpressionParser expression_;
    uint32_t max_depth_;
    std::vector<Block> blocks_;
};

}  // namespace alv::text::jinja
