// All vectors of a knowledge base in memory, and the graph over those that have been linked so far.
#pragma once

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

// Up to this many vectors every one is looked at: exact, and fast enough.
constexpr uint32_t kExactVectors = 20'000;

// const functions from any thread at once; the others with nothing beside them.
class VectorIndex {
  public:
    explicit VectorIndex(uint32_t dim) : vectors_(dim) {}

    // Ids must ascend. A dead vector is never found.
    void append(int64_t chunk, const float* vector, bool dead = false);
    void remove(int64_t chunk);
    uint32_t size() const { return vectors_.size(); }
    uint32_t live() const { return size() - n_dead_; }
    uint32_t dead() const { return n_dead_; }

    // The n nearest, best first; `allowed` (null: all) holds ascending chunk ids.
    Result<std::vector<NearChunk>> search(const float* query, uint32_t n,
                                          const std::vector<int64_t>* allowed) const;
    // Of one chunk; 0 if it is not there.
    float cosine(const float* query, int64_t chunk) const;

    uint32_t linked() const { return graph_ ? graph_->size() : 0; }
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
    std::vector<int64_t> ids_;
    std::vector<uint8_t> live_;  // a slot
    uint32_t n_dead_ = 0;
    std::unique_ptr<Graph> graph_;
};

}  // namespace alv::knowledge
