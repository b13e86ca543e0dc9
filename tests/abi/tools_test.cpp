// Tools of a host: a fake model writes calls, the host answers in every way it can.
#include "abi/talk.h"

namespace alv::test {
namespace {

// Calls `now` once, then repeats the result that it read.
std::string call_once(const std::string& prompt) {
    const size_t result = prompt.rfind("Result of now: ");
    if (result == prompt.npos) return "{\"function\": \"now\", \"parameters\": {}}";
    const size_t begin = result + std::string("Result of now: ").size();
    return "It is " + prompt.substr(begin, prompt.find('|', begin) - begin);
}

struct Clock {
    enum class Way { kAtOnce, kFails, kThrows, kForgets, kLater, kNever, kReenters, kReleases };
    Way way = Way::kAtOnce;
    std::atomic<int> calls{0};
    std::atomic<int> drops{0};
    std::atomic<bool> called{false};
    alv_tool_call* kept = nullptr;
    Host* host = nullptr;
    alv_generation* generation = nullptr;

    static alv_status call(void* user_data, alv_tool_call* call) {
        auto* self = static_cast<Clock*>(user_data);
        const alv_status status = self->answer(call);
        self->called = true;
        return status;
    }
    static void drop(void* user_data, alv_tool_call* call) {
        auto* self = static_cast<Clock*>(user_data);
        EXPECT_EQ(call, self->kept);
        EXPECT_EQ(alv_tool_call_is_open(call), 0u);
        ++self->drops;
    }
    alv_status answer(alv_tool_call* call) {
        ++calls;
        EXPECT_EQ(text_of(alv_tool_call_name(call)), "now");
        EXPECT_EQ(text_of(alv_tool_call_arguments(call)), "{}");
        EXPECT_NE(alv_tool_call_id(call).size, 0u);
        EXPECT_EQ(alv_tool_call_is_open(call), 1u);
        switch (way) {
            case Way::kFails:
                return ALV_STATUS_IO_ERROR;
            case Way::kThrows:
                throw std::runtime_error("no clock");
            case Way::kForgets:
                return ALV_STATUS_OK;
            case Way::kLater:
            case Way::kNever:
                kept = alv_tool_call_retain(call);
                return ALV_STATUS_OK;
            case Way::kReenters:
                reenter();
                break;
            case Way::kReleases:
                alv_generation_release(generation);
                host->release();
                break;
            case Way::kAtOnce:
                break;
        }
        return alv_tool_call_reply(call, alv_str("noon"), 0, nullptr);
    }
    void reenter() {
        Failure failure;
        const alv_event* event = nullptr;
        EXPECT_EQ(alv_session_append(host->session, alv_str("user"), alv_str("x"), failure.out()),
                  ALV_STATUS_INVALID_STATE);
        EXPECT_EQ(alv_generation_wait(generation, kLong, &event, failure.out()),
                  generation ? ALV_STATUS_INVALID_STATE : ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(alv_runtime_step(host->runtime, 1, nullptr, failure.out()),
                  ALV_STATUS_INVALID_STATE);
        alv_session* other = nullptr;
        EXPECT_EQ(alv_session_fork(host->session, &other, failure.out()), ALV_STATUS_OK);
        alv_session_release(other);
    }
};

void give(Host& host, Clock& clock, uint32_t timeout_ms = 0,
          const alv_tools_options* options = nullptr) {
    clock.host = &host;
    alv_tools* tools = nullptr;
    Failure failure;
    ASSERT_EQ(alv_tools_create(&tools, nullptr), ALV_STATUS_OK);
    alv_tool tool = ALV_TOOL_INIT;
    tool.name = alv_str("now");
    tool.description = alv_str("The time");
    tool.timeout_ms = timeout_ms;
    tool.callback = Clock::call;
    tool.drop = Clock::drop;
    tool.user_data = &clock;
    ASSERT_EQ(alv_tools_add(tools, &tool, failure.out()), ALV_STATUS_OK) << failure.message();
    EXPECT_EQ(alv_tools_add(tools, &tool, nullptr), ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_tools_count(tools), 1u);
    ASSERT_EQ(alv_session_set_tools(host.session, tools, options, failure.out()), ALV_STATUS_OK)
        << failure.message();
    alv_tools_release(tools);  // the session keeps it
}

const uint32_t kDrivers[] = {0u, ALV_RUNTIME_HOST_STEPPED};

alv_generation* begin(Host& host, alv_generation_callback callback = nullptr,
                      void* user_data = nullptr) {
    EXPECT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("when?"), nullptr),
              ALV_STATUS_OK);
    alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
    options.callback = callback;
    options.user_data = user_data;
    alv_generation* generation = nullptr;
    Failure failure;
    EXPECT_EQ(alv_session_generate(host.session, &options, &generation, failure.out()),
              ALV_STATUS_OK)
        << failure.message();
    return generation;
}

TEST(Tools, ACallIsMadeAndItsResultRead) {
    for (const uint32_t flags : kDrivers) {
        Host host(flags);
        host.with_session();
        host.world->next = talking(call_once);
        Clock clock;
        give(host, clock);
        const Reply reply = ask(host.session, "when?");
        EXPECT_EQ(reply.text, "It is noon");
        EXPECT_EQ(reply.finish, ALV_FINISH_END_TOKEN);
        EXPECT_EQ(clock.calls, 1);
        EXPECT_EQ(std::count(reply.types.begin(), reply.types.end(), ALV_EVENT_TOOL_CALL), 1);
        EXPECT_EQ(std::count(reply.types.begin(), reply.types.end(), ALV_EVENT_TOOL_RESULT), 1);
        EXPECT_EQ(alv_session_message_count(host.session), 4u);
        EXPECT_EQ(message_at(host.session, 2), "noon");
    }
}

TEST(Tools, EveryFailureIsAResultThatTheModelReads) {
    for (const uint32_t flags : kDrivers) {
        for (const auto& [way, word] : {std::pair{Clock::Way::kFails, "I/O error"},
                                        {Clock::Way::kThrows, "callback failed"},
                                        {Clock::Way::kForgets, "no answer"}}) {
            Host host(flags);
            host.with_session();
            host.world->next = talking(call_once);
            Clock clock;
            clock.way = way;
            give(host, clock);
            const Reply reply = ask(host.session, "when?");
            EXPECT_EQ(reply.finish, ALV_FINISH_END_TOKEN);
            EXPECT_NE(reply.text.find("error"), std::string::npos) << reply.text;
            EXPECT_NE(reply.text.find(word), std::string::npos) << reply.text;
        }
    }
}

TEST(Tools, AnAnswerMayComeLaterFromAnotherThread) {
    Host host;
    host.with_session();
    host.world->next = talking(call_once);
    Clock clock;
    clock.way = Clock::Way::kLater;
    give(host, clock);
    alv_generation* generation = begin(host);
    ASSERT_TRUE(wait_for(clock.called));
    std::thread other([&] {
        const std::string large(70'000, 'x');
        EXPECT_EQ(alv_tool_call_reply(clock.kept, str(large), 0, nullptr),
                  ALV_STATUS_LIMIT_EXCEEDED);
        EXPECT_EQ(alv_tool_call_reply(clock.kept, {"\xFF", 1}, 0, nullptr),
                  ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(alv_tool_call_reply(clock.kept, alv_str("noon"), 0, nullptr), ALV_STATUS_OK);
        EXPECT_EQ(alv_tool_call_reply(clock.kept, alv_str("night"), 0, nullptr),
                  ALV_STATUS_INVALID_STATE);
    });
    EXPECT_EQ(read_all(generation).text, "It is noon");
    other.join();
    alv_tool_call_release(clock.kept);
    alv_generation_release(generation);
}

TEST(Tools, OneThatNeverAnswersHangsNothing) {
    for (const uint32_t flags : kDrivers) {
        Host host(flags);
        host.with_session();
        host.world->next = talking(call_once);
        Clock clock;
        clock.way = Clock::Way::kNever;
        give(host, clock, 30);
        const Reply reply = ask(host.session, "when?");
        EXPECT_EQ(reply.finish, ALV_FINISH_END_TOKEN);
        EXPECT_NE(reply.text.find("in time"), std::string::npos) << reply.text;
        EXPECT_EQ(clock.drops, 1);
        EXPECT_EQ(alv_tool_call_reply(clock.kept, alv_str("noon"), 0, nullptr), ALV_STATUS_TIMEOUT);
        alv_tool_call_release(clock.kept);
    }
}

TEST(Tools, ACancelTellsTheHostToDropTheCall) {
    Host host;
    host.with_session();
    host.world->next = talking(call_once);
    Clock clock;
    clock.way = Clock::Way::kNever;
    give(host, clock);
    alv_generation* generation = begin(host);
    ASSERT_TRUE(wait_for(clock.called));
    EXPECT_EQ(alv_generation_cancel(generation, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(read_all(generation).finish, ALV_FINISH_CANCELLED);
    EXPECT_EQ(clock.drops, 1);
    EXPECT_EQ(alv_tool_call_reply(clock.kept, alv_str("noon"), 0, nullptr), ALV_STATUS_CANCELLED);
    alv_tool_call_release(clock.kept);
    alv_generation_release(generation);
}

TEST(Tools, AnAnswerAfterEverythingIsGoneIsRefused) {
    for (const uint32_t flags : kDrivers) {
        Clock clock;
        clock.way = Clock::Way::kNever;
        {
            Host host(flags);
            host.with_session();
            host.world->next = talking(call_once);
            give(host, clock);
            alv_generation* generation = begin(host);
            for (int i = 0; flags && i < 10'000 && !clock.called; ++i) {
                ASSERT_EQ(alv_runtime_step(host.runtime, 1000, nullptr, nullptr), ALV_STATUS_OK);
            }
            ASSERT_TRUE(wait_for(clock.called));
            alv_generation_release(generation);
        }
        EXPECT_EQ(alv_tool_call_is_open(clock.kept), 0u);
        EXPECT_EQ(alv_tool_call_reply(clock.kept, alv_str("noon"), 0, nullptr),
                  ALV_STATUS_CANCELLED);
        EXPECT_EQ(text_of(alv_tool_call_name(clock.kept)), "now");
        alv_tool_call_release(clock.kept);
    }
}

TEST(Tools, ACallbackMayCallBackAndReleaseAll) {
    {
        Host host;
        host.with_session();
        host.world->next = talking(call_once);
        Clock clock;
        clock.way = Clock::Way::kReenters;
        give(host, clock);
        EXPECT_EQ(ask(host.session, "when?").text, "It is noon");
    }
    Host host;
    host.with_session();
    host.world->next = talking(call_once);
    Clock clock;
    clock.way = Clock::Way::kReleases;
    give(host, clock);
    struct Holder {
        static alv_status note(void* user_data, alv_generation* generation, const alv_event*) {
            static_cast<Clock*>(user_data)->generation = generation;
            return ALV_STATUS_OK;
        }
    };
    begin(host, Holder::note, &clock);
    ASSERT_TRUE(wait_for(clock.called));
}

TEST(Tools, AToolIsReleasedOnceAndOnlyIfItWasTaken) {
    int releases = 0;
    alv_tool tool = ALV_TOOL_INIT;
    tool.name = alv_str("now");
    tool.callback = Clock::call;
    tool.user_data = &releases;
    tool.release = [](void* user_data) { ++*static_cast<int*>(user_data); };
    alv_tools* tools = nullptr;
    ASSERT_EQ(alv_tools_create(&tools, nullptr), ALV_STATUS_OK);
    ASSERT_EQ(alv_tools_add(tools, &tool, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_tools_add(tools, &tool, nullptr), ALV_STATUS_INVALID_STATE);
    tool.name = alv_str("not a name");
    EXPECT_EQ(alv_tools_add(tools, &tool, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(releases, 0) << "refused ones were not taken";
    ASSERT_EQ(alv_tools_remove(tools, alv_str("now"), nullptr), ALV_STATUS_OK);
    EXPECT_EQ(releases, 1);
    alv_tools_release(tools);
    EXPECT_EQ(releases, 1);
}

TEST(Tools, WithDispatchCallsAreMadeInsideOfIt) {
    Host host(ALV_RUNTIME_DISPATCH_CALLBACKS);
    host.with_session();
    host.world->next = talking(call_once);
    Clock clock;
    give(host, clock);
    struct Ear {
        std::string text;
        std::atomic<bool> over{false};
        static alv_status hear(void* user_data, alv_generation*, const alv_event* event) {
            auto* self = static_cast<Ear*>(user_data);
            if (event->type == ALV_EVENT_TEXT) self->text += text_of(event->text);
            if (event->type == ALV_EVENT_DONE) self->over = true;
            return ALV_STATUS_OK;
        }
    } ear;
    alv_generation* generation = begin(host, Ear::hear, &ear);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(clock.calls, 0) << "nobody dispatched";
    for (int i = 0; i < 30'000 && !ear.over; ++i) {
        ASSERT_EQ(alv_runtime_dispatch(host.runtime, 0, nullptr, nullptr), ALV_STATUS_OK);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(ear.text, "It is noon");
    EXPECT_EQ(clock.calls, 1);
    alv_generation_release(generation);
}

TEST(Tools, AHostMayRunTheLoopItself) {
    Host host;
    host.with_session();
    host.world->next = talking(call_once);
    Clock clock;
    alv_tools_options options = ALV_TOOLS_OPTIONS_INIT;
    options.flags = ALV_TOOLS_BY_HOST;
    give(host, clock, 0, &options);
    alv_generation* generation = begin(host);
    std::string id;
    for (uint32_t type = 0; type != ALV_EVENT_DONE;) {
        const alv_event* event = nullptr;
        ASSERT_EQ(alv_generation_wait(generation, kLong, &event, nullptr), ALV_STATUS_OK);
        type = event->type;
        ASSERT_NE(type, ALV_EVENT_FAILED);
        if (type == ALV_EVENT_TOOL_CALL) id = text_of(event->id);
        if (type == ALV_EVENT_DONE) {
            EXPECT_EQ(event->finish_reason, ALV_FINISH_TOOL_CALLS);
        }
    }
    alv_generation_release(generation);
    EXPECT_EQ(clock.calls, 0);
    EXPECT_EQ(alv_session_append_tool_result(host.session, alv_str("no"), alv_str("x"), nullptr),
              ALV_STATUS_NOT_FOUND);
    EXPECT_EQ(alv_session_append_tool_result(host.session, str(id), alv_str("noon"), nullptr),
              ALV_STATUS_OK);
    EXPECT_EQ(alv_session_append_tool_result(host.session, str(id), alv_str("noon"), nullptr),
              ALV_STATUS_NOT_FOUND)
        << "it has its result";
    ASSERT_EQ(alv_session_generate(host.session, nullptr, &generation, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(read_all(generation).text, "It is noon");
    alv_generation_release(generation);
}

}  // namespace
}  // namespace alv::test
