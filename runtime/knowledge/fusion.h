// Reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009).
#pragma once

#include <cstdint>
#include <vector>

#include "engine/retriever.h"

namespace alv::knowledge {

struct Hit;

constexpr double kFusionK = 60;

struct Fused {
    int64_t id = 0;
    double score = 0;  // the sum of 1 / (60 + rank) over the rankings that have it, ranks from 1
};

// Best first; equals by id.
std::vector<Fused> fuse(const std::vector<std::vector<int64_t>>& rankings);

// Its id is "document#ordinal".
engine::Passage to_passage(const Hit& hit);

}  // namespace alv::knowledge
