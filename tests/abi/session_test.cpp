// A conversation: its messages are the truth.
#include "abi/host.h"

namespace alv::test {
namespace {

alv_generation* generate(Host& host, uint32_t max_tokens) {
    alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
    options.max_tokens = max_tokens;
    alv_generation* generation = nullptr;
    Failure failure;
    EXPECT_EQ(alv_session_generate(host.session, &options, &generation, failure.out()),
              ALV_STATUS_OK)
        << failure.message();
    return generation;
}

std::pair<std::string, std::string> message(Host& host, uint64_t index) {
    alv_bytes* role = nullptr;
    alv_bytes* content = nullptr;
    EXPECT_EQ(alv_session_get_message(host.session, index, &role, &content, nullptr),
              ALV_STATUS_OK);
    const std::pair<std::string, std::string> both = {text_of(alv_bytes_text(role)),
                                                      text_of(alv_bytes_text(content))};
    alv_bytes_release(role);
    alv_bytes_release(content);
    return both;
}

TEST(Session, AReplyIsAppendedBeforeTheLastEvent) {
    Host host;
    host.with_session();
    ASSERT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("hi"), nullptr),
              ALV_STATUS_OK);
    alv_generation* generation = generate(host, 5);
    const Reply reply = read_all(generation);
    EXPECT_EQ(alv_session_message_count(host.session), 2u);
    EXPECT_EQ(message(host, 1), std::pair(std::string("assistant"), reply.text));
    alv_generation_release(generation);
    // The second turn reads the first.
    ASSERT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("more"), nullptr),
              ALV_STATUS_OK);
    generation = generate(host, 1);
    const alv_event* event = nullptr;
    ASSERT_EQ(alv_generation_wait(generation, kLong, &event, nullptr), ALV_STATUS_OK);
    const std::vector<int32_t> prompt(event->prompt_tokens,
                                      event->prompt_tokens + event->n_prompt_tokens);
    EXPECT_NE(local::test::to_text(prompt).find(reply.text), std::string::npos);
    read_all(generation);
    alv_usage usage = ALV_USAGE_INIT;
    ASSERT_EQ(alv_generation_get_usage(generation, &usage, nullptr), ALV_STATUS_OK);
    EXPECT_GT(usage.reused_tokens, 10u);
    alv_generation_release(generation);
}

TEST(Session, ARawPromptLeavesTheMessagesAlone) {
    Host host;
    host.with_session();
    ASSERT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("hi"), nullptr),
              ALV_STATUS_OK);
    alv_generation* generation = host.complete("raw", 3);
    read_all(generation);
    alv_generation_release(generation);
    EXPECT_EQ(alv_session_message_count(host.session), 1u);
}

TEST(Session, OneReplyAtATime) {
    Host host(ALV_RUNTIME_HOST_STEPPED);
    host.with_session();
    ASSERT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("hi"), nullptr),
              ALV_STATUS_OK);
    alv_generation* generation = generate(host, 3);
    alv_generation* second = nullptr;
    EXPECT_EQ(alv_session_generate(host.session, nullptr, &second, nullptr),
              ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("x"), nullptr),
              ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_session_truncate(host.session, 0, nullptr), ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_session_clear(host.session, nullptr), ALV_STATUS_INVALID_STATE);
    read_all(generation);
    EXPECT_EQ(alv_session_clear(host.session, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_session_message_count(host.session), 0u);
    EXPECT_EQ(alv_session_cached_tokens(host.session), 0u);
    EXPECT_EQ(host.world->live_sequences, 0);
    alv_generation_release(generation);
}

TEST(Session, WithoutAMessageThereIsNothingToReplyTo) {
    Host host;
    host.with_session();
    alv_generation* generation = nullptr;
    EXPECT_EQ(alv_session_generate(host.session, nullptr, &generation, nullptr),
              ALV_STATUS_INVALID_STATE);
    // It did not leave the session marked as busy.
    EXPECT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("x"), nullptr),
              ALV_STATUS_OK);
}

TEST(Session, ACancelledReplyStaysAsFarAsItWasSaid) {
    Host host;
    host.with_session();
    host.world->slice_time = std::chrono::milliseconds(2);
    ASSERT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("hi"), nullptr),
              ALV_STATUS_OK);
    alv_generation* generation = generate(host, 0);
    const alv_event* event = nullptr;
    do {
        ASSERT_EQ(alv_generation_wait(generation, kLong, &event, nullptr), ALV_STATUS_OK);
    } while (event->type != ALV_EVENT_TEXT);
    std::string said = text_of(event->text);
    alv_generation_cancel(generation, nullptr);
    said += read_all(generation).text;
    EXPECT_EQ(message(host, 1).second, said);
    ASSERT_EQ(alv_session_truncate(host.session, 1, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_session_message_count(host.session), 1u);
    alv_generation_release(generation);
}

TEST(Session, AFailedReplyLeavesNoTrace) {
    Host host;
    host.world->chat_template = "{{ raise_exception('not today') }}";
    host.with_session();
    ASSERT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("hi"), nullptr),
              ALV_STATUS_OK);
    alv_generation* generation = generate(host, 3);
    EXPECT_EQ(read_all(generation).failed, ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(alv_session_message_count(host.session), 1u);
    alv_generation_release(generation);
}

TEST(Session, ItsContextIsTheOneAskedForOrTheModels) {
    Host host;
    host.with_session();
    EXPECT_EQ(alv_session_context_tokens(host.session), 512u);
    alv_session_options options = ALV_SESSION_OPTIONS_INIT;
    options.context_tokens = 33;
    alv_session* small = nullptr;
    ASSERT_EQ(alv_session_create(host.model, &options, &small, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_session_context_tokens(small), 33u);
    alv_session_release(small);
    options.context_tokens = 5000;
    EXPECT_EQ(alv_session_create(host.model, &options, &small, nullptr), ALV_STATUS_LIMIT_EXCEEDED);
    EXPECT_EQ(small, nullptr);
}

}  // namespace
}  // namespace alv::test
