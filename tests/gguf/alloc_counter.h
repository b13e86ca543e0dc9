// Counts what operator new hands out on this thread.
#pragma once

#include <cstddef>

namespace alv::gguf::test {

// All the bytes asked for while it lives, freed again or not: at least the peak.
class AllocCounter {
  public:
    AllocCounter();
    ~AllocCounter();
    AllocCounter(const AllocCounter&) = delete;
    AllocCounter& operator=(const AllocCounter&) = delete;

    size_t bytes() const;
    size_t largest() const;
};

}  // namespace alv::gguf::test
