// A host's retriever: what it answers, when, and what it does wrong.
#include <alviss/retriever.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "api/retriever.h"

namespace alv::test {
namespace {

std::string text_of(alv_string text) {
    return text.data ? std::string(text.data, text.size) : std::string();
}

alv_status add(alv_retrieval* retrieval, const char* id, const char* text, double score = 1,
               const char* metadata = nullptr) {
    alv_passage passage = ALV_PASSAGE_INIT;
    passage.id = alv_str(id);
    passage.text = alv_str(text);
    passage.metadata = alv_str(metadata);
    passage.score = score;
    return alv_retrieval_add(retrieval, &passage, nullptr);
}
alv_status finish(alv_retrieval* retrieval, alv_status status = ALV_STATUS_OK) {
    return alv_retrieval_finish(retrieval, status, alv_str("no luck"), nullptr);
}

// A retriever made of a function.
struct Script {
    std::function<alv_status(alv_retrieval*, const alv_query*)> retrieve;
    std::function<void(alv_retrieval*)> cancel = [](alv_retrieval*) {};
    int released = 0;

    alv_retriever vtable() {
        alv_retriever out = ALV_RETRIEVER_INIT;
        out.user_data = this;
        out.retrieve = [](void* self, alv_retrieval* retrieval, const alv_query* query) {
            return static_cast<Script*>(self)->retrieve(retrieval, query);
        };
        out.cancel = [](void* self, alv_retrieval* retrieval) {
            static_cast<Script*>(self)->cancel(retrieval);
        };
        out.release = [](void* self) { ++static_cast<Script*>(self)->released; };
        return out;
    }
    alv_status ask(alv_passages** passages, std::string* message = nullptr, uint32_t k = 3,
                   uint64_t timeout_us = 60'000'000) {
        const alv_retriever calls = vtable();
        alv_query query = ALV_QUERY_INIT;
        query.k = k;
        query.text = alv_str("what");
        query.filter = alv_str("{\"a\":1}");
        alv_error* error = nullptr;
        const alv_status status = alv_retriever_query(&calls, &query, timeout_us, passages, &error);
        if (message) *message = text_of(alv_error_message(error));
        alv_error_release(error);
        return status;
    }
};

TEST(Retriever, WhatItAddsArrives) {
    Script script;
    script.retrieve = [](alv_retrieval* retrieval, const alv_query* query) {
        EXPECT_EQ(query->struct_size, sizeof(alv_query));
        EXPECT_EQ(query->k, 3u);
        EXPECT_EQ(text_of(query->text), "what");
        EXPECT_EQ(text_of(query->filter), "{\"a\":1}");
        EXPECT_EQ(add(retrieval, "1", "one", 0.5, " {\"page\": 7}"), ALV_STATUS_OK);
        EXPECT_EQ(add(retrieval, "2", "two", 0.25), ALV_STATUS_OK);
        return finish(retrieval);
    };
    alv_passages* passages = nullptr;
    ASSERT_EQ(script.ask(&passages), ALV_STATUS_OK);
    ASSERT_EQ(alv_passages_count(passages), 2u);
    const alv_passage* first = alv_passages_get(passages, 0);
    EXPECT_EQ(text_of(first->id), "1");
    EXPECT_EQ(text_of(first->text), "one");
    EXPECT_EQ(text_of(first->metadata), " {\"page\": 7}");
    EXPECT_EQ(first->score, 0.5);
    EXPECT_EQ(text_of(alv_passages_get(passages, 1)->id), "2");
    EXPECT_EQ(alv_passages_get(passages, 2), nullptr);
    alv_passages_release(passages);
    EXPECT_EQ(script.released, 0) << "a query only uses the retriever";
}

TEST(Retriever, AnswersLaterFromAnotherThread) {
    std::thread worker;
    Script script;
    script.retrieve = [&](alv_retrieval* retrieval, const alv_query*) {
        alv_retrieval_retain(retrieval);
        worker = std::thread([retrieval] {
            EXPECT_EQ(add(retrieval, "1", "one"), ALV_STATUS_OK);
            EXPECT_EQ(finish(retrieval), ALV_STATUS_OK);
            alv_retrieval_release(retrieval);
        });
        return ALV_STATUS_OK;
    };
    alv_passages* passages = nullptr;
    EXPECT_EQ(script.ask(&passages), ALV_STATUS_OK);
    EXPECT_EQ(alv_passages_count(passages), 1u);
    alv_passages_release(passages);
    worker.join();
}

TEST(Retriever, AWrongPassageIsRefusedAndTheRestGoesOn) {
    const std::string large(ALV_RETRIEVER_MAX_TEXT_BYTES + 1, 'x');
    const std::string long_id(ALV_RETRIEVER_MAX_ID_BYTES + 1, 'x');
    const std::string deep = "{\"a\":" + std::string(40000, '[') + "}";
    const std::string wide =
        "{\"a\":\"" + std::string(ALV_RETRIEVER_MAX_METADATA_BYTES, 'x') + "\"}";
    Script script;
    script.retrieve = [&](alv_retrieval* retrieval, const alv_query*) {
        EXPECT_EQ(add(retrieval, "1", "one"), ALV_STATUS_OK);
        EXPECT_EQ(add(retrieval, "1", "again"), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "", "x"), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "2", ""), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "2", "\xC3("), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "\xFF", "x"), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "2", "x", std::nan("")), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "2", "x", INFINITY), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "2", "x", 1, "[1]"), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "2", "x", 1, "{\"a\":"), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "2", "x", 1, "{} x"), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "2", "x", 1, deep.c_str()), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(add(retrieval, "2", "x", 1, wide.c_str()), ALV_STATUS_LIMIT_EXCEEDED);
        EXPECT_EQ(add(retrieval, "2", large.c_str()), ALV_STATUS_LIMIT_EXCEEDED);
        EXPECT_EQ(add(retrieval, long_id.c_str(), "x"), ALV_STATUS_LIMIT_EXCEEDED);
        EXPECT_EQ(add(retrieval, "2", "two"), ALV_STATUS_OK);
        EXPECT_EQ(add(retrieval, "3", "three"), ALV_STATUS_OK);
        EXPECT_EQ(add(retrieval, "4", "more than k"), ALV_STATUS_LIMIT_EXCEEDED);
        EXPECT_EQ(alv_retrieval_finish(retrieval, ALV_STATUS_OK, alv_str("\xC3("), nullptr),
                  ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(finish(retrieval), ALV_STATUS_OK);
        EXPECT_EQ(finish(retrieval), ALV_STATUS_INVALID_STATE);
        EXPECT_EQ(add(retrieval, "5", "late"), ALV_STATUS_INVALID_STATE);
        return ALV_STATUS_OK;
    };
    alv_passages* passages = nullptr;
    ASSERT_EQ(script.ask(&passages), ALV_STATUS_OK);
    EXPECT_EQ(alv_passages_count(passages), 3u);
    alv_passages_release(passages);
}

TEST(Retriever, AllPassagesTogetherAreLimited) {
    const std::string text(ALV_RETRIEVER_MAX_TEXT_BYTES, 'x');
    int taken = 0;
    Script script;
    script.retrieve = [&](alv_retrieval* retrieval, const alv_query*) {
        while (taken < 100 &&
               add(retrieval, std::to_string(taken).c_str(), text.c_str()) == ALV_STATUS_OK) {
            ++taken;
        }
        return finish(retrieval);
    };
    alv_passages* passages = nullptr;
    ASSERT_EQ(script.ask(&passages, nullptr, 1000), ALV_STATUS_OK);
    EXPECT_EQ(taken, 15);
    alv_passages_release(passages);
}

TEST(Retriever, EveryWayToFailIsACallbackFailedWithItsReason) {
    alv_passages* passages = nullptr;
    std::string message;
    Script script;
    const auto expect = [&](const char* part) {
        EXPECT_EQ(script.ask(&passages, &message), ALV_STATUS_CALLBACK_FAILED) << part;
        EXPECT_EQ(passages, nullptr);
        EXPECT_NE(message.find(part), std::string::npos) << message;
    };
    script.retrieve = [](auto*, auto*) { return ALV_STATUS_IO_ERROR; };
    expect("I/O");
    script.retrieve = [](auto*, auto*) -> alv_status { throw std::runtime_error("x"); };
    expect("threw");
    script.retrieve = [](auto*, auto*) { return ALV_STATUS_OK; };
    expect("let its retrieval go");
    script.retrieve = [](alv_retrieval* r, auto*) { return finish(r, ALV_STATUS_NOT_FOUND); };
    expect("no luck");
    script.retrieve = [](alv_retrieval* r, auto*) {
        std::thread([r = alv_retrieval_retain(r)] { alv_retrieval_release(r); }).join();
        return ALV_STATUS_OK;
    };
    expect("let its retrieval go");
}

TEST(Retriever, OneThatNeverAnswersTimesOutAndIsTold) {
    alv_retrieval* kept = nullptr;
    alv_retrieval* told = nullptr;
    Script script;
    script.retrieve = [&](alv_retrieval* retrieval, auto*) {
        kept = alv_retrieval_retain(retrieval);
        return ALV_STATUS_OK;
    };
    script.cancel = [&](alv_retrieval* retrieval) {
        told = retrieval;
        EXPECT_EQ(finish(retrieval), ALV_STATUS_INVALID_STATE);
    };
    alv_passages* passages = nullptr;
    EXPECT_EQ(script.ask(&passages, nullptr, 3, 1000), ALV_STATUS_TIMEOUT);
    EXPECT_EQ(told, kept);
    EXPECT_EQ(add(kept, "1", "late"), ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(finish(kept), ALV_STATUS_INVALID_STATE);
    alv_retrieval_release(kept);
}

TEST(Retriever, CancelEndsItOnceAndReleaseComesLast) {
    alv_retrieval* kept = nullptr;
    int told = 0;
    Script script;
    script.retrieve = [&](alv_retrieval* retrieval, auto*) {
        kept = alv_retrieval_retain(retrieval);
        return ALV_STATUS_OK;
    };
    script.cancel = [&](alv_retrieval*) {
        ++told;
        throw std::runtime_error("x");
    };
    const alv_retriever calls = script.vtable();
    auto taken = api::take_retriever(&calls);
    ASSERT_TRUE(taken.ok());
    std::vector<Code> ends;
    auto ticket = (*taken)->submit({"q", 1, ""}, [&](Result<std::vector<engine::Passage>> result) {
        ends.push_back(result.status().code());
    });
    ASSERT_TRUE(ticket.ok());
    (*ticket)->cancel();
    (*ticket)->cancel();
    EXPECT_EQ(ends, std::vector<Code>{Code::kCancelled});
    EXPECT_EQ(told, 1);
    taken = Result<std::shared_ptr<engine::Retriever>>(Status());
    ticket = Result<std::shared_ptr<engine::Ticket>>(Status());
    EXPECT_EQ(script.released, 0) << "the host still holds a retrieval";
    alv_retrieval_release(kept);
    EXPECT_EQ(script.released, 1);
}

TEST(Retriever, CancelAndAnswerAtOnceEndItOnce) {
    for (int round = 0; round < 300; ++round) {
        std::thread worker;
        Script script;
        script.retrieve = [&](alv_retrieval* retrieval, auto*) {
            worker = std::thread([r = alv_retrieval_retain(retrieval), round] {
                if (round % 3 != 0) static_cast<void>(finish(r));
                alv_retrieval_release(r);
            });
            return ALV_STATUS_OK;
        };
        const alv_retriever calls = script.vtable();
        auto taken = api::take_retriever(&calls);
        std::atomic<int> ends = 0;
        auto ticket = (*taken)->submit({"q", 1, ""}, [&](auto) { ++ends; });
        (*ticket)->cancel();
        worker.join();
        EXPECT_EQ(ends, 1);
    }
}

TEST(Retriever, AWrongVtableOrQueryIsNotTaken) {
    Script script;
    script.retrieve = [](alv_retrieval* r, auto*) { return finish(r); };
    alv_retriever calls = script.vtable();
    calls.reserved = 1;
    EXPECT_EQ(api::take_retriever(&calls).status().code(), Code::kInvalidArgument);
    calls = script.vtable();
    calls.retrieve = nullptr;
    EXPECT_EQ(api::take_retriever(&calls).status().code(), Code::kInvalidArgument);
    EXPECT_EQ(script.released, 0);
    alv_passages* passages = nullptr;
    EXPECT_EQ(script.ask(&passages, nullptr, 1001), ALV_STATUS_LIMIT_EXCEEDED);
}

}  // namespace
}  // namespace alv::test
