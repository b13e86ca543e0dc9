// Retrievers of a session: what they find is read, and named.
#include <mutex>

#include "abi/talk.h"

namespace alv::test {
namespace {

struct Shelf {
    std::string id = "7";
    std::string text = "Elves live long.";
    alv_status fails = ALV_STATUS_OK;
    std::atomic<int> asked{0};
    std::atomic<int> released{0};
    alv_retrieval* kept = nullptr;
    bool keeps = false;

    static alv_status retrieve(void* user_data, alv_retrieval* retrieval, const alv_query* query) {
        auto* self = static_cast<Shelf*>(user_data);
        ++self->asked;
        EXPECT_EQ(text_of(query->text), "how old?");
        if (self->keeps) {
            self->kept = alv_retrieval_retain(retrieval);
            return ALV_STATUS_OK;
        }
        if (self->fails != ALV_STATUS_OK) return self->fails;
        alv_passage passage = ALV_PASSAGE_INIT;
        passage.id = str(self->id);
        passage.text = str(self->text);
        passage.score = 0.5;
        EXPECT_EQ(alv_retrieval_add(retrieval, &passage, nullptr), ALV_STATUS_OK);
        return alv_retrieval_finish(retrieval, ALV_STATUS_OK, alv_str(""), nullptr);
    }
    static void release(void* user_data) { ++static_cast<Shelf*>(user_data)->released; }
    alv_retriever vtable() {
        alv_retriever out = ALV_RETRIEVER_INIT;
        out.user_data = this;
        out.retrieve = retrieve;
        out.release = release;
        return out;
    }
};

void add(Host& host, Shelf& shelf, const char* name) {
    const alv_retriever vtable = shelf.vtable();
    alv_retriever_options options = ALV_RETRIEVER_OPTIONS_INIT;
    options.name = alv_str(name);
    Failure failure;
    EXPECT_EQ(alv_session_add_retriever(host.session, &vtable, &options, failure.out()),
              ALV_STATUS_OK)
        << failure.message();
}

TEST(Grounding, TheModelReadsWhatIsFoundAndTheHostHearsWhoWasNamed) {
    Shelf lore;
    Shelf again;
    {
        Host host;
        host.with_session();
        std::mutex mutex;
        std::string read;
        host.world->next = talking([&](const std::string& prompt) {
            const std::lock_guard lock(mutex);
            read = prompt;
            return "Long, says [1].";
        });
        add(host, lore, "lore");
        again.text = "Elves  live long.";
        add(host, again, "again");
        alv_grounding_options options = ALV_GROUNDING_OPTIONS_INIT;
        options.prompt_template = alv_str("{context}\n\n{question}");
        ASSERT_EQ(alv_session_set_grounding(host.session, &options, nullptr), ALV_STATUS_OK);
        options.prompt_template = alv_str("{context}");
        EXPECT_EQ(alv_session_set_grounding(host.session, &options, nullptr),
                  ALV_STATUS_INVALID_ARGUMENT);
        ASSERT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("how old?"), nullptr),
                  ALV_STATUS_OK);
        alv_generation* generation = nullptr;
        ASSERT_EQ(alv_session_generate(host.session, nullptr, &generation, nullptr), ALV_STATUS_OK);
        std::string said;
        std::string cited;
        for (uint32_t type = 0; type != ALV_EVENT_DONE && type != ALV_EVENT_FAILED;) {
            const alv_event* event = nullptr;
            ASSERT_EQ(alv_generation_wait(generation, kLong, &event, nullptr), ALV_STATUS_OK);
            type = event->type;
            if (type == ALV_EVENT_TEXT) said += text_of(event->text);
            if (type == ALV_EVENT_CITATION) {
                cited += text_of(event->name) + ":" + text_of(event->id) + "@" +
                         said.substr(event->span_begin, event->span_end - event->span_begin) + " ";
                EXPECT_FLOAT_EQ(event->score, 0.5f);
            }
        }
        alv_generation_release(generation);
        EXPECT_EQ(cited, "lore:7@ lore:7@[1] ");
        EXPECT_NE(read.find("[1] (source: lore, id: 7)\nElves live long.\n\nhow old?"),
                  std::string::npos)
            << read;
        EXPECT_EQ(message_at(host.session, 0), "how old?");
    }
    EXPECT_EQ(lore.released, 1);
    EXPECT_EQ(again.released, 1);
}

TEST(Grounding, ARetrieverThatFailsFailsTheReplyOnlyIfItIsTheOnlyOne) {
    Host host;
    host.with_session();
    host.world->next = talking([](const std::string&) { return "ok"; });
    Shelf broken;
    broken.fails = ALV_STATUS_IO_ERROR;
    add(host, broken, "broken");
    EXPECT_NE(ask(host.session, "how old?").failed, ALV_STATUS_OK);
    Shelf lore;
    add(host, lore, "lore");
    EXPECT_EQ(ask(host.session, "how old?").text, "ok");
    ASSERT_EQ(alv_session_clear_retrievers(host.session, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(broken.released, 1);
    EXPECT_EQ(ask(host.session, "how old?").text, "ok");
    EXPECT_EQ(lore.asked, 1);
}

// With a worker and without one: nobody but a deadline ends the wait.
TEST(Grounding, ARetrieverThatNeverAnswersIsGivenUp) {
    for (const uint32_t flags : {0u, ALV_RUNTIME_HOST_STEPPED}) {
        Shelf silent;
        silent.keeps = true;
        Host host(flags);
        host.with_session();
        host.world->next = talking([](const std::string&) { return "ok"; });
        add(host, silent, "silent");
        alv_grounding_options options = ALV_GROUNDING_OPTIONS_INIT;
        options.timeout_ms = 20;
        ASSERT_EQ(alv_session_set_grounding(host.session, &options, nullptr), ALV_STATUS_OK);
        EXPECT_EQ(ask(host.session, "how old?").failed, ALV_STATUS_TIMEOUT);
        EXPECT_NE(alv_retrieval_finish(silent.kept, ALV_STATUS_OK, alv_str(""), nullptr),
                  ALV_STATUS_OK);
        alv_retrieval_release(silent.kept);
    }
}

}  // namespace
}  // namespace alv::test
