// Generate, call, generate: what the model reads, what the host hears, and where it ends.
#include "agent/script.h"

namespace alv::agent::test {
namespace {

ScriptedEngine::Reply calls(std::vector<Event> events) {
    events.push_back(done_event(FinishReason::kToolCalls));
    return events;
}
ScriptedEngine::Reply says(const std::string& text) {
    return {text_event(text), done_event()};
}

TEST(ToolLoop, WithoutToolsItIsOneRequest) {
    World w;
    w.engine->script = {says("because")};
    w.run();
    EXPECT_EQ(w.listener->log, "TD");
    EXPECT_EQ(w.conversation->get(1)->content, "because");
    EXPECT_TRUE(w.engine->idle());
    EXPECT_TRUE(w.conversation->begin_reply().ok()) << "the session is free again";
}

TEST(ToolLoop, TheResultIsReadInTheNextRound) {
    World w;
    const auto handler = w.answering("now", "noon");
    w.engine->script = {calls({text_event("let me see"), call_event("c1", "now", "{\"z\":1}")}),
                        says("it is noon")};
    w.run();
    EXPECT_EQ(w.listener->log, "TcrTD");
    EXPECT_EQ(handler->calls.at(0)->call().arguments, "{\"z\":1}");
    EXPECT_EQ(w.listener->of(EventType::kToolResult).at(0).text, "noon");
    EXPECT_EQ(w.prompt(), "user:why?\nassistant:let me see<c1>\ntool:noon(c1)\n");
    EXPECT_EQ(w.conversation->size(), 4u);
    EXPECT_EQ(w.conversation->get(3)->content, "it is noon");
    EXPECT_EQ(w.listener->last().usage.generated_tokens, 6u);
    EXPECT_EQ(w.listener->last().finish, FinishReason::kEndToken);
}

TEST(ToolLoop, OneCallIsRequiredOnlyOnce) {
    World w;
    w.answering("now", "noon");
    w.setup.tool_settings.choice = engine::ToolChoice::kNamed;
    w.setup.tool_settings.tool_name = "now";
    w.engine->script = {calls({call_event("c1", "now")}), says("noon")};
    w.run();
    EXPECT_EQ(w.engine->requests.at(0).tool_use.choice, engine::ToolChoice::kNamed);
    EXPECT_EQ(w.engine->requests.at(1).tool_use.choice, engine::ToolChoice::kAuto);
    EXPECT_EQ(w.listener->last().finish, FinishReason::kEndToken);
}

TEST(ToolLoop, AtTheLimitOfRoundsTheModelHasToAnswer) {
    World w;
    const auto handler = w.answering("now", "noon");
    w.setup.tool_settings.max_rounds = 2;
    w.engine->script = {calls({call_event("c1", "now")}), calls({call_event("c2", "now")}),
                        says("noon")};
    w.run();
    EXPECT_EQ(w.engine->requests.at(1).tool_use.choice, engine::ToolChoice::kAuto);
    EXPECT_EQ(w.engine->requests.at(2).tool_use.choice, engine::ToolChoice::kNone);
    EXPECT_EQ(w.engine->requests.at(2).tool_use.n_calls_before, 2u);
    EXPECT_EQ(handler->calls.size(), 2u);
    EXPECT_EQ(w.listener->log, "crcrTD");
}

TEST(ToolLoop, CallsBeyondTheLimitAreRefusedInWords) {
    World w;
    const auto handler = w.answering("now", "noon");
    w.setup.tool_settings.max_calls = 1;
    w.engine->script = {calls({call_event("c1", "now"), call_event("c2", "now")}), says("noon")};
    w.run();
    EXPECT_EQ(handler->calls.size(), 1u);
    EXPECT_EQ(w.listener->log, "ccrrTD");
    EXPECT_NE(w.prompt().find("no more calls"), std::string::npos) << w.prompt();
    EXPECT_EQ(w.engine->requests.at(1).tool_use.choice, engine::ToolChoice::kNone);
}

TEST(ToolLoop, TheTimeLimitEndsTheCalls) {
    World w;
    const auto handler = w.tool("now");
    w.setup.tool_settings.time_limit = 300ms;
    w.engine->script = {calls({call_event("c1", "now"), call_event("c2", "now")}), says("x")};
    w.run();
    EXPECT_EQ(w.listener->log, "cc");
    w.engine->pass(299ms);
    EXPECT_EQ(w.listener->log, "cc");
    w.engine->pass(1ms);
    EXPECT_EQ(w.listener->log, "ccrrTD") << "before the tool's own timeout, and no second call";
    EXPECT_EQ(handler->calls.size(), 1u);
    EXPECT_EQ(w.engine->requests.at(1).tool_use.choice, engine::ToolChoice::kNone);
}

TEST(ToolLoop, CallsThatMayBeParallelAre) {
    World w;
    const auto fast = w.tool("fast", true);
    const auto slow = w.tool("slow", false);
    w.setup.tool_settings.parallel = true;
    w.engine->script = {calls({call_event("c1", "fast"), call_event("c2", "fast"),
                               call_event("c3", "slow"), call_event("c4", "fast")}),
                        says("done")};
    w.run();
    EXPECT_TRUE(w.engine->requests.at(0).tool_use.parallel);
    ASSERT_EQ(fast->calls.size(), 2u);
    EXPECT_EQ(slow->calls.size(), 0u) << "one that may not waits until it is alone";
    EXPECT_TRUE(fast->calls[1]->reply("two", false).ok());
    w.engine->work();
    EXPECT_EQ(w.listener->of(EventType::kToolResult).at(0).tool_call.id, "c2");
    EXPECT_TRUE(fast->calls[0]->reply("one", false).ok());
    w.engine->work();
    ASSERT_EQ(slow->calls.size(), 1u);
    EXPECT_EQ(fast->calls.size(), 2u);
    EXPECT_TRUE(slow->calls[0]->reply("three", false).ok());
    w.engine->work();
    ASSERT_EQ(fast->calls.size(), 3u);
    EXPECT_TRUE(fast->calls[2]->reply("four", false).ok());
    w.engine->work();
    EXPECT_EQ(w.prompt(),
              "user:why?\nassistant:<c1><c2><c3><c4>\ntool:one(c1)\ntool:two(c2)\n"
              "tool:three(c3)\ntool:four(c4)\n");
    EXPECT_TRUE(w.listener->ended);
}

TEST(ToolLoop, AHostThatRunsThemItselfGetsTheCalls) {
    World w;
    const auto handler = w.tool("now");
    w.setup.tool_settings.by_host = true;
    w.engine->script = {calls({text_event("hm"), call_event("c1", "now")})};
    w.run();
    EXPECT_EQ(w.listener->last().finish, FinishReason::kToolCalls);
    EXPECT_TRUE(handler->calls.empty());
    EXPECT_EQ(w.conversation->size(), 2u);
    EXPECT_EQ(w.conversation->get(1)->tool_calls.at(0).id, "c1");
    EXPECT_EQ(w.conversation->get(1)->content, "hm");
}

TEST(ToolLoop, MaxTokensCountInAllRounds) {
    World w;
    w.answering("now", "noon");
    w.setup.request.max_tokens = 5;
    w.engine->script = {calls({call_event("c1", "now")}),
                        {text_event("x"), done_event(FinishReason::kMaxTokens, 2)}};
    w.run();
    EXPECT_EQ(w.engine->requests.at(0).max_tokens, 5u);
    EXPECT_EQ(w.engine->requests.at(1).max_tokens, 2u);
}

TEST(ToolLoop, OutputFiltersHoldTextBackAndTokensToo) {
    struct Upper : Filter {
        Result<Verdict> look(const FilterView& view) override {
            Verdict verdict;
            verdict.hold = 2;
            const size_t found = view.window.find("bad");
            if (found == view.window.npos) return verdict;
            verdict.kind = Verdict::Kind::kStop;
            verdict.text = "[no]";
            return verdict;
        }
    };
    World w;
    w.setup.output_filters = {std::make_shared<Upper>()};
    Event token;
    token.type = EventType::kToken;
    w.engine->script = {{text_event("good b"), token, text_event("a"), text_event("d"),
                         text_event("more"), done_event()}};
    w.run();
    EXPECT_EQ(w.listener->text, "good [no]");
    EXPECT_EQ(w.listener->log, "TTTD");
    EXPECT_EQ(w.listener->last().finish, FinishReason::kFiltered);
    EXPECT_EQ(w.conversation->get(1)->content, "good [no]");
}

TEST(ToolLoop, InputFiltersChangeOrStopWhatTheModelReads) {
    struct Mask : Filter {
        Verdict::Kind kind = Verdict::Kind::kReplace;
        Result<Verdict> look(const FilterView& view) override {
            Verdict verdict;
            const size_t found = view.window.find("why");
            if (found == view.window.npos) return verdict;
            verdict.kind = kind;
            verdict.begin = found;
            verdict.end = found + 3;
            verdict.text = "how";
            return verdict;
        }
    };
    auto mask = std::make_shared<Mask>();
    World w;
    w.setup.input_filters = {mask};
    w.engine->script = {says("so")};
    w.run();
    EXPECT_EQ(w.prompt(), "user:how?\n");
    World stopped;
    mask->kind = Verdict::Kind::kStop;
    stopped.setup.input_filters = {mask};
    stopped.run();
    EXPECT_TRUE(stopped.engine->requests.empty());
    EXPECT_EQ(stopped.listener->text, "how");
    EXPECT_EQ(stopped.listener->last().finish, FinishReason::kFiltered);
}

struct Shelf : engine::Retriever {
    std::vector<Passage> passages;
    Status status;
    bool late = false;
    Done kept;
    bool cancelled = false;
    struct Ticket : engine::Ticket {
        Shelf* shelf = nullptr;
        void cancel() override { shelf->cancelled = true; }
    };
    Result<std::shared_ptr<engine::Ticket>> submit(engine::Query query, Done done) override {
        EXPECT_EQ(query.text, "why?");
        EXPECT_EQ(query.k, 3u);
        auto ticket = std::make_shared<Ticket>();
        ticket->shelf = this;
        if (late) {
            kept = std::move(done);
        } else if (status.ok()) {
            done(passages);
        } else {
            done(status);
        }
        return std::shared_ptr<engine::Ticket>(ticket);
    }
};

TEST(Retrieval, PassagesAreInThePromptAndNotInTheConversation) {
    World w;
    auto a = std::make_shared<Shelf>();
    auto b = std::make_shared<Shelf>();
    a->passages = {{"7", "Elves live long.", "", "", 0.9}};
    b->passages = {{"x", "Elves live  long.", "", "", 0.8}, {"y", "Orcs.", "", "", 0.1}};
    b->late = true;
    w.setup.sources = {{a, "lore", 3, ""}, {b, "other", 3, ""}};
    w.engine->script = {says("Long [1]. And [2] [3].")};
    w.run();
    EXPECT_EQ(w.listener->log, "");
    b->kept(b->passages);
    w.engine->work();
    EXPECT_EQ(w.prompt(),
              "user:[1] (source: lore, id: 7)\nElves live long.\n\n[2] (source: other, id: y)\n"
              "Orcs.|why?\n");
    EXPECT_EQ(w.conversation->get(0)->content, "why?");
    EXPECT_EQ(w.listener->log, "CCTCCD");
    const auto citations = w.listener->of(EventType::kCitation);
    EXPECT_EQ(citations.at(0).tool_call.id, "7");
    EXPECT_EQ(citations.at(0).span_end, 0u);
    EXPECT_EQ(citations.at(2).span_begin, 5u);
    EXPECT_EQ(citations.at(2).span_end, 8u);
    EXPECT_FLOAT_EQ(citations.at(2).score, 0.9f);
    EXPECT_EQ(citations.at(3).tool_call.id, "y");
}

TEST(Retrieval, ASourceThatFailsOrIsLateIsLeftOut) {
    World w;
    auto good = std::make_shared<Shelf>();
    auto bad = std::make_shared<Shelf>();
    auto late = std::make_shared<Shelf>();
    good->passages = {{"7", "Elves.", "", "", 0.9}};
    bad->status = io_error("gone");
    late->late = true;
    w.setup.sources = {{bad, "", 3, ""}, {good, "", 3, ""}, {late, "", 3, ""}};
    w.setup.retrieval.timeout = 50ms;
    w.engine->script = {says("x")};
    w.run();
    w.engine->pass(50ms);
    EXPECT_TRUE(late->cancelled);
    EXPECT_EQ(w.listener->log, "CTD");
    late->kept(std::vector<Passage>{});  // too late, and harmless
    w.engine->work();
}

TEST(Retrieval, IfNoneAnswersTheReplyFails) {
    World w;
    auto bad = std::make_shared<Shelf>();
    bad->status = io_error("gone");
    w.setup.sources = {{bad, "", 3, ""}};
    w.run();
    EXPECT_EQ(w.listener->last().status.code(), Code::kIoError);
    EXPECT_NE(w.listener->last().status.message().find("gone"), std::string::npos);
}

}  // namespace
}  // namespace alv::agent::test
