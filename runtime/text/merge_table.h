// BPE's merges: (left token, right token) -> (rank, merged token). Open addressing, 16 bytes a
// slot.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "text/tokenizer.h"

namespace alv::text {

struct Merge {
    TokenId left = kNoToken;
    TokenId right = kNoToken;
    uint32_t rank = 0;
    TokenId merged = kNoToken;
};

class MergeTable {
  public:
    void reserve(size_t n_merges) { slots_.assign(std::bit_ceil(n_merges * 3 / 2 + 2), {}); }

    // The first of equal pairs counts. At most as many as reserved.
    void insert(const Merge& merge) {
        Merge& slot = slots_[probe(merge.left, merge.right)];
        if (slot.left == kNoToken) slot = merge;
    }

    const Merge* find(TokenId left, TokenId right) const {
        const Merge& slot = slots_[probe(left, right)];
        return slot.left == kNoToken ? nullptr : &slot;
    }

  private:
    size_t probe(TokenId left, TokenId right) const {
        const size_t mask = slots_.size() - 1;
        const uint64_t key = (static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32) |
                             static_cast<uint32_t>(right);
        size_t at = ((key * 0x9E3779B97F4A7C15u) >> 32) & mask;
        while (slots_[at].left != kNoToken &&
               (slots_[at].left != left || slots_[at].right != right)) {
            at = (at + 1) & mask;
        }
        return at;
    }

    std::vector<Merge> slots_;
};

}  // namespace alv::text
