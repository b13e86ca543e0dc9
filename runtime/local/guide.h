// Leads one reply along its grammar: which tokens may be drawn, which follow by themselves, and
// how it comes to its end in time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "local/stop.h"
#include "local/token_grammar.h"
#include "local/tool_syntax.h"

namespace alv::local {

// Thread-compatible.
class Guide {
  public:
    // The whole reply keeps to `grammar`.
    explicit Guide(std::shared_ptr<TokenGrammar> grammar);
    // The reply is calls, or (`may_call`) text that calls may follow.
    Guide(std::shared_ptr<TokenGrammar> grammar, const ToolSyntax& syntax, bool may_call);

    // The tokens that may be drawn next; null: all. Borrowed until the next call.
    const TokenMask* mask();
    // Whether tokens that are the only way on are taken without being drawn (the default).
    void set_forcing(bool forcing) { forcing_ = forcing; }
    // Limit exceeded if no reply of so many tokens is allowed.
    Status check_room(uint64_t tokens_left);

    struct Move {
        std::vector<text::TokenId> tokens;  // what the reply goes on with: the one drawn and those
                                            // that follow by themselves, or a way to the end
        std::vector<engine::ToolCall> calls;  // that these complete, without ids
        bool redraw = false;                  // none of it: draw again, under the mask
        bool ends = false;                    // nothing may follow
    };
    // `tokens_left`: how many the reply may still have, `drawn` too. Not for end tokens.
    Result<Move> take(text::TokenId drawn, uint64_t tokens_left);

    // Of the text of the tokens taken, what is for the reader: calls are not.
    std::string show(std::string text);
    std::string show_rest();

  private:
    enum class Phase : uint32_t { kFree, kLed, kText };

    bool fits(TokenGrammar::State state, uint64_t tokens_left);
    Result<Move> take_led(text::TokenId drawn, uint64_t tokens_left);
    Result<Move> take_free(text::TokenId drawn, uint64_t tokens_left);
    Result<Move> enter(std::string_view call, size_t drawn_bytes, text::TokenId drawn,
                       uint64_t tokens_left);
    Result<Move> go_on(Move move, std::string text, TokenGrammar::State state,
                       uint64_t tokens_left);
    Status read_calls(Move& move, std::string_view text);

    const std::shared_ptr<TokenGrammar> grammar_;
    const ToolSyntax* const syntax_ = nullptr;  // null: not about calls
    const std::string trigger_;
    Phase phase_ = Phase::kLed;  // kFree: a call may come; kText: none comes any more
    TokenGrammar::State state_;
    bool forcing_ = true;
    std::string pending_;  // kFree: text that a call may begin in
    std::string held_;     // kFree: text not shown yet
    StopFilter hold_;
    std::unique_ptr<CallReader> reader_;
};

}  // namespace alv::local
