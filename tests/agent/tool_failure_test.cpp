// Tools that fail, hang, come late or go; and cancelling at every point.
#include <thread>

#include "agent/script.h"

namespace alv::agent::test {
namespace {

ScriptedEngine::Reply one_call(const std::string& name, const std::string& arguments = "{}") {
    return {call_event("c1", name, arguments), done_event(FinishReason::kToolCalls)};
}
const ScriptedEngine::Reply kSaysX = {text_event("x"), done_event()};

TEST(ToolFailure, AFailureIsAResultThatTheModelReads) {
    World w;
    const auto handler = w.tool("now");
    handler->on_call = [](const auto&) { return io_error("the clock is broken"); };
    w.engine->script = {one_call("now"), kSaysX};
    w.run();
    EXPECT_EQ(w.prompt().find("tool:{\"error\":\"the clock is broken\"}"), 25u) << w.prompt();
    EXPECT_TRUE(w.listener->of(EventType::kToolResult).at(0).failed);
    EXPECT_EQ(w.listener->last().type, EventType::kDone);
}

TEST(ToolFailure, AnUnknownToolAndWrongArgumentsAreToldToTheModel) {
    World w;
    const auto handler = w.tool("now");
    auto checked = std::make_shared<Tool>(*w.setup.tools[0]);
    checked->check = [](std::string_view arguments) {
        return arguments == "{}" ? ok_status() : invalid_argument("z is no number");
    };
    w.setup.tools[0] = checked;
    w.engine->script = {one_call("then"), one_call("now", "{\"z\":\"\"}"), kSaysX};
    w.run();
    EXPECT_TRUE(handler->calls.empty());
    EXPECT_NE(w.prompt().find("there is no tool named then; the tools are: now"),
              std::string::npos);
    EXPECT_NE(w.prompt().find("z is no number"), std::string::npos);
    EXPECT_EQ(w.listener->log, "crcrTD");
}

TEST(ToolFailure, OneThatNeverAnswersIsGivenUpAtItsTimeout) {
    World w;
    const auto handler = w.tool("now");
    w.engine->script = {one_call("now"), kSaysX};
    w.run();
    w.engine->pass(999ms);
    EXPECT_EQ(w.listener->log, "c");
    w.engine->pass(1ms);
    EXPECT_EQ(w.listener->log, "crTD");
    EXPECT_EQ(handler->dropped, std::vector<std::string>{"c1"});
    EXPECT_NE(w.prompt().find("did not answer in time"), std::string::npos);
    const auto late = handler->calls[0]->reply("noon", false);
    EXPECT_EQ(late.code(), Code::kTimeout);
    EXPECT_EQ(w.conversation->size(), 4u);
}

TEST(ToolFailure, OnlyTheFirstAnswerCounts) {
    World w;
    const auto handler = w.tool("now");
    w.engine->script = {one_call("now"), kSaysX};
    w.run();
    EXPECT_EQ(handler->calls[0]->reply(std::string(65'537, 'x'), false).code(),
              Code::kLimitExceeded);
    EXPECT_EQ(handler->calls[0]->reply("\xFF", false).code(), Code::kInvalidArgument);
    EXPECT_TRUE(handler->calls[0]->reply("noon", false).ok()) << "a better one may follow";
    EXPECT_EQ(handler->calls[0]->reply("night", false).code(), Code::kInvalidState);
    w.engine->work();
    EXPECT_NE(w.prompt().find("tool:noon(c1)"), std::string::npos);
    EXPECT_EQ(handler->calls[0]->reply("night", false).code(), Code::kInvalidState);
}

TEST(ToolFailure, AnswersMayComeFromAnyThread) {
    World w;
    const auto handler = w.tool("now", true);
    w.setup.tools[0] = [&] {
        auto tool = std::make_shared<Tool>(*w.setup.tools[0]);
        tool->timeout = 1h;
        return tool;
    }();
    ScriptedEngine::Reply round;
    for (int i = 0; i < 8; ++i) round.push_back(call_event("c" + std::to_string(i), "now"));
    round.push_back(done_event(FinishReason::kToolCalls));
    w.engine->script = {round, kSaysX};
    w.run();
    ASSERT_EQ(handler->calls.size(), 8u);
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (const auto& call : handler->calls) {
                if (call->reply(call->call().id, false).ok()) ++taken;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(taken, 8);
    w.engine->wake_tasks();
    w.engine->work();
    EXPECT_TRUE(w.listener->ended);
    EXPECT_NE(w.prompt().find("tool:c7(c7)"), std::string::npos);
}

TEST(ToolFailure, AnAnswerAfterTheSessionIsGoneIsRefused) {
    std::shared_ptr<PendingCall> call;
    {
        World w;
        const auto handler = w.tool("now");
        w.engine->script = {one_call("now"), kSaysX};
        w.run();
        call = handler->calls.at(0);
        w.engine->drop_all();
    }
    EXPECT_EQ(call->reply("noon", false).code(), Code::kCancelled);
}

TEST(ToolFailure, AToolMayCancelItsOwnReply) {
    World w;
    const auto handler = w.tool("now");
    handler->on_call = [&](const auto& call) {
        w.turn->cancel();
        return call->reply("noon", false);
    };
    w.engine->script = {one_call("now"), kSaysX};
    w.run();
    EXPECT_EQ(w.listener->last().finish, FinishReason::kCancelled);
    EXPECT_TRUE(w.engine->idle());
}

TEST(ToolFailure, ACallThatWasNotDispatchedInTimeIsNeverMade) {
    World w;
    const auto handler = w.tool("now");
    w.host->held = true;
    w.engine->script = {one_call("now"), kSaysX};
    w.run();
    w.engine->pass(1000ms);
    w.host->dispatch();
    EXPECT_TRUE(handler->calls.empty());
    EXPECT_EQ(w.listener->log, "crTD");
}

TEST(ToolFailure, AHostWithoutCallbacksHangsNothing) {
    World w;
    w.tool("now");
    w.setup.host.reset();
    w.engine->script = {one_call("now"), kSaysX};
    w.run();
    EXPECT_EQ(w.listener->log, "crTD");
}

TEST(ToolFailure, AnEngineThatIsGoneEndsTheTurn) {
    World w;
    const auto handler = w.tool("now");
    w.engine->script = {one_call("now"), kSaysX};
    w.run();
    w.cache.reset();
    w.engine->requests.clear();  // they hold it too
    EXPECT_TRUE(handler->calls.at(0)->reply("noon", false).ok());
    w.engine->work();
    EXPECT_EQ(w.listener->last().finish, FinishReason::kCancelled);
}

TEST(ToolFailure, WhatTheEngineFailsWithIsTheReplysFailure) {
    World w;
    w.answering("now", "noon");
    w.engine->script = {one_call("now"), {failed_event(device_lost("lost"))}};
    w.run();
    EXPECT_EQ(w.listener->last().status.code(), Code::kDeviceLost);
    EXPECT_EQ(w.conversation->size(), 1u) << "nothing of a failed reply is kept";
    EXPECT_TRUE(w.conversation->begin_reply().ok());
}

TEST(ToolFailure, AnEventCallbackThatFailsEndsTheReply) {
    for (const EventType at : {EventType::kText, EventType::kToolCall, EventType::kToolResult}) {
        World w;
        w.answering("now", "noon");
        w.engine->script = {{text_event("a"), call_event("c1", "now"), call_event("c2", "now"),
                             done_event(FinishReason::kToolCalls)},
                            kSaysX};
        w.listener->react = [at](const Event& event) { return event.type != at; };
        w.run();
        EXPECT_EQ(w.listener->last().type, EventType::kFailed);
        EXPECT_EQ(w.listener->last().status.code(), Code::kCallbackFailed);
        EXPECT_TRUE(w.engine->idle());
        EXPECT_EQ(w.conversation->size(), 1u);
    }
}

// Two rounds with a call each, cancelled after every single event and step.
TEST(ToolFailure, CancelledAtAnyPointItEndsOnceAndLeavesAWholeConversation) {
    bool saw_end_token = false;
    for (int at = 0; at < 40 && !saw_end_token; ++at) {
        World w;
        const auto now = w.tool("now");
        int answers = 0;
        w.engine->script = {
            {text_event("a"), call_event("c1", "now"), done_event(FinishReason::kToolCalls)},
            {text_event("b"), call_event("c2", "now"), done_event(FinishReason::kToolCalls)},
            kSaysX};
        w.begin();
        for (int step = 0; step < 60; ++step) {
            if (step == at) w.turn->cancel();
            w.engine->step();
            if (step % 3 == 2 && static_cast<size_t>(answers) < now->calls.size()) {
                static_cast<void>(now->calls[static_cast<size_t>(answers++)]->reply("noon", false));
            }
        }
        ASSERT_TRUE(w.listener->ended) << at;
        ASSERT_TRUE(w.engine->idle()) << at;
        saw_end_token = w.listener->last().finish == FinishReason::kEndToken;
        for (const auto& call : now->calls) EXPECT_TRUE(call->closed());
        size_t open = 0;
        for (const auto& message : w.conversation->all()) {
            open += message.tool_calls.size();
            if (message.role == "tool") --open;
        }
        EXPECT_EQ(open, 0u) << "every call has its result, at " << at;
        EXPECT_TRUE(w.conversation->begin_reply().ok());
    }
    EXPECT_TRUE(saw_end_token);
}

TEST(ToolFailure, ACancelTellsTheHostToDropWhatItWorksOn) {
    World w;
    const auto handler = w.tool("now", true);
    w.engine->script = {
        {call_event("c1", "now"), call_event("c2", "now"), done_event(FinishReason::kToolCalls)}};
    w.run();
    EXPECT_TRUE(handler->calls.at(0)->reply("noon", false).ok());
    w.turn->cancel();
    w.engine->work();
    EXPECT_EQ(handler->dropped, std::vector<std::string>{"c2"});
    EXPECT_EQ(handler->calls.at(1)->reply("x", false).code(), Code::kCancelled);
    EXPECT_EQ(w.listener->last().finish, FinishReason::kCancelled);
}

}  // namespace
}  // namespace alv::agent::test
