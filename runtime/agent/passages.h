// What retrievers found: made one list of, put into the prompt, and found again where the reply
// names it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/retriever.h"

namespace alv::agent {

using engine::Passage;

using CountText = std::function<Result<uint32_t>(std::string_view text)>;

// Several ranked lists as one, by reciprocal rank fusion (Cormack, Clarke, Buettcher 2009):
// sum of 1 / (60 + rank). The same text, blanks aside, or the same id in the same list is one
// passage. Best first.
std::vector<Passage> fuse(std::vector<std::vector<Passage>> lists);

// The best passages whose block takes no more than `budget` tokens (0: no limit); one that does not
// fit is left out for a shorter one that comes later.
Result<std::vector<Passage>> fit(std::vector<Passage> passages, uint32_t budget,
                                 const CountText& count);

// "[1] (source: lore, id: 7)\ntext\n\n[2] ...": where each passage came from.
std::string passage_block(const std::vector<Passage>& passages);

// Finds "[n]" in text that comes in pieces.
class CitationFinder {
  public:
    struct Citation {
        size_t passage = 0;  // index, from 0
        uint64_t begin = 0;  // bytes of all text so far
        uint64_t end = 0;
    };
    explicit CitationFinder(size_t n_passages) : n_passages_(n_passages) {}
    std::vector<Citation> put(std::string_view text);

  private:
    size_t n_passages_;
    uint64_t at_ = 0;
    uint64_t begin_ = 0;
    bool open_ = false;
    bool any_digit_ = false;
    uint64_t number_ = 0;
};

}  // namespace alv::agent
