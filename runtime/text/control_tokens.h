// Which tokens steer the model rather than stand for text.
#pragma once

#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace alv::text {

// kNormal where the file has no types.
TokenType token_type(const Vocabulary& vocabulary, TokenId token);

// True of texts that open or close a turn (<|im_start|>, [INST], ...): even where a file types them
// as user-defined, text from a user must not become one.
bool is_turn_marker(std::string_view text);

// Fills in and corrects the types as the peer (llama.cpp) does: tokens that end a turn are control
// tokens whatever the file says.
void settle_types(Vocabulary& vocabulary);

// The tokens that end generation, sorted. Call after settle_types.
std::vector<TokenId> find_end_tokens(const Vocabulary& vocabulary);

}  // namespace alv::text
