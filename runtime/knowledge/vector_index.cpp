#include "knowledge/vector_index.h"

#include <algorithm>

#include "knowledge/distance.h"

namespace alv::knowledge {
namespace {

bool better(const Near& a, const Near& b) {
    return a.cosine != b.cosine ? a.cosine > b.cosine : a.slot < b.slot;
}

}  // namespace

void VectorIndex::append(int64_t chunk, const float* vector, bool dead) {
    vectors_.append(vector);
    ids_.push_back(chunk);
    live_.push_back(dead ? 0 : 1);
    if (dead) ++n_dead_;
}

void VectorIndex::remove(int64_t chunk) {
    const uint32_t slot = slot_of(chunk);
    if (slot == kNoSlot || live_[slot] == 0) return;
    live_[slot] = 0;
    ++n_dead_;
}

uint32_t VectorIndex::slot_of(int64_t chunk) const {
    const auto found = std::lower_bound(ids_.begin(), ids_.end(), chunk);
    if (found == ids_.end() || *found != chunk) return kNoSlot;
    return static_cast<uint32_t>(found - ids_.begin());
}

void VectorIndex::scan(const float* query, uint32_t begin, const std::vector<uint8_t>& mask,
                       std::vector<Near>& out) const {
    const Dot dot = best_dot();
    for (uint32_t slot = begin; slot < size(); ++slot) {
        if (mask[slot] != 0) out.push_back({slot, dot(query, vectors_.at(slot), vectors_.dim())});
    }
}

Result<std::vector<NearChunk>> VectorIndex::search(const float* query, uint32_t n,
                                                   const std::vector<int64_t>* allowed) const {
    std::vector<uint8_t> chosen;
    uint32_t n_chosen = live();
    if (allowed) {
        chosen.assign(size(), 0);
        n_chosen = 0;
        for (const int64_t chunk : *allowed) {
            const uint32_t slot = slot_of(chunk);
            if (slot == kNoSlot || live_[slot] == 0) continue;
            chosen[slot] = 1;
            ++n_chosen;
        }
    }
    const std::vector<uint8_t>& mask = allowed ? chosen : live_;
    std::vector<Near> near;
    // A graph in which only a few may be found is walked in vain.
    const bool exact = n_chosen <= limits_.exact_vectors || n_chosen < size() / 10 || linked() == 0;
    if (exact) {
        near.reserve(n_chosen);
        scan(query, 0, mask, near);
    } else {
        ++graph_searches_;
        const bool all = !allowed && n_dead_ == 0;
        ALV_ASSIGN_OR_RETURN(near, graph_->search(query, n, all ? nullptr : &mask));
        scan(query, linked(), mask, near);
    }
    const size_t keep = std::min<size_t>(n, near.size());
    std::partial_sort(near.begin(), near.begin() + static_cast<ptrdiff_t>(keep), near.end(),
                      better);
    std::vector<NearChunk> out;
    for (size_t i = 0; i < keep; ++i) out.push_back({ids_[near[i].slot], near[i].cosine});
    return out;
}

float VectorIndex::cosine(const float* query, int64_t chunk) const {
    const uint32_t slot = slot_of(chunk);
    return slot == kNoSlot ? 0 : best_dot()(query, vectors_.at(slot), vectors_.dim());
}

Status VectorIndex::link(uint32_t n) {
    if (!graph_) {
        ALV_ASSIGN_OR_RETURN(graph_, Graph::make(vectors_));
        n_loaded_ = 0;
    }
    for (uint32_t i = 0; i < n && linked() < size(); ++i) {
        ALV_RETURN_IF_ERROR(graph_->add_next());
    }
    return ok_status();
}

Result<std::string> VectorIndex::save_graph() const {
    return graph_ ? graph_->save() : Result<std::string>(std::string());
}

int64_t VectorIndex::ids_hash(uint32_t n) const {
    uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, an id at a time
    for (uint32_t i = 0; i < n && i < size(); ++i) {
        hash = (hash ^ static_cast<uint64_t>(ids_[i])) * 0x100000001b3;
    }
    return static_cast<int64_t>(hash);
}

Status VectorIndex::load_graph(std::string_view bytes, int64_t hash) {
    graph_.reset();
    ALV_ASSIGN_OR_RETURN(std::unique_ptr<Graph> graph, Graph::load(vectors_, bytes));
    if (ids_hash(graph->size()) != hash) {
        return corrupt_file("the index of the knowledge file is of other vectors");
    }
    graph_ = std::move(graph);
    n_loaded_ = graph_->size();
    return ok_status();
}

}  // namespace alv::knowledge
