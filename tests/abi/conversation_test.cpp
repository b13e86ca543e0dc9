// What of a conversation the model reads, and how it is kept.
#include <mutex>

#include "abi/talk.h"

namespace alv::test {
namespace {

// Answers "ok" and notes what it read last.
struct Reader {
    explicit Reader(Host& host) {
        host.world->draft = 0;  // what is guessed it would read as well
        host.world->next = talking([this](const std::string& prompt) {
            const std::lock_guard lock(mutex);
            read = prompt;
            return "ok";
        });
    }
    std::string last() {
        const std::lock_guard lock(mutex);
        return read;
    }
    std::mutex mutex;
    std::string read;
};

TEST(Conversation, OldTurnsLeaveTheSystemMessageAndPinnedOnesStay) {
    Host host;
    host.with_session();
    Reader reader(host);
    ASSERT_EQ(alv_session_set_system(host.session, alv_str("be brief"), nullptr), ALV_STATUS_OK);
    ASSERT_EQ(alv_session_set_limits(host.session, 2, 0, nullptr), ALV_STATUS_OK);
    for (const char* question : {"q1", "q2", "q3"})
        EXPECT_EQ(ask(host.session, question).text, "ok");
    EXPECT_EQ(reader.last(), "|system\nbe brief|\n|user\nq2|\n|assistant\nok|\n|user\nq3|\n|");
    ASSERT_EQ(alv_session_pin(host.session, 1, 1, nullptr), ALV_STATUS_OK);
    ask(host.session, "q4");
    EXPECT_EQ(reader.last(), "|system\nbe brief|\n|user\nq1|\n|assistant\nok|\n|user\nq4|\n|");
    EXPECT_EQ(alv_session_message_count(host.session), 9u);
    Failure failure;
    EXPECT_EQ(alv_session_pin(host.session, 9, 1, failure.out()), ALV_STATUS_NOT_FOUND);
}

TEST(Conversation, ATokenBudgetIsCountedByTheModelsTemplate) {
    Host host;
    host.with_session();
    Reader reader(host);
    // "|user\nq|\n" is 10 tokens, "|assistant\nok|\n" 16, and the header of the reply 11.
    ASSERT_EQ(alv_session_set_limits(host.session, 0, 47, nullptr), ALV_STATUS_OK);
    for (const char* question : {"a", "b", "c"}) ask(host.session, question);
    const std::string both = "|user\nb|\n|assistant\nok|\n|user\nc|\n|";
    const bool fits = reader.last() == both;
    EXPECT_TRUE(fits || reader.last() == "|user\nc|\n|") << reader.last();
    ASSERT_EQ(alv_session_set_limits(host.session, 0, 400, nullptr), ALV_STATUS_OK);
    ask(host.session, "d");
    EXPECT_EQ(reader.last().find("|user\na"), 0u) << reader.last();
    ASSERT_EQ(alv_session_set_limits(host.session, 0, 1, nullptr), ALV_STATUS_OK);
    ask(host.session, "e");
    EXPECT_EQ(reader.last(), "|user\ne|\n|");
}

TEST(Conversation, SavedAndRestoredItGoesOn) {
    Host host;
    host.with_session();
    Reader reader(host);
    ask(host.session, "q1");
    alv_bytes* saved = nullptr;
    ASSERT_EQ(alv_session_save(host.session, &saved, nullptr), ALV_STATUS_OK);
    ASSERT_EQ(alv_session_clear(host.session, nullptr), ALV_STATUS_OK);
    Failure failure;
    ASSERT_EQ(alv_session_restore(host.session, alv_bytes_text(saved), failure.out()),
              ALV_STATUS_OK)
        << failure.message();
    alv_bytes_release(saved);
    ask(host.session, "q2");
    EXPECT_EQ(reader.last(), "|user\nq1|\n|assistant\nok|\n|user\nq2|\n|");
    EXPECT_EQ(alv_session_restore(host.session, alv_str("{}"), failure.out()),
              ALV_STATUS_CORRUPT_FILE);
    EXPECT_EQ(alv_session_message_count(host.session), 4u);
}

TEST(Conversation, AForkGoesItsOwnWay) {
    Host host;
    host.with_session();
    Reader reader(host);
    ask(host.session, "q1");
    alv_session* fork = nullptr;
    Failure failure;
    ASSERT_EQ(alv_session_fork(host.session, &fork, failure.out()), ALV_STATUS_OK)
        << failure.message();
    ask(fork, "left");
    EXPECT_EQ(reader.last(), "|user\nq1|\n|assistant\nok|\n|user\nleft|\n|");
    ask(host.session, "right");
    EXPECT_EQ(reader.last(), "|user\nq1|\n|assistant\nok|\n|user\nright|\n|");
    EXPECT_EQ(alv_session_message_count(fork), 4u);
    alv_session_release(fork);
}

TEST(Conversation, APromptIsRenderedFromATemplate) {
    const alv_prompt_variable variables[] = {{alv_str("question"), alv_str("why {x}?")},
                                             {alv_str("context"), alv_str("because")}};
    alv_bytes* text = nullptr;
    Failure failure;
    ASSERT_EQ(
        alv_prompt_render(alv_str("{context}: {question}"), variables, 2, &text, failure.out()),
        ALV_STATUS_OK)
        << failure.message();
    EXPECT_EQ(text_of(alv_bytes_text(text)), "because: why {x}?");
    alv_bytes_release(text);
    EXPECT_EQ(alv_prompt_render(alv_str("{context}"), variables, 2, &text, failure.out()),
              ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_NE(failure.message().find("question"), std::string::npos);
    EXPECT_EQ(text, nullptr);
    EXPECT_NE(alv_prompt_builtin(alv_str("chain-of-thought")).size, 0u);
}

}  // namespace
}  // namespace alv::test
