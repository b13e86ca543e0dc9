// The vector index of knowledge bases at 100,000 clustered vectors of 384 numbers, made from a
// seed: recall@10 against exact search, queries a second, and the same graph by the bare library.
//   knowledge_index [VECTORS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <usearch/index.hpp>
#include <utility>

#include "knowledge/distance.h"
#include "knowledge/vector_index.h"

namespace {

namespace us = unum::usearch;
using namespace alv::knowledge;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kDim = 384;
constexpr uint32_t kClusters = 1000;
constexpr uint32_t kQueries = 500;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

class Cloud {
  public:
    explicit Cloud(uint32_t seed) : random_(seed) {
        std::mt19937 fixed(1);  // the same clusters for vectors and queries
        std::normal_distribution<float> normal(0, 1);
        centers_.resize(static_cast<size_t>(kClusters) * kDim);
        for (float& x : centers_) x = normal(fixed);
    }
    std::vector<float> next() {
        const float* center = centers_.data() + static_cast<size_t>(random_() % kClusters) * kDim;
        std::normal_distribution<float> normal(0, 0.6f);
        std::vector<float> out(kDim);
        for (uint32_t i = 0; i < kDim; ++i) out[i] = center[i] + normal(random_);
        normalize(out.data(), kDim);
        return out;
    }

  private:
    std::mt19937 random_;
    std::vector<float> centers_;
};

// The library as its own README uses it: contiguous vectors, a plain metric.
struct Bare {
    const std::vector<float>& vectors;
    const float* of(const float* query) const { return query; }
    template <typename Member>
    const float* of(const Member& member) const {
        return vectors.data() + get_slot(member) * kDim;
    }
    template <typename A, typename B>
    float operator()(const A& a, const B& b) const {
        return 1 - best_dot()(of(a), of(b), kDim);
    }
};

}  // namespace

int main(int argc, char** argv) {
    const auto n = static_cast<uint32_t>(argc > 1 ? std::atoi(argv[1]) : 100'000);
    Cloud cloud(2);
    VectorIndex index(kDim);
    std::vector<float> flat;
    for (uint32_t i = 0; i < n; ++i) {
        const std::vector<float> vector = cloud.next();
        index.append(i, vector.data());
        flat.insert(flat.end(), vector.begin(), vector.end());
    }
    Cloud other(3);
    std::vector<std::vector<float>> queries;
    for (uint32_t i = 0; i < kQueries; ++i) queries.push_back(other.next());

    std::vector<std::set<int64_t>> exact(kQueries);
    auto start = Clock::now();
    for (uint32_t i = 0; i < kQueries; ++i) {
        const auto nearest = index.search(queries[i].data(), 10, nullptr);
        if (!nearest.ok()) return 1;
        for (const NearChunk& near : *nearest) {
            exact[i].insert(near.chunk);
        }
    }
    std::printf("exact:  %8.1f queries/s\n", kQueries / seconds_since(start));

    start = Clock::now();
    if (!index.link(n).ok()) return 1;
    std::printf("linked: %8.1f s for %u vectors\n", seconds_since(start), n);
    uint32_t found = 0;
    start = Clock::now();
    for (uint32_t i = 0; i < kQueries; ++i) {
        const auto nearest = index.search(queries[i].data(), 10, nullptr);
        if (!nearest.ok()) return 1;
        for (const NearChunk& near : *nearest) {
            found += exact[i].contains(near.chunk) ? 1 : 0;
        }
    }
    std::printf("ours:   %8.1f queries/s, recall@10 %.4f\n", kQueries / seconds_since(start),
                found / (10.0 * kQueries));

    using Index = us::index_gt<float, uint64_t, uint32_t>;
    const GraphOptions options;
    auto made = Index::make(us::index_config_t(options.links));
    Index bare = std::move(made.index);
    if (!bare.try_reserve(us::index_limits_t(n, 1))) return 1;
    const Bare metric{flat};
    us::index_update_config_t update;
    update.expansion = options.add_candidates;
    start = Clock::now();
    for (uint32_t i = 0; i < n; ++i) {
        const float* vector = flat.data() + static_cast<size_t>(i) * kDim;
        bare.add(i, vector, metric, update);
    }
    std::printf("bare:   %8.1f s to build\n", seconds_since(start));
    us::index_search_config_t search;
    search.expansion = options.search_candidates;
    found = 0;
    start = Clock::now();
    for (uint32_t i = 0; i < kQueries; ++i) {
        const auto near = bare.search(std::as_const(queries[i]).data(), 10, metric, search);
        for (size_t j = 0; j < near.size(); ++j) {
            found += exact[i].contains(static_cast<int64_t>(near.at(j).member.slot)) ? 1 : 0;
        }
    }
    std::printf("bare:   %8.1f queries/s, recall@10 %.4f\n", kQueries / seconds_since(start),
                found / (10.0 * kQueries));
    return 0;
}
