// Adding, finding, changing and removing documents.
#include "knowledge/knowledge.h"

#include <atomic>
#include <cmath>
#include <future>
#include <thread>

#include "knowledge/harness.h"

namespace alv::knowledge::test {
namespace {

const std::vector<std::string> kDocuments = {
    "Artificial Intelligence (AI) is technology that enables computers to think and learn like "
    "humans.",
    "Machine learning is a branch of AI that learns patterns from data.",
    "Deep learning is a machine learning method using multi-layer neural networks.",
    "Natural Language Processing (NLP) is technology that enables computers to understand human "
    "language.",
    "Transformer is a revolutionary neural network architecture introduced in 2017."};

std::shared_ptr<Knowledge> with_documents(const std::string& path) {
    auto knowledge = open_at(path);
    std::vector<Document> documents;
    for (size_t i = 0; i < kDocuments.size(); ++i) {
        documents.push_back(doc("d" + std::to_string(i), kDocuments[i],
                                "{\"n\": " + std::to_string(i) +
                                    ", \"even\": " + (i % 2 == 0 ? "true" : "false") + "}"));
    }
    EXPECT_TRUE(knowledge->add(std::move(documents), nullptr).ok());
    return knowledge;
}

TEST(Knowledge, FindsByVectorsByWordsAndByBoth) {
    const auto knowledge = with_documents("");
    for (const Mode mode : {Mode::kHybrid, Mode::kVector, Mode::kWords}) {
        const auto hits = knowledge->search({"What is Transformer?", 2, "", mode});
        ASSERT_TRUE(hits.ok()) << hits.status().message();
        ASSERT_EQ(hits->size(), 2u);
        EXPECT_EQ(hits->front().passage.document, "d4");
        EXPECT_EQ(hits->front().passage.text, kDocuments[4]);
        EXPECT_EQ(hits->front().score > 1, mode == Mode::kWords) << "BM25, else a cosine";
    }
    // In the hybrid each hit keeps its cosine: that of the vector search.
    const auto both = knowledge->search({"What is Transformer?", 5, "", Mode::kHybrid});
    const auto near = knowledge->search({"What is Transformer?", 5, "", Mode::kVector});
    for (const Hit& hit : *both) {
        for (const Hit& other : *near) {
            if (hit.passage.chunk == other.passage.chunk) {
                EXPECT_EQ(hit.score, other.score);
            }
        }
    }
}

TEST(Knowledge, WithoutAnEmbedderItGoesByWords) {
    const auto knowledge = *Knowledge::open(words_at(""));
    const auto with = with_documents("");
    std::vector<Document> documents;
    for (size_t i = 0; i < kDocuments.size(); ++i) {
        documents.push_back(doc("d" + std::to_string(i), kDocuments[i], R"({"kept": true})"));
    }
    const auto added = knowledge->add(documents, nullptr);
    ASSERT_TRUE(added.ok()) << added.status().message();
    EXPECT_EQ(added->chunks, kDocuments.size());
    const auto expected = with->search({"machine learning", 5, "", Mode::kWords});
    for (const Mode mode : {Mode::kHybrid, Mode::kWords}) {
        const auto hits = knowledge->search({"machine learning", 5, R"({"kept": true})", mode});
        EXPECT_EQ(keys_of(hits), keys_of(expected));
        ASSERT_EQ(hits->size(), 2u);
        EXPECT_EQ((*hits)[0].score, (*expected)[0].score);
        EXPECT_GT((*hits)[0].score, (*hits)[1].score);
        EXPECT_GT((*hits)[1].score, 0);
    }
    const Status refused = knowledge->search({"x", 5, "", Mode::kVector}).status();
    EXPECT_EQ(refused.code(), Code::kInvalidArgument);
    EXPECT_NE(refused.message().find("needs an embedder"), std::string::npos);
    ASSERT_TRUE(knowledge->remove("d1").ok());
    EXPECT_EQ(keys_of(knowledge->search({"machine learning", 5})), std::vector<std::string>{"d2"});
    EXPECT_EQ(knowledge->add(documents, nullptr)->unchanged, kDocuments.size() - 1);
    Options tokens = words_at("");
    tokens.split_by_tokens = true;
    EXPECT_EQ(Knowledge::open(tokens).status().code(), Code::kInvalidArgument);
}

// Also in a base of three: SQLite's own BM25 makes nothing of a word that half of the chunks have.
TEST(Knowledge, Bm25IsOkapisWithAWeightAboveZero) {
    const auto knowledge = *Knowledge::open(words_at(""));
    ASSERT_TRUE(knowledge
                    ->add({doc("a", "the marsh the wyrm the marsh"), doc("b", "the marsh"),
                           doc("c", "the old mill by the river")},
                          nullptr)
                    .ok());
    const auto idf = [](double n) { return std::log(1 + (3 - n + 0.5) / (n + 0.5)); };
    const auto part = [](double hits, double size) {
        return hits * 2.2 / (hits + 1.2 * (0.25 + 0.75 * size / (14.0 / 3)));
    };
    const auto hits = knowledge->search({"the marsh", 5});
    ASSERT_EQ(keys_of(hits), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_NEAR((*hits)[0].score, idf(3) * part(3, 6) + idf(2) * part(2, 6), 1e-9);
    EXPECT_NEAR((*hits)[1].score, idf(3) * part(1, 2) + idf(2) * part(1, 2), 1e-9);
    EXPECT_NEAR((*hits)[2].score, idf(3) * part(2, 6), 1e-9);
}

TEST(Knowledge, AWordNobodyElseHasWinsInTheHybrid) {
    const auto knowledge = open_at("");
    std::vector<Document> documents;
    for (int i = 0; i < 200; ++i) {
        documents.push_back(
            doc(std::to_string(i), "the part has number PX-" + std::to_string(i * 37)));
    }
    ASSERT_TRUE(knowledge->add(std::move(documents), nullptr).ok());
    EXPECT_EQ(keys_of(knowledge->search({"PX-4107", 1, "", Mode::kHybrid})).front(), "111");
}

TEST(Knowledge, WhateverTheQueryHoldsIsWords) {
    const auto knowledge = with_documents("");
    const std::vector<std::string> queries = {"\"",
                                              "\"\"\"",
                                              "AND",
                                              "OR NOT",
                                              "NEAR(a b)",
                                              "text:learning",
                                              "learn*",
                                              "^learning",
                                              "(",
                                              ")",
                                              "{}",
                                              "-",
                                              "+",
                                              "?",
                                              "learning\"; DROP TABLE chunks; --",
                                              "a AND",
                                              std::string("a\0b", 3),
                                              "'",
                                              "\\",
                                              std::string(100000, '"'),
                                              "",
                                              " \n\t"};
    for (const std::string& query : queries) {
        const auto hits = knowledge->search({query, 3, "", Mode::kHybrid});
        EXPECT_TRUE(hits.ok()) << query.substr(0, 40) << ": " << hits.status().message();
    }
    EXPECT_EQ(knowledge->counts()->chunks, 5u);
    const auto hits = knowledge->search({"\"neural networks\" OR x*", 1, "", Mode::kWords});
    EXPECT_EQ(keys_of(hits), std::vector<std::string>{"d2"});
}

TEST(Knowledge, AFileThatIsOpenedAgainFindsTheSame) {
    const Folder folder;
    std::vector<std::string> first;
    {
        const auto knowledge = with_documents(folder / "k.db");
        first = keys_of(knowledge->search({"neural networks", 5, "", Mode::kHybrid}));
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "k.db-wal")) << "one file when it is closed";
    const auto knowledge = open_at(folder / "k.db");
    EXPECT_EQ(keys_of(knowledge->search({"neural networks", 5, "", Mode::kHybrid})), first);
    EXPECT_EQ(knowledge->counts()->documents, 5u);
}

TEST(Knowledge, UpdateAndRemove) {
    const auto knowledge = with_documents("");
    ASSERT_TRUE(knowledge->add({doc("d4", "Zebras have stripes.")}, nullptr).ok());
    EXPECT_EQ(knowledge->counts()->documents, 5u);
    for (const Mode mode : {Mode::kHybrid, Mode::kVector, Mode::kWords}) {
        EXPECT_EQ(keys_of(knowledge->search({"stripes zebras", 1, "", mode})).front(), "d4");
        const auto found = knowledge->search({"Transformer 2017", 5, "", mode});
        for (const Hit& hit : *found) {
            EXPECT_EQ(hit.passage.text.find("Transformer"), std::string::npos);
        }
    }
    ASSERT_TRUE(knowledge->remove("d4").ok());
    EXPECT_EQ(knowledge->remove("d4").code(), Code::kNotFound);
    EXPECT_EQ(knowledge->counts()->documents, 4u);
    EXPECT_TRUE(keys_of(knowledge->search({"zebras", 5, "", Mode::kWords})).empty());
    for (const std::string& key : keys_of(knowledge->search({"zebras", 5, "", Mode::kVector}))) {
        EXPECT_NE(key, "d4");
    }
}

TEST(Knowledge, WhatHasNotChangedIsNotEmbeddedAgain) {
    const auto embedder = std::make_shared<FakeEmbedder>();
    const auto knowledge = open_at("", embedder);
    ASSERT_TRUE(knowledge->add({doc("a", "one"), doc("b", "two")}, nullptr).ok());
    EXPECT_EQ(embedder->embedded, 2u);
    const auto again =
        knowledge->add({doc("a", "one"), doc("b", "three"), doc("c", "four")}, nullptr);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(embedder->embedded, 4u);
    EXPECT_EQ(again->unchanged, 1u);
    EXPECT_EQ(again->documents, 3u);
    ASSERT_TRUE(knowledge->add({doc("a", "one", "{\"x\": 1}")}, nullptr).ok());
    EXPECT_EQ(keys_of(knowledge->search({"one", 5, "{\"x\": 1}"})), std::vector<std::string>{"a"});
}

TEST(Knowledge, TheLaterOfTwoWithOneKeyHolds) {
    const auto knowledge = open_at("");
    ASSERT_TRUE(
        knowledge->add({doc("a", "first"), doc("b", "x"), doc("a", "second")}, nullptr).ok());
    EXPECT_EQ(knowledge->counts()->documents, 2u);
    EXPECT_EQ(keys_of(knowledge->search({"second", 1, "", Mode::kWords})),
              std::vector<std::string>{"a"});
    EXPECT_TRUE(keys_of(knowledge->search({"first", 1, "", Mode::kWords})).empty());
}

TEST(Knowledge, ProgressIsToldAndCancelKeepsWhatWasCommitted) {
    const auto knowledge = open_at("");
    std::vector<Document> documents;
    for (int i = 0; i < 500; ++i)
        documents.push_back(doc(std::to_string(i), "text " + std::to_string(i)));
    uint64_t told = 0;
    uint64_t last = 0;
    const auto result = knowledge->add(documents, [&](const Progress& progress) {
        EXPECT_GE(progress.documents, last);
        EXPECT_EQ(progress.total, 500u);
        last = progress.documents;
        return ++told < 12;
    });
    EXPECT_EQ(result.status().code(), Code::kCancelled);
    EXPECT_GT(last, 0u);
    EXPECT_LT(last, 500u);
    EXPECT_EQ(knowledge->counts()->documents, last);
    ASSERT_TRUE(knowledge->add(documents, nullptr).ok());
    EXPECT_EQ(knowledge->counts()->documents, 500u);
}

TEST(Knowledge, WrongDocumentsAreRefusedByName) {
    const auto knowledge = open_at("");
    const auto code = [&](Document document) {
        return knowledge->add({std::move(document)}, nullptr).status().code();
    };
    EXPECT_EQ(code(doc("", "x")), Code::kInvalidArgument);
    EXPECT_EQ(code(doc("a", "\xC3(")), Code::kInvalidArgument);
    EXPECT_EQ(code(doc("\xFF", "x")), Code::kInvalidArgument);
    EXPECT_EQ(code(doc("a", "x", "[1]")), Code::kInvalidArgument);
    EXPECT_EQ(code(doc("a", "x", "{\"a\":")), Code::kInvalidArgument);
    EXPECT_EQ(code(doc("a", "x", "{\"a\":" + std::string(1000, '[') + "}")), Code::kLimitExceeded);
    EXPECT_EQ(code(doc(std::string(5000, 'k'), "x")), Code::kLimitExceeded);
    EXPECT_EQ(knowledge->counts()->documents, 0u);
    EXPECT_EQ(knowledge->search({"x", 0}).status().code(), Code::kInvalidArgument);
    EXPECT_EQ(knowledge->search({"x", 1001}).status().code(), Code::kInvalidArgument);
    EXPECT_TRUE(keys_of(knowledge->search({"x", 3})).empty());
}

TEST(Knowledge, OneThreadWritesWhileOthersRead) {
    const Folder folder;
    const auto knowledge = with_documents(folder / "k.db");
    std::atomic<bool> stop = false;
    std::atomic<int> searches = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            while (!stop) {
                const auto hits =
                    knowledge->search({"machine learning", 3, "{\"n\": {\"$lte\": 4}}"});
                EXPECT_TRUE(hits.ok()) << hits.status().message();
                EXPECT_EQ(hits->size(), 3u);
                ++searches;
            }
        });
    }
    for (int i = 0; i < 150; ++i) {
        const std::string key = std::to_string(i % 20);
        ASSERT_TRUE(knowledge->add({doc(key, "machine text " + std::to_string(i))}, nullptr).ok());
        if (i % 3 == 0) {
            ASSERT_TRUE(knowledge->remove(key).ok());
        }
    }
    stop = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_GT(searches, 0);
}

// Two that have one file open, as two processes do.
TEST(Knowledge, WhatAnotherWroteIsSeen) {
    const Folder folder;
    const auto one = with_documents(folder / "k.db");
    const auto two = open_at(folder / "k.db");
    ASSERT_TRUE(two->add({doc("z", "Zebras have stripes.")}, nullptr).ok());
    EXPECT_EQ(keys_of(one->search({"zebras", 1, "", Mode::kHybrid})).front(), "z");
    ASSERT_TRUE(one->remove("z").ok());
    ASSERT_TRUE(one->add({doc("y", "Yaks have wool.")}, nullptr).ok());
    EXPECT_EQ(keys_of(two->search({"yaks", 1, "", Mode::kVector})).front(), "y");
    for (const std::string& key : keys_of(two->search({"zebras", 9, "", Mode::kHybrid}))) {
        EXPECT_NE(key, "z");
    }
}

TEST(Knowledge, IsARetriever) {
    for (const Options& options : {options_at(""), words_at("")}) {
        const auto knowledge = *Knowledge::open(options);
        ASSERT_TRUE(knowledge
                        ->add({doc("d3", kDocuments[3], R"({"even": false})"),
                               doc("d4", kDocuments[4], R"({"even": true})")},
                              nullptr)
                        .ok());
        const auto retriever = *knowledge->retriever();
        std::promise<Result<std::vector<engine::Passage>>> promise;
        const auto ticket = retriever->submit({"What is Transformer?", 2, R"({"even": true})"},
                                              [&](Result<std::vector<engine::Passage>> result) {
                                                  promise.set_value(std::move(result));
                                              });
        ASSERT_TRUE(ticket.ok()) << ticket.status().message();
        const auto passages = promise.get_future().get();
        ASSERT_TRUE(passages.ok()) << passages.status().message();
        ASSERT_EQ(passages->size(), 1u);
        EXPECT_EQ(passages->front().id, "d4#0");
        EXPECT_EQ(passages->front().text, kDocuments[4]);
        EXPECT_EQ(passages->front().metadata_json, R"({"even": true})");
        EXPECT_GT(passages->front().score, 0.2);
        EXPECT_FALSE(retriever->submit({"x", 2, R"({"a": {"$no": 1}})"}, [](auto) {}).ok());
    }
}

// Nobody waits any more: the search ends, and what it held is free again.
TEST(Knowledge, ASearchThatIsStoppedEndsAsCancelled) {
    const auto knowledge = with_documents("");
    const std::atomic<bool> stop = true;
    const auto hits = knowledge->search({"learning", 3, "", Mode::kWords}, {}, &stop);
    EXPECT_EQ(hits.status().code(), Code::kCancelled);
    EXPECT_EQ(keys_of(knowledge->search({"learning", 3, "", Mode::kWords})).size(), 2u);
}

}  // namespace
}  // namespace alv::knowledge::test
