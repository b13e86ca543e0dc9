// The vector index: exact, approximate, filtered, saved, damaged.
#include "knowledge/vector_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

#include "knowledge/distance.h"

namespace alv::knowledge::test {
namespace {

constexpr uint32_t kDim = 32;

// Points around centers, as embeddings of texts on some subjects are.
class Cloud {
  public:
    explicit Cloud(uint32_t seed) : random_(seed) {
        std::mt19937 same(17);  // the centers of all clouds
        std::swap(same, random_);
        for (int i = 0; i < 60; ++i) centers_.push_back(noise(1));
        std::swap(same, random_);
    }
    std::vector<float> next() {
        std::vector<float> out = centers_[random_() % centers_.size()];
        const std::vector<float> shift = noise(0.4f);
        for (uint32_t i = 0; i < kDim; ++i) out[i] += shift[i];
        EXPECT_TRUE(normalize(out.data(), kDim));
        return out;
    }

  private:
    std::vector<float> noise(float scale) {
        std::normal_distribution<float> normal(0, scale);
        std::vector<float> out(kDim);
        for (float& x : out) x = normal(random_);
        return out;
    }
    std::mt19937 random_;
    std::vector<std::vector<float>> centers_;
};

std::set<int64_t> chunks(const Result<std::vector<NearChunk>>& found) {
    EXPECT_TRUE(found.ok()) << found.status().message();
    std::set<int64_t> out;
    for (const NearChunk& near : *found) out.insert(near.chunk);
    return out;
}

TEST(Distance, FastAndPlainAgree) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal(0, 1);
    for (uint32_t n = 1; n < 200; ++n) {
        std::vector<float> a(n), b(n);
        for (uint32_t i = 0; i < n; ++i) {
            a[i] = normal(random);
            b[i] = normal(random);
        }
        double sum = 0;
        for (uint32_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
        EXPECT_NEAR(best_dot()(a.data(), b.data(), n), sum, 1e-4);
        EXPECT_NEAR(plain_dot(a.data(), b.data(), n), sum, 1e-4);
    }
    std::vector<float> zero(8, 0.0f);
    EXPECT_FALSE(normalize(zero.data(), 8));
    zero[3] = std::numeric_limits<float>::infinity();
    EXPECT_FALSE(normalize(zero.data(), 8));
}

class IndexTest : public ::testing::Test {
  protected:
    // More than are looked at one by one; id = 10 + 2 * slot.
    static constexpr uint32_t kN = IndexLimits().exact_vectors + 5000;
    static void SetUpTestSuite() {
        Cloud cloud(1);
        index_ = new VectorIndex(kDim);
        for (uint32_t i = 0; i < kN; ++i) index_->append(10 + 2 * i, cloud.next().data());
        plain_ = new VectorIndex(kDim);
        Cloud same(1);
        for (uint32_t i = 0; i < kN; ++i) plain_->append(10 + 2 * i, same.next().data());
        ASSERT_TRUE(index_->link(kN - 100).ok());
    }
    static void TearDownTestSuite() {
        delete index_;
        delete plain_;
    }
    static double recall(const std::vector<int64_t>* allowed) {
        Cloud queries(2);
        int found = 0;
        for (int i = 0; i < 100; ++i) {
            const std::vector<float> query = queries.next();
            const auto exact = chunks(plain_->search(query.data(), 10, allowed));
            for (const int64_t id : chunks(index_->search(query.data(), 10, allowed))) {
                found += exact.contains(id) ? 1 : 0;
            }
        }
        return found / 1000.0;
    }
    static inline VectorIndex* index_ = nullptr;  // most of it linked
    static inline VectorIndex* plain_ = nullptr;  // the same without a graph
};

TEST_F(IndexTest, FindsWhatIsNearWithFewExceptions) {
    EXPECT_EQ(index_->linked(), kN - 100);
    EXPECT_GE(recall(nullptr), 0.95);
    // Not linked yet, and found all the same.
    Cloud cloud(1);
    std::vector<float> last;
    for (uint32_t i = 0; i < kN; ++i) last = cloud.next();
    const auto found = index_->search(last.data(), 1, nullptr);
    EXPECT_EQ(found->front().chunk, 10 + 2 * (kN - 1));
    EXPECT_NEAR(found->front().cosine, 1, 1e-5);
}

TEST_F(IndexTest, FindsOnlyWhatIsAllowed) {
    std::vector<int64_t> most;
    std::vector<int64_t> few;
    for (uint32_t i = 0; i < kN; ++i) {
        if (i % 10 != 0) most.push_back(10 + 2 * i);
        if (i % 1000 == 0) few.push_back(10 + 2 * i);
    }
    EXPECT_GE(recall(&most), 0.95);
    EXPECT_EQ(recall(&few), 1.0);
    Cloud queries(5);
    for (const int64_t id : chunks(index_->search(queries.next().data(), 50, &most))) {
        EXPECT_TRUE(std::binary_search(most.begin(), most.end(), id));
    }
    const std::vector<int64_t> none = {11, 13};
    EXPECT_TRUE(chunks(index_->search(queries.next().data(), 5, &none)).empty());
}

TEST_F(IndexTest, ASavedGraphFindsTheSame) {
    const auto bytes = index_->save_graph();
    ASSERT_TRUE(bytes.ok());
    const int64_t hash = index_->ids_hash(index_->linked());
    ASSERT_TRUE(plain_->load_graph(*bytes, hash).ok());
    Cloud queries(3);
    for (int i = 0; i < 50; ++i) {
        const std::vector<float> query = queries.next();
        EXPECT_EQ(chunks(plain_->search(query.data(), 10, nullptr)),
                  chunks(index_->search(query.data(), 10, nullptr)));
    }
    ASSERT_TRUE(plain_->link(1).ok());
    EXPECT_EQ(plain_->load_graph(*bytes, hash + 1).code(), Code::kCorruptFile);
    EXPECT_EQ(plain_->linked(), 0u);
}

TEST(Graph, ADamagedOneIsRefusedOrSafe) {
    Cloud cloud(1);
    Vectors vectors(kDim);
    for (int i = 0; i < 400; ++i) vectors.append(cloud.next().data());
    auto graph = Graph::make(vectors);
    for (int i = 0; i < 400; ++i) ASSERT_TRUE((*graph)->add_next().ok());
    const std::string good = *(*graph)->save();
    EXPECT_TRUE(Graph::load(vectors, good).ok());
    EXPECT_FALSE(Graph::load(vectors, good + "x").ok());
    EXPECT_FALSE(Graph::load(Vectors(kDim), good).ok());
    for (size_t size = 0; size < good.size(); size += size < 3000 ? 1 : 97) {
        EXPECT_FALSE(Graph::load(vectors, good.substr(0, size)).ok()) << size;
    }
    std::mt19937 random(5);
    int refused = 0;
    const auto try_it = [&](const std::string& bad) {
        auto loaded = Graph::load(vectors, bad);
        if (!loaded.ok()) {
            ++refused;
            return;
        }
        const auto found = (*loaded)->search(vectors.at(7), 10, nullptr);
        ASSERT_TRUE(found.ok());
        for (const Near& near : *found) EXPECT_LT(near.slot, 400u);
    };
    for (size_t at = 0; at < 40 + 800 + 200; ++at) {  // header, levels, the first node
        for (const char to : {'\x00', '\x01', '\x7F', '\x80', '\xFF'}) {
            std::string bad = good;
            bad[at] = to;
            try_it(bad);
        }
    }
    for (int round = 0; round < 2000; ++round) {
        std::string bad = good;
        for (int i = 0; i < 3; ++i) bad[random() % bad.size()] = static_cast<char>(random());
        try_it(bad);
    }
    EXPECT_GT(refused, 1000);
}

TEST(Index, WhatIsRemovedIsNotFound) {
    Cloud cloud(1);
    VectorIndex index(kDim);
    for (int i = 0; i < 100; ++i) index.append(i, cloud.next().data());
    Cloud again(1);
    const std::vector<float> first = again.next();
    EXPECT_EQ(index.search(first.data(), 1, nullptr)->front().chunk, 0);
    index.remove(0);
    index.remove(0);
    index.remove(1000);
    EXPECT_EQ(index.live(), 99u);
    EXPECT_NE(index.search(first.data(), 1, nullptr)->front().chunk, 0);
    EXPECT_EQ(index.search(first.data(), 500, nullptr)->size(), 99u);
}

}  // namespace
}  // namespace alv::knowledge::test
