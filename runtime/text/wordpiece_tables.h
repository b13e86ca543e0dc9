// What BERT's basic tokenizer does with a code point, as sorted tables.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace alv::text::wordpiece {

struct Range {
    uint32_t first;
    uint32_t last;
};

// Code point first + i * stride becomes target + i * step, for i < count: decomposed, without its
// accents, in lower case.
struct FoldRun {
    uint32_t first;
    uint32_t count;
    uint32_t stride;
    uint32_t target;
    uint32_t step;
};

struct FoldSeveral {
    uint32_t from;
    uint32_t first;
    uint32_t second;
    uint32_t third;  // 0: none
};

std::span<const Range> dropped();      // control characters, U+FFFD
std::span<const Range> spaces();       // end a word
std::span<const Range> ideographs();   // each is a word
std::span<const Range> punctuation();  // each is a word
std::span<const Range> marks();        // accents: nothing is left of them
std::span<const FoldRun> folds();
std::span<const FoldSeveral> folds_to_several();  // Hangul syllables are not here

}  // namespace alv::text::wordpiece
