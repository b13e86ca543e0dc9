// Guesses the next tokens from what was said before: prompt lookup (Saxena 2023, after the
// speculative decoding of Leviathan et al. 2023). Replies that quote a passage, a tool's result or
// themselves are guessed well; what the model draws decides.
#pragma once

#include <span>

#include "text/tokenizer.h"

namespace alv::local {

class Lookup {
  public:
    // What followed the last time that the end of `context` came up, at most `most` tokens of it.
    // Empty: nothing like it came up, or guesses were wrong too often of late. `cost`: how many
    // steps of one token a step with guesses takes; guesses have to make up for it.
    std::span<const text::TokenId> guess(std::span<const text::TokenId> context, size_t most,
                                         uint32_t cost);
    // How many of the last guess were right.
    void learn(size_t n_right);

  private:
    double right_ =
        7;  // tokens right in a guess: a moving average that hopes for the best at first
};

}  // namespace alv::local
