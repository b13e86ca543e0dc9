// The graph of a knowledge base: made, saved, read back, damaged, made anew. With limits so small
// that a few hundred vectors are many.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>
#include <set>
#include <thread>

#include "knowledge/harness.h"

namespace alv::knowledge::test {
namespace {

constexpr uint32_t kLimit = 100;
constexpr uint32_t kMany = 400;

// "subject 7 text 12": around the center of its subject, the same for the same text.
class SubjectEmbedder final : public FakeEmbedder {
  public:
    SubjectEmbedder() : FakeEmbedder(32) {}
    Result<std::vector<float>> embed(std::vector<std::string> texts) override {
        std::vector<float> out;
        for (const std::string& text : texts) {
            const std::string subject = text.substr(0, text.find(" text"));
            const std::vector<float> center = noise(subject, 1.0f);
            std::vector<float> vector = noise(text, 0.35f);
            for (size_t i = 0; i < vector.size(); ++i) vector[i] += center[i];
            out.insert(out.end(), vector.begin(), vector.end());
        }
        return out;
    }

  private:
    std::vector<float> noise(const std::string& seed, float scale) const {
        std::mt19937 random(static_cast<uint32_t>(std::hash<std::string>()(seed)));
        std::normal_distribution<float> normal(0, scale);
        std::vector<float> out(dim());
        for (float& x : out) x = normal(random);
        return out;
    }
};

Options small_at(const std::string& path) {
    Options options = options_at(path);
    options.embedder = std::make_shared<SubjectEmbedder>();
    options.limits = {kLimit, 4};
    return options;
}

std::shared_ptr<Knowledge> open_small(const std::string& path) {
    auto opened = Knowledge::open(small_at(path));
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return opened.ok() ? *opened : nullptr;
}

std::string text_of(uint32_t i) {
    return "subject " + std::to_string(i % 20) + " text " + std::to_string(i);
}

void add(Knowledge& knowledge, uint32_t begin, uint32_t end) {
    std::vector<Document> documents;
    for (uint32_t i = begin; i < end; ++i) documents.push_back(doc(std::to_string(i), text_of(i)));
    const auto added = knowledge.add(std::move(documents), nullptr);
    ASSERT_TRUE(added.ok()) << added.status().message();
}

std::vector<std::string> near(Knowledge& knowledge, const std::string& text, uint32_t k) {
    return keys_of(knowledge.search({text, k, "", Mode::kVector}));
}

// The share of the ten nearest that are found, over many queries; `exact` is of the same texts.
double recall(Knowledge& knowledge, Knowledge& exact) {
    int found = 0;
    for (int i = 0; i < 100; ++i) {
        const std::string query =
            "subject " + std::to_string(i % 20) + " text q" + std::to_string(i);
        const std::vector<std::string> right = near(exact, query, 10);
        const std::set<std::string> those(right.begin(), right.end());
        for (const std::string& key : near(knowledge, query, 10)) found += those.contains(key);
    }
    return found / 1000.0;
}

std::shared_ptr<Knowledge> exact_at(const std::string& path) {
    Options options = small_at(path);
    options.exact = true;
    auto opened = Knowledge::open(std::move(options));
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return *opened;
}

int64_t count_rows(const std::string& path, const char* table) {
    auto db = Database::open(path, false);
    auto read = (*db)->prepare(std::string("SELECT count(*) FROM ") + table);
    EXPECT_TRUE(read.ok() && read->step().ok());
    return read->integer(0);
}

TEST(SavedIndex, UpToTheLimitThereIsNone) {
    const Folder folder;
    const auto knowledge = open_small(folder / "k.db");
    add(*knowledge, 0, kLimit);
    knowledge->settle();
    EXPECT_EQ(near(*knowledge, text_of(7), 1).front(), "7");
    EXPECT_EQ(knowledge->index_state().linked, 0u);
    EXPECT_EQ(knowledge->index_state().graph_searches, 0u);
    EXPECT_EQ(count_rows(folder / "k.db", "graph"), 0);
}

TEST(SavedIndex, AboveItTheGraphIsUsedAndFindsWhatIsNear) {
    const Folder folder;
    const auto knowledge = open_small(folder / "k.db");
    add(*knowledge, 0, 3000);
    knowledge->settle();
    EXPECT_EQ(knowledge->index_state().linked, 3000u);
    const auto exact = exact_at(folder / "k.db");
    EXPECT_GE(recall(*knowledge, *exact), 0.95);
    EXPECT_EQ(knowledge->index_state().graph_searches, 100u);
    EXPECT_EQ(exact->index_state().linked, 0u);
    // A filter that leaves few is answered one by one, without a miss.
    const auto few =
        knowledge->search({text_of(7), 5, R"({"$id": {"$in": ["7", "27", "47"]}})", Mode::kVector});
    EXPECT_EQ(keys_of(few).size(), 3u);
    EXPECT_EQ(keys_of(few).front(), "7");
    EXPECT_EQ(knowledge->index_state().graph_searches, 100u);
}

TEST(SavedIndex, IsReadBackAndGoesOnFromThere) {
    const Folder folder;
    std::vector<std::string> found;
    {
        const auto knowledge = open_small(folder / "k.db");
        add(*knowledge, 0, kMany);
        knowledge->settle();
        EXPECT_EQ(knowledge->index_state().loaded, 0u);
        found = near(*knowledge, "subject 3 text q", 20);
    }
    EXPECT_GT(count_rows(folder / "k.db", "graph"), 0);
    {
        const auto knowledge = open_small(folder / "k.db");
        EXPECT_EQ(knowledge->index_state().loaded, kMany) << "from the file, not linked again";
        EXPECT_EQ(near(*knowledge, "subject 3 text q", 20), found);
        EXPECT_EQ(knowledge->index_state().graph_searches, 1u);
        add(*knowledge, kMany, kMany + 50);
        EXPECT_EQ(near(*knowledge, text_of(kMany + 7), 1).front(), std::to_string(kMany + 7));
        knowledge->settle();
        EXPECT_EQ(knowledge->index_state().linked, kMany + 50);
        EXPECT_EQ(knowledge->index_state().loaded, kMany);
    }
    EXPECT_EQ(open_small(folder / "k.db")->index_state().loaded, kMany + 50);
}

TEST(SavedIndex, WhatIsRemovedIsNeverFoundAndAQuarterOfItIsDropped) {
    const Folder folder;
    const auto is_removed = [](const std::string& key) { return std::stoul(key) < 90; };
    {
        const auto knowledge = open_small(folder / "k.db");
        add(*knowledge, 0, kMany);
        knowledge->settle();
        for (uint32_t i = 0; i < 90; ++i) {
            ASSERT_TRUE(knowledge->remove(std::to_string(i)).ok());
        }
        knowledge->settle();
        const IndexState state = knowledge->index_state();
        EXPECT_EQ(state.dead, 90u) << "less than a quarter";
        EXPECT_EQ(state.linked, kMany);
        for (uint32_t i = 0; i < 90; ++i) {
            const auto found = near(*knowledge, text_of(i), 30);
            EXPECT_EQ(found.size(), 30u);
            EXPECT_TRUE(std::none_of(found.begin(), found.end(), is_removed));
        }
        EXPECT_GE(recall(*knowledge, *exact_at(folder / "k.db")), 0.95);
    }
    EXPECT_EQ(count_rows(folder / "k.db", "ghosts"), 90);
    const auto knowledge = open_small(folder / "k.db");
    EXPECT_EQ(knowledge->index_state().loaded, kMany) << "with the dead in it";
    EXPECT_EQ(knowledge->index_state().dead, 90u);
    for (uint32_t i = 0; i < 90; ++i) {
        const auto found = near(*knowledge, text_of(i), 30);
        EXPECT_TRUE(std::none_of(found.begin(), found.end(), is_removed));
    }

    for (uint32_t i = 90; i < 101; ++i) ASSERT_TRUE(knowledge->remove(std::to_string(i)).ok());
    knowledge->settle();
    const IndexState state = knowledge->index_state();
    EXPECT_EQ(state.dead, 0u) << "more than a quarter";
    EXPECT_EQ(state.live, kMany - 101);
    EXPECT_EQ(state.linked, kMany - 101);
    EXPECT_EQ(state.loaded, 0u) << "made anew";
    EXPECT_EQ(count_rows(folder / "k.db", "ghosts"), 0);
    EXPECT_GE(recall(*knowledge, *exact_at(folder / "k.db")), 0.95);
    EXPECT_EQ(open_small(folder / "k.db")->index_state().loaded, kMany - 101);
}

TEST(SavedIndex, SearchesAreRightWhileItIsMadeAnew) {
    const Folder folder;
    const auto knowledge = open_small(folder / "k.db");
    add(*knowledge, 0, kMany);
    knowledge->settle();
    std::atomic<uint32_t> n_removed = 0;
    std::atomic<bool> stop = false;
    std::vector<std::thread> readers;
    for (uint32_t r = 0; r < 2; ++r) {
        readers.emplace_back([&, r] {
            uint32_t kept = 300 + r;
            while (!stop) {
                const uint32_t gone = n_removed;
                const auto found = near(*knowledge, text_of(kept), 10);
                ASSERT_EQ(found.size(), 10u);
                EXPECT_EQ(found.front(), std::to_string(kept));
                for (const std::string& key : found) EXPECT_GE(std::stoul(key), gone);
                kept = kept + 2 < kMany ? kept + 2 : 300 + r;
            }
        });
    }
    for (uint32_t i = 0; i < 250; ++i) {  // down to 150: twice more than a quarter
        ASSERT_TRUE(knowledge->remove(std::to_string(i)).ok());
        n_removed = i + 1;
    }
    knowledge->settle();
    stop = true;
    for (std::thread& reader : readers) reader.join();
    const IndexState state = knowledge->index_state();
    EXPECT_EQ(state.live, 150u);
    EXPECT_LE(state.dead, (state.live + state.dead) / 4);
    EXPECT_EQ(state.linked, state.live + state.dead);
}

TEST(SavedIndex, ADamagedOneIsMadeAgain) {
    const Folder folder;
    const std::vector<const char*> changes = {
        "UPDATE graph SET data = zeroblob(length(data))",
        "UPDATE graph SET data = substr(data, 1, 1000)",
        "UPDATE graph SET data = CAST(data || x'00' AS BLOB)",
        "DELETE FROM graph",
        "DELETE FROM meta WHERE name = 'graph'",
        "UPDATE meta SET value = value + 1 WHERE name = 'graph'",
        "UPDATE meta SET value = 'no number' WHERE name = 'graph'"};
    for (const char* change : changes) {
        for (const char* ending : {"", "-wal", "-shm"}) {
            std::filesystem::remove((folder / "k.db") + ending);
        }
        {
            const auto knowledge = open_small(folder / "k.db");
            add(*knowledge, 0, kMany);
            knowledge->settle();
        }
        {
            auto db = Database::open(folder / "k.db", false);
            ASSERT_TRUE((*db)->exec(change).ok()) << change;
        }
        const auto knowledge = open_small(folder / "k.db");
        ASSERT_NE(knowledge, nullptr) << change;
        EXPECT_EQ(knowledge->index_state().loaded, 0u) << change;
        EXPECT_EQ(near(*knowledge, text_of(33), 1).front(), "33") << "meanwhile one by one";
        knowledge->settle();
        EXPECT_EQ(knowledge->index_state().linked, kMany) << change;
        EXPECT_EQ(near(*knowledge, text_of(33), 1).front(), "33");
        EXPECT_EQ(open_small(folder / "k.db")->index_state().loaded, kMany) << change;
    }
}

TEST(SavedIndex, WhatAnotherWroteIsReadAgainWithItsGraph) {
    const Folder folder;
    const auto one = open_small(folder / "k.db");
    add(*one, 0, kMany);
    one->settle();
    const auto two = open_small(folder / "k.db");
    add(*two, kMany, kMany + 40);
    ASSERT_TRUE(two->remove("5").ok());
    two->settle();
    EXPECT_EQ(two->index_state().linked, kMany + 40);
    EXPECT_EQ(one->index_state().live, kMany) << "not asked yet";
    EXPECT_EQ(near(*one, text_of(kMany + 9), 1).front(), std::to_string(kMany + 9));
    EXPECT_NE(near(*one, text_of(5), 1).front(), "5");
    const IndexState state = one->index_state();
    EXPECT_EQ(state.live, kMany + 39);
    EXPECT_EQ(state.dead, 1u);
    EXPECT_EQ(state.loaded, kMany + 40) << "the other's graph";
    // Two writers in turn, each behind the other's back.
    for (uint32_t i = 0; i < 10; ++i) {
        add(i % 2 == 0 ? *one : *two, 1000 + 10 * i, 1010 + 10 * i);
    }
    one->settle();
    two->settle();
    for (const auto& handle : {one, two}) {
        EXPECT_EQ(near(*handle, text_of(1093), 1).front(), "1093");
        EXPECT_EQ(near(*handle, text_of(1005), 1).front(), "1005");
    }
    EXPECT_EQ(open_small(folder / "k.db")->index_state().live, kMany + 139);
}

// Removed by a handle that knows no vectors: the graph stays of use.
TEST(SavedIndex, OutlivesChangesWithoutAnEmbedder) {
    const Folder folder;
    {
        const auto knowledge = open_small(folder / "k.db");
        add(*knowledge, 0, kMany);
        knowledge->settle();
    }
    {
        const auto words = Knowledge::open(words_at(folder / "k.db"));
        ASSERT_TRUE((*words)->remove("7").ok());
    }
    const auto knowledge = open_small(folder / "k.db");
    EXPECT_EQ(knowledge->index_state().loaded, kMany);
    EXPECT_EQ(knowledge->index_state().dead, 1u);
    EXPECT_NE(near(*knowledge, text_of(7), 1).front(), "7");
}

}  // namespace
}  // namespace alv::knowledge::test
