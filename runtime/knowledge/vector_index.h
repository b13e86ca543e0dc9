// All vectors of a knowledge base in memory, and the graph over those that have been linked so far.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "knowledge/graph.h"
#include "knowledge/vectors.h"

namespace alv::knowledge {

struct NearChunk {
    int64_t chunk = 0;
    float cosine = 0;
};

// Tests take smaller ones.
struct IndexLimits {
    // Up to this many vectors every one is looked at: exact, and fast enough.
    uint32_t exact_vectors = 20'000;
    // Above that, the index is made anew when more than one in so many is dead.
    uint32_t dead_share = 4;
};

// const functions from any thread at once; the others with nothing beside them.
class VectorIndex {
  public:
    explicit VectorIndex(uint32_t dim, IndexLimits limits = {}) : vectors_(dim), limits_(limits) {}

    // Ids must ascend. A dead vector is never found.
    void append(int64_t chunk, const float* vector, bool dead = false);
    void remove(int64_t chunk);
    uint32_t size() const { return vectors_.size(); }
    uint32_t live() const { return size() - n_dead_; }
    uint32_t dead() const { return n_dead_; }
    bool is_worth_a_graph() const { return live() > limits_.exact_vectors; }
    bool has_many_dead() const {
        return size() > limits_.exact_vectors && dead() > size() / limits_.dead_share;
    }

    // The n nearest, best first; `allowed` (null: all) holds ascending chunk ids.
    Result<std::vector<NearChunk>> search(const float* query, uint32_t n,
                                          const std::vector<int64_t>* allowed) const;
    // Of one chunk; 0 if it is not there.
    float cosine(const float* query, int64_t chunk) const;

    uint32_t linked() const { return graph_ ? graph_->size() : 0; }
    // Of linked(): by load_graph().
    uint32_t loaded() const { return graph_ ? n_loaded_ : 0; }
    // Searches that the graph had a part in.
    uint64_t graph_searches() const { return graph_searches_; }
    // Links at most `n` more vectors.
    Status link(uint32_t n);
    Result<std::string> save_graph() const;
    // Of the ids of the first `n` vectors: a saved graph is of these, or of no use.
    int64_t ids_hash(uint32_t n) const;
    // A damaged graph, or one of other vectors, is an error; the index then has none.
    Status load_graph(std::string_view bytes, int64_t ids_hash);

  private:
    static constexpr uint32_t kNoSlot = UINT32_MAX;
    uint32_t slot_of(int64_t chunk) const;
    void scan(const float* query, uint32_t begin, const std::vector<uint8_t>& mask,
              std::vector<Near>& out) const;

    Vectors vectors_;
    const IndexLimits limits_;
    std::vector<int64_t> ids_;
    std::vector<uint8_t> live_;  // a slot
    uint32_t n_dead_ = 0;
    std::unique_ptr<Graph> graph_;
    uint32_t n_loaded_ = 0;
    mutable std::atomic<uint64_t> graph_searches_ = 0;
};

}  // namespace alv::knowledge
