// A reply through the ABI, by polling.
#include <cmath>

#include "abi/host.h"

namespace alv::test {
namespace {

TEST(Events, PollingGivesTheReplyAndThenAnEnd) {
    for (const uint32_t flags : {0u, ALV_RUNTIME_HOST_STEPPED}) {
        Host host(flags);
        host.with_session();
        alv_generation* generation = host.complete("hello", 6);
        const Reply reply = read_all(generation);
        EXPECT_EQ(reply.tokens,
                  local::test::expected_tokens(*host.world, local::test::to_tokens("hello"), 6));
        EXPECT_EQ(reply.text, local::test::to_text(reply.tokens));
        EXPECT_EQ(reply.finish, ALV_FINISH_MAX_TOKENS);
        EXPECT_EQ(reply.types.front(), ALV_EVENT_PROMPT);
        const alv_event* event = nullptr;
        EXPECT_EQ(alv_generation_poll(generation, &event, nullptr), ALV_STATUS_INVALID_STATE);
        EXPECT_EQ(alv_generation_wait(generation, 0, &event, nullptr), ALV_STATUS_INVALID_STATE);
        EXPECT_EQ(event, nullptr);
        alv_generation_release(generation);
    }
}

TEST(Events, NothingThereYetIsWouldBlockAndTimeout) {
    Host host(ALV_RUNTIME_HOST_STEPPED);
    host.with_session();
    host.world->slice_time = std::chrono::milliseconds(200);
    alv_generation* generation = host.complete("hello", 6);
    const alv_event* event = nullptr;
    EXPECT_EQ(alv_generation_poll(generation, &event, nullptr), ALV_STATUS_WOULD_BLOCK);
    ASSERT_EQ(alv_generation_wait(generation, 1'000'000, &event, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(event->type, ALV_EVENT_PROMPT);
    EXPECT_EQ(event->n_prompt_tokens, 5u);
    EXPECT_EQ(event->prompt_tokens[0], 'h');
    EXPECT_EQ(alv_generation_wait(generation, 1000, &event, nullptr), ALV_STATUS_TIMEOUT);
    alv_generation_release(generation);
}

TEST(Events, TokensCarryTheirLogProbabilities) {
    Host host;
    host.with_session();
    alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
    options.max_tokens = 1;
    options.n_top_logprobs = 3;
    alv_generation* generation = nullptr;
    ASSERT_EQ(alv_session_complete(host.session, alv_str("x"), &options, &generation, nullptr),
              ALV_STATUS_OK);
    const alv_event* event = nullptr;
    do {
        ASSERT_EQ(alv_generation_wait(generation, kLong, &event, nullptr), ALV_STATUS_OK);
    } while (event->type != ALV_EVENT_TOKEN);
    EXPECT_EQ(event->struct_size, sizeof(alv_event));
    EXPECT_EQ(event->logprob, -0.5f);
    ASSERT_EQ(event->n_top, 3u);
    EXPECT_EQ(event->top[2].token, 2);
    EXPECT_EQ(event->top[2].logprob, -2.0f);
    alv_generation_release(generation);
}

TEST(Events, TheLastOneHasTheUsage) {
    Host host;
    host.with_session();
    alv_generation* generation = host.complete("0123456789", 4);
    const alv_event* event = nullptr;
    do {
        ASSERT_EQ(alv_generation_wait(generation, kLong, &event, nullptr), ALV_STATUS_OK);
    } while (event->type != ALV_EVENT_DONE);
    ASSERT_NE(event->usage, nullptr);
    EXPECT_EQ(event->usage->prompt_tokens, 10u);
    EXPECT_EQ(event->usage->generated_tokens, 4u);
    EXPECT_EQ(event->usage->reused_tokens, 0u);
    EXPECT_GE(event->usage->first_token_ms, event->usage->prefill_ms);
    alv_usage usage = ALV_USAGE_INIT;
    ASSERT_EQ(alv_generation_get_usage(generation, &usage, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(usage.generated_tokens, 4u);
    alv_generation_release(generation);
}

TEST(Events, CancelEndsItWithItsReason) {
    Host host;
    host.with_session();
    host.world->slice_time = std::chrono::milliseconds(2);
    alv_generation* generation = host.complete("hello", 0);
    const alv_event* event = nullptr;
    ASSERT_EQ(alv_generation_wait(generation, kLong, &event, nullptr), ALV_STATUS_OK);
    ASSERT_EQ(alv_generation_cancel(generation, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(read_all(generation).finish, ALV_FINISH_CANCELLED);
    EXPECT_EQ(alv_generation_cancel(generation, nullptr), ALV_STATUS_OK);
    alv_generation_release(generation);
}

TEST(Events, PromptsOfTokensAndSpecialTokensAreTakenAsAsked) {
    Host host;
    host.with_session();
    alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
    options.max_tokens = 1;
    const auto first_event = [&](alv_generation* generation) {
        const alv_event* event = nullptr;
        EXPECT_EQ(alv_generation_wait(generation, kLong, &event, nullptr), ALV_STATUS_OK);
        return std::vector<int32_t>(event->prompt_tokens,
                                    event->prompt_tokens + event->n_prompt_tokens);
    };
    const auto prompt_tokens = [&](const char* text, uint32_t flags) {
        options.flags = flags;
        alv_generation* generation = nullptr;
        EXPECT_EQ(alv_session_complete(host.session, alv_str(text), &options, &generation, nullptr),
                  ALV_STATUS_OK);
        const auto tokens = first_event(generation);
        read_all(generation);
        alv_generation_release(generation);
        return tokens;
    };
    EXPECT_EQ(prompt_tokens("<s>", 0), (std::vector<int32_t>{'<', 's', '>'}));
    EXPECT_EQ(prompt_tokens("<s>", ALV_GENERATION_PARSE_SPECIAL), std::vector<int32_t>{256});
    EXPECT_EQ(prompt_tokens("a", ALV_GENERATION_ADD_BOS), (std::vector<int32_t>{256, 'a'}));
    EXPECT_EQ(prompt_tokens("", ALV_GENERATION_ADD_BOS), std::vector<int32_t>{256});

    options.flags = 0;
    const std::vector<int32_t> ids = {258, 'q'};
    alv_generation* generation = nullptr;
    ASSERT_EQ(alv_session_complete_tokens(host.session, ids.data(), ids.size(), &options,
                                          &generation, nullptr),
              ALV_STATUS_OK);
    EXPECT_EQ(first_event(generation), ids);
    alv_generation_release(generation);
}

TEST(Events, OptionsOutOfRangeAreNamed) {
    Host host;
    host.with_session();
    const auto refused = [&](auto change) {
        alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
        change(options);
        alv_generation* generation = nullptr;
        Failure failure;
        const alv_status status =
            alv_session_complete(host.session, alv_str("x"), &options, &generation, failure.out());
        EXPECT_EQ(generation, nullptr);
        EXPECT_NE(status, ALV_STATUS_OK);
        return failure.message();
    };
    using Options = alv_generation_options;
    const auto says = [](const std::string& message, const char* word) {
        EXPECT_NE(message.find(word), std::string::npos) << message;
    };
    says(refused([](Options& o) { o.temperature = -1; }), "temperature");
    says(refused([](Options& o) { o.temperature = NAN; }), "temperature");
    says(refused([](Options& o) { o.top_p = 1.5f; }), "top_p");
    says(refused([](Options& o) { o.min_p = INFINITY; }), "min_p");
    says(refused([](Options& o) { o.repeat_penalty = -0.1f; }), "repeat_penalty");
    says(refused([](Options& o) { o.penalty_window = 1025; }), "penalty_window");
    says(refused([](Options& o) { o.n_top_logprobs = 65; }), "n_top_logprobs");
    says(refused([](Options& o) { o.flags = 0x100; }), "flags");
    says(refused([](Options& o) { o.n_stop = 65; }), "n_stop");
    says(refused([](Options& o) { o.n_stop = 1; }), "stop");
    const alv_string empty = ALV_STRING_INIT;
    says(refused([&](Options& o) { o.stop = &empty, o.n_stop = 1; }), "empty");
    const alv_string broken = {"\xFF", 1};
    says(refused([&](Options& o) { o.stop = &broken, o.n_stop = 1; }), "UTF-8");
    says(refused([](Options& o) {
             o.response_schema = alv_str("{}");
             o.grammar = alv_str("root ::= [a]");
         }),
         "both");
    says(refused([](Options& o) {
             o.grammar = alv_str("root ::= [a]");
             o.flags = ALV_GENERATION_IGNORE_END;
         }),
         "IGNORE_END");
    says(refused([&](Options& o) { o.response_schema = broken; }), "UTF-8");
    // And the session is free for the next one.
    alv_generation* generation = host.complete("x", 1);
    EXPECT_EQ(read_all(generation).finish, ALV_FINISH_MAX_TOKENS);
    alv_generation_release(generation);
}

}  // namespace
}  // namespace alv::test
