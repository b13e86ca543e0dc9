// sentencepiece's precompiled_charsmap: <u32 size of the trie> <double-array trie> <strings, each
// NUL-terminated>. The library walks the trie unchecked, so that it is checked here once.
#pragma once

#include <string_view>

#include "base/status.h"

namespace alv::text {

// Corrupt file unless every walk stays inside the trie, ends, and finds at most 32 rules.
Status check_charsmap(std::string_view blob);

}  // namespace alv::text
