// The knowledge base through the ABI, on the fake embedder.
#include <alviss/knowledge.h>

#include <cstdio>
#include <stdexcept>
#include <thread>

#include "abi/embedder_host.h"
#include "api/handles.h"
#include "knowledge/search_queue.h"

namespace alv::test {
namespace {

class KnowledgeHost : public EmbedderHost {
  public:
    KnowledgeHost() {
        alv_knowledge_options options = ALV_KNOWLEDGE_OPTIONS_INIT;
        options.embedder = embedder;
        Failure failure;
        EXPECT_EQ(alv_knowledge_open(&options, &knowledge, failure.out()), ALV_STATUS_OK)
            << failure.message();
    }
    ~KnowledgeHost() { alv_knowledge_release(knowledge); }

    void add(const char* id, const char* text, const char* metadata = nullptr) {
        alv_knowledge_add_options how = ALV_KNOWLEDGE_ADD_OPTIONS_INIT;
        how.metadata = alv_str(metadata);
        how.source = alv_str("the test");
        Failure failure;
        EXPECT_EQ(
            alv_knowledge_add_text(knowledge, alv_str(id), alv_str(text), &how, failure.out()),
            ALV_STATUS_OK)
            << failure.message();
    }
    uint64_t documents() {
        uint64_t n = 0;
        EXPECT_EQ(alv_knowledge_count(knowledge, &n, nullptr, nullptr), ALV_STATUS_OK);
        return n;
    }
    // The ids of what is found by its words.
    std::vector<std::string> find(const char* words, const char* filter = nullptr,
                                  uint32_t mode = ALV_KNOWLEDGE_WORDS) {
        alv_query query = ALV_QUERY_INIT;
        query.text = alv_str(words);
        query.k = 5;
        query.filter = alv_str(filter);
        alv_passages* passages = nullptr;
        Failure failure;
        EXPECT_EQ(alv_knowledge_search(knowledge, &query, mode, &passages, failure.out()),
                  ALV_STATUS_OK)
            << failure.message();
        return ids_of(passages);
    }
    static std::vector<std::string> ids_of(alv_passages* passages) {
        std::vector<std::string> ids;
        for (uint64_t i = 0; i < alv_passages_count(passages); ++i) {
            const alv_string id = alv_passages_get(passages, i)->id;
            ids.emplace_back(id.data, id.size);
        }
        alv_passages_release(passages);
        return ids;
    }

    alv_knowledge* knowledge = nullptr;
};

using Ids = std::vector<std::string>;

TEST(Knowledge, AddsFindsUpdatesAndRemoves) {
    KnowledgeHost host;
    host.add("a", "The tavern sells cider.", R"({"place": "tavern"})");
    host.add("b", "The forge sells swords and cider.", R"({"place": "forge"})");
    EXPECT_EQ(host.documents(), 2u);
    EXPECT_EQ(host.find("swords"), Ids{"b#0"});
    EXPECT_EQ(host.find("cider", R"({"place": "tavern"})"), Ids{"a#0"});
    EXPECT_EQ(host.find("cider", nullptr, ALV_KNOWLEDGE_HYBRID).size(), 2u);
    EXPECT_EQ(host.find("cider", nullptr, ALV_KNOWLEDGE_VECTOR).size(), 2u);
    host.add("b", "The forge sells shields.");
    EXPECT_EQ(host.documents(), 2u);
    EXPECT_EQ(host.find("swords"), Ids{});
    EXPECT_EQ(host.find("shields"), Ids{"b#0"});
    EXPECT_EQ(alv_knowledge_remove(host.knowledge, alv_str("b"), nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_knowledge_remove(host.knowledge, alv_str("b"), nullptr), ALV_STATUS_NOT_FOUND);
    EXPECT_EQ(host.documents(), 1u);
}

TEST(Knowledge, IsARetrieverLikeAnyOther) {
    alv_retriever retriever = ALV_RETRIEVER_INIT;
    {
        KnowledgeHost host;
        host.add("a", "The tavern sells cider.");
        ASSERT_EQ(alv_knowledge_retriever(host.knowledge, &retriever, nullptr), ALV_STATUS_OK);
        // The handles go; the retriever keeps what it needs.
        alv_knowledge_release(host.knowledge);
        host.knowledge = nullptr;
        alv_query query = ALV_QUERY_INIT;
        query.text = alv_str("cider");
        query.k = 3;
        alv_passages* passages = nullptr;
        Failure failure;
        ASSERT_EQ(alv_retriever_query(&retriever, &query, 60'000'000, &passages, failure.out()),
                  ALV_STATUS_OK)
            << failure.message();
        ASSERT_EQ(alv_passages_count(passages), 1u);
        const alv_string source = alv_passages_get(passages, 0)->source;
        EXPECT_EQ(std::string(source.data, source.size), "the test");
        alv_passages_release(passages);
    }
    retriever.release(retriever.user_data);
}

TEST(Knowledge, NeedsNoRuntimeForWords) {
    alv_knowledge* knowledge = nullptr;
    Failure failure;
    ASSERT_EQ(alv_knowledge_open(nullptr, &knowledge, failure.out()), ALV_STATUS_OK)
        << failure.message();
    for (const char* text : {"The tavern sells cider.", "The forge sells swords."}) {
        EXPECT_EQ(alv_knowledge_add_text(knowledge, alv_str(text), alv_str(text), nullptr, nullptr),
                  ALV_STATUS_OK);
    }
    alv_query query = ALV_QUERY_INIT;
    query.text = alv_str("Who sells cider?");
    alv_passages* passages = nullptr;
    ASSERT_EQ(alv_knowledge_search(knowledge, &query, ALV_KNOWLEDGE_HYBRID, &passages, nullptr),
              ALV_STATUS_OK);
    ASSERT_EQ(alv_passages_count(passages), 2u);
    EXPECT_EQ(text_of(alv_passages_get(passages, 0)->text), "The tavern sells cider.");
    EXPECT_GT(alv_passages_get(passages, 0)->score, alv_passages_get(passages, 1)->score);
    alv_passages_release(passages);
    EXPECT_EQ(
        alv_knowledge_search(knowledge, &query, ALV_KNOWLEDGE_VECTOR, &passages, failure.out()),
        ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_NE(failure.message().find("embedder"), std::string::npos) << failure.message();

    alv_retriever retriever = ALV_RETRIEVER_INIT;
    ASSERT_EQ(alv_knowledge_retriever(knowledge, &retriever, nullptr), ALV_STATUS_OK);
    alv_knowledge_release(knowledge);
    ASSERT_EQ(alv_retriever_query(&retriever, &query, kLong, &passages, failure.out()),
              ALV_STATUS_OK)
        << failure.message();
    EXPECT_EQ(KnowledgeHost::ids_of(passages).size(), 2u);
    retriever.release(retriever.user_data);
}

TEST(Knowledge, AFileWithVectorsIsSearchedByWordsWithoutTheModel) {
    const std::string path = std::string(ALV_TEST_BINARY_DIR) + "/abi_knowledge_words.db";
    std::remove(path.c_str());
    EmbedderHost host;
    alv_knowledge_options options = ALV_KNOWLEDGE_OPTIONS_INIT;
    options.path = str(path);
    options.embedder = host.embedder;
    alv_knowledge* knowledge = nullptr;
    ASSERT_EQ(alv_knowledge_open(&options, &knowledge, nullptr), ALV_STATUS_OK);
    ASSERT_EQ(alv_knowledge_add_text(knowledge, alv_str("a"), alv_str("cider"), nullptr, nullptr),
              ALV_STATUS_OK);
    alv_knowledge_release(knowledge);
    options.embedder = nullptr;
    Failure failure;
    ASSERT_EQ(alv_knowledge_open(&options, &knowledge, failure.out()), ALV_STATUS_OK)
        << failure.message();
    alv_query query = ALV_QUERY_INIT;
    query.text = alv_str("cider");
    alv_passages* passages = nullptr;
    ASSERT_EQ(alv_knowledge_search(knowledge, &query, 0, &passages, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(KnowledgeHost::ids_of(passages), Ids{"a#0"});
    EXPECT_EQ(
        alv_knowledge_add_text(knowledge, alv_str("b"), alv_str("beer"), nullptr, failure.out()),
        ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_NE(failure.message().find("open it with that model"), std::string::npos)
        << failure.message();
    alv_knowledge_release(knowledge);
    std::remove(path.c_str());
}

// A search that lasts holds up neither the frame of a host that steps, nor its replies.
TEST(Knowledge, ASlowSearchDoesNotStallTheStep) {
    EmbedderHost host(ALV_RUNTIME_HOST_STEPPED);
    const std::thread::id frame = std::this_thread::get_id();
    std::atomic<bool> entered = false;
    std::atomic<bool> go_on = false;
    std::atomic<bool> answered = false;
    const auto started = knowledge::SearchQueue::start(
        host.embedder->embedder,
        [&](const engine::Query&, std::vector<float> vector,
            const std::atomic<bool>&) -> Result<std::vector<engine::Passage>> {
            EXPECT_EQ(vector.size(), kDim);
            entered = true;
            // In the frame itself nothing could let it go on.
            EXPECT_NE(std::this_thread::get_id(), frame);
            while (!go_on && std::this_thread::get_id() != frame) std::this_thread::yield();
            return std::vector<engine::Passage>();
        });
    ASSERT_TRUE(started.ok());
    ASSERT_TRUE((*started)->submit({"x", 1, ""}, [&](const auto&) { answered = true; }).ok());
    while (!entered) {
        ASSERT_EQ(alv_runtime_step(host.runtime, 1000, nullptr, nullptr), ALV_STATUS_OK);
    }
    // The search waits; texts are embedded meanwhile.
    alv_embedding* embedding = host.start({"one", "two"});
    uint32_t pending = 1;
    while (pending != 0) {
        ASSERT_EQ(alv_runtime_step(host.runtime, 1000, &pending, nullptr), ALV_STATUS_OK);
    }
    EXPECT_EQ(alv_embedding_wait(embedding, 0, nullptr), ALV_STATUS_OK);
    alv_embedding_release(embedding);
    EXPECT_FALSE(answered);
    go_on = true;
    EXPECT_TRUE(wait_for(answered));
}

// Retrievals that nobody waits for any more, and retrievers that go, in the middle of it all.
TEST(Knowledge, CancelAndReleaseDuringASearchAreClean) {
    EmbedderHost host;
    for (int round = 0; round < 100; ++round) {
        alv_knowledge_options options = ALV_KNOWLEDGE_OPTIONS_INIT;
        options.embedder = round % 2 == 0 ? host.embedder : nullptr;
        alv_knowledge* knowledge = nullptr;
        ASSERT_EQ(alv_knowledge_open(&options, &knowledge, nullptr), ALV_STATUS_OK);
        ASSERT_EQ(alv_knowledge_add_text(knowledge, alv_str("a"), alv_str("cider and beer"),
                                         nullptr, nullptr),
                  ALV_STATUS_OK);
        alv_retriever retriever = ALV_RETRIEVER_INIT;
        ASSERT_EQ(alv_knowledge_retriever(knowledge, &retriever, nullptr), ALV_STATUS_OK);
        alv_knowledge_release(knowledge);
        alv_query query = ALV_QUERY_INIT;
        query.text = alv_str("cider");
        alv_passages* passages = nullptr;
        const alv_status status = alv_retriever_query(
            &retriever, &query, static_cast<uint64_t>(round), &passages, nullptr);
        EXPECT_TRUE(status == ALV_STATUS_OK || status == ALV_STATUS_TIMEOUT) << status;
        alv_passages_release(passages);
        retriever.release(retriever.user_data);
    }
}

TEST(Knowledge, ProgressMayStopAnAddOrFail) {
    KnowledgeHost host;
    alv_knowledge_add_options how = ALV_KNOWLEDGE_ADD_OPTIONS_INIT;
    int calls = 0;
    how.user_data = &calls;
    how.progress = [](void* user_data, const alv_knowledge_progress*) -> alv_status {
        ++*static_cast<int*>(user_data);
        return ALV_STATUS_CANCELLED;
    };
    EXPECT_EQ(alv_knowledge_add_text(host.knowledge, alv_str("a"), alv_str("text"), &how, nullptr),
              ALV_STATUS_CANCELLED);
    EXPECT_GT(calls, 0);
    how.progress = [](void*, const alv_knowledge_progress*) -> alv_status {
        throw std::runtime_error("a host's mistake");
    };
    EXPECT_EQ(alv_knowledge_add_text(host.knowledge, alv_str("a"), alv_str("text"), &how, nullptr),
              ALV_STATUS_CALLBACK_FAILED);
    host.add("a", "text");
    EXPECT_EQ(host.documents(), 1u);
}

TEST(Knowledge, WhatIsWrongIsSaid) {
    KnowledgeHost host;
    alv_query query = ALV_QUERY_INIT;
    query.text = alv_str("x");
    query.k = 3;
    query.filter = alv_str(R"({"a": {"$near": 1}})");
    alv_passages* passages = nullptr;
    Failure failure;
    EXPECT_EQ(
        alv_knowledge_search(host.knowledge, &query, ALV_KNOWLEDGE_WORDS, &passages, failure.out()),
        ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_NE(failure.message().find("$near"), std::string::npos) << failure.message();
    EXPECT_EQ(passages, nullptr);
    EXPECT_EQ(alv_knowledge_search(host.knowledge, &query, 9, &passages, nullptr),
              ALV_STATUS_INVALID_ARGUMENT);
    alv_knowledge_options options = ALV_KNOWLEDGE_OPTIONS_INIT;
    alv_knowledge* none = nullptr;
    options.embedder = host.embedder;
    options.path = alv_str("/no/such/folder/file.db");
    options.flags = ALV_KNOWLEDGE_MUST_EXIST;
    EXPECT_EQ(alv_knowledge_open(&options, &none, nullptr), ALV_STATUS_NOT_FOUND);
    EXPECT_EQ(none, nullptr);
}

}  // namespace
}  // namespace alv::test
