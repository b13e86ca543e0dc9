// The approximate index: a graph over the first vectors of a store. A cache that can be made again
// from the vectors at any time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "knowledge/vectors.h"

namespace alv::knowledge {

struct Near {
    uint32_t slot = 0;
    float cosine = 0;
};

// Links a vector, and looks through as many candidates when it is added and when one is searched:
// recall@10 of 0.95 and more at 100,000 vectors (tests/bench).
struct GraphOptions {
    uint32_t links = 16;
    uint32_t add_candidates = 128;
    uint32_t search_candidates = 96;
};

// search() from any thread at once; nothing else at the same time.
class Graph {
  public:
    // `vectors` must outlive the graph.
    static Result<std::unique_ptr<Graph>> make(const Vectors& vectors, GraphOptions options = {});
    // What save() gave. Whatever is in `bytes`, the result is safe to search; corrupt file if it is
    // no graph over the first of `vectors`.
    static Result<std::unique_ptr<Graph>> load(const Vectors& vectors, std::string_view bytes,
                                               GraphOptions options = {});
    ~Graph();

    uint32_t size() const;
    // Adds the vector in slot size().
    Status add_next();
    Result<std::string> save() const;
    // The nearest slots that `allowed` (null: all) has not 0 for, best first.
    Result<std::vector<Near>> search(const float* query, uint32_t n,
                                     const std::vector<uint8_t>* allowed) const;

  private:
    struct Impl;
    explicit Graph(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace alv::knowledge
