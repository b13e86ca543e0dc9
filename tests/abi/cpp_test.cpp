// The C++ headers at work: lambdas as tools and filters, classes as retrievers, and when they go.
#include <alviss/alviss.hpp>

#include <stdexcept>

#include "abi/embedder_host.h"
#include "abi/talk.h"

namespace alv::test {
namespace {

// Calls `now` once, then repeats what it read.
std::string call_once(const std::string& prompt) {
    const std::string label = "Result of now: ";
    const size_t result = prompt.rfind(label);
    if (result == prompt.npos) return "{\"function\": \"now\", \"parameters\": {}}";
    const size_t begin = result + label.size();
    return "It is " + prompt.substr(begin, prompt.find('|', begin) - begin);
}

alviss::Session open(Host& host) {
    host.with_session();
    return alviss::Session(std::exchange(host.session, nullptr));
}

TEST(Cpp, ALambdaIsAToolAndLivesAsLongAsItMayBeCalled) {
    auto capture = std::make_shared<std::string>("noon");
    const std::weak_ptr<std::string> watch = capture;
    {
        Host host;
        host.world->next = talking(call_once);
        alviss::Session session = open(host);
        {
            auto tools = alviss::Tools::create();
            ASSERT_TRUE(tools);
            const auto answer = [capture](alviss::ToolCall call) {
                EXPECT_EQ(call.name(), "now");
                EXPECT_EQ(call.arguments(), "{}");
                EXPECT_TRUE(call.reply(*capture));
                EXPECT_FALSE(call.is_open());
            };
            ASSERT_TRUE(tools->add("now", "The time", "", answer));
            EXPECT_FALSE(tools->add("now", "The same again", "", answer)) << "the name is taken";
            EXPECT_EQ(tools->count(), 1u);
            ASSERT_TRUE(session.set_tools(*tools));
        }
        capture.reset();
        EXPECT_FALSE(watch.expired()) << "the session has it";
        EXPECT_EQ(ask(session.get(), "when?").text, "It is noon");
        ASSERT_TRUE(session.clear_tools());
    }
    EXPECT_TRUE(watch.expired()) << "nothing can call it any more";
}

TEST(Cpp, AToolMayThrowOrAnswerLater) {
    Host host;
    host.world->next = talking(call_once);
    alviss::Session session = open(host);
    auto tools = alviss::Tools::create();
    ASSERT_TRUE(
        tools->add("now", "", "", [](alviss::ToolCall) { throw std::runtime_error("no clock"); }));
    ASSERT_TRUE(session.set_tools(*tools));
    EXPECT_NE(ask(session.get(), "when?").text.find("callback failed"), std::string::npos);
    ASSERT_TRUE(session.clear());
    ASSERT_TRUE(tools->remove("now"));
    std::thread later;
    ASSERT_TRUE(tools->add("now", "", "", [&](alviss::ToolCall call) {
        later = std::thread([call]() mutable { EXPECT_TRUE(call.reply("dusk")); });
    }));
    EXPECT_EQ(ask(session.get(), "when?").text, "It is dusk");
    later.join();
}

TEST(Cpp, ADroppedCallIsTold) {
    Host host;
    host.world->next = talking(call_once);
    alviss::Session session = open(host);
    auto tools = alviss::Tools::create();
    std::vector<alviss::ToolCall> kept;
    int drops = 0;
    alv_tool about = ALV_TOOL_INIT;
    about.name = alv_str("now");
    about.timeout_ms = 20;
    ASSERT_TRUE(tools->add(
        about, [&](alviss::ToolCall call) { kept.push_back(std::move(call)); },
        [&](alviss::ToolCall call) { drops += call.name() == "now" ? 1 : 0; }));
    ASSERT_TRUE(session.set_tools(*tools));
    EXPECT_NE(ask(session.get(), "when?").text.find("in time"), std::string::npos);
    EXPECT_EQ(drops, 1);
    ASSERT_EQ(kept.size(), 1u);
    const auto late = kept[0].reply("noon");
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), ALV_STATUS_TIMEOUT);
}

TEST(Cpp, ALambdaIsAFilter) {
    auto capture = std::make_shared<std::string>("[hidden]");
    const std::weak_ptr<std::string> watch = capture;
    {
        Host host;
        host.world->next = talking([](const std::string&) { return "the secret word"; });
        alviss::Session session = open(host);
        {
            auto filter = alviss::Filter::create(
                [capture](const alv_filter_text& text, alviss::FilterVerdict verdict) {
                    const size_t at = alviss::to_view(text.window).find("secret");
                    if (at != std::string_view::npos) {
                        EXPECT_TRUE(verdict.replace(at, at + 6, *capture));
                    }
                });
            ASSERT_TRUE(filter);
            ASSERT_TRUE(session.add_filter(*filter, ALV_FILTER_OUTPUT));
        }
        capture.reset();
        EXPECT_EQ(ask(session.get(), "what?").text, "the [hidden] word");
        EXPECT_FALSE(watch.expired());
        ASSERT_TRUE(session.clear_filters());
    }
    EXPECT_TRUE(watch.expired());
    auto words = alviss::Filter::create({"bad", "worse"}, "*");
    ASSERT_TRUE(words);
    const auto filtered = words->apply("Bad, WORSE, badge");
    ASSERT_TRUE(filtered);
    EXPECT_EQ(filtered->text, "*, *, badge");
    EXPECT_FALSE(filtered->stopped);
    EXPECT_FALSE(alviss::Filter::create(nullptr, 1'000'000)) << "too far back";
}

class Menu : public alviss::Retriever {
  public:
    explicit Menu(std::shared_ptr<int> lives) : lives_(std::move(lives)) {}
    void retrieve(alviss::Retrieval retrieval, const alv_query& query) override {
        EXPECT_EQ(alviss::to_view(query.text), "what is there?");
        EXPECT_TRUE(retrieval.add("menu", "cider and bread", 0.5, "menu.txt"));
        EXPECT_FALSE(retrieval.add("menu", "the same id", 0.5));
        EXPECT_TRUE(retrieval.finish());
    }

  private:
    std::shared_ptr<int> lives_;
};

TEST(Cpp, AClassIsARetriever) {
    auto life = std::make_shared<int>(0);
    const std::weak_ptr<int> watch = life;
    {
        Host host;
        host.world->next = talking([](const std::string& prompt) {
            return prompt.find("cider and bread") != prompt.npos ? "cider" : "nothing";
        });
        alviss::Session session = open(host);
        ASSERT_TRUE(session.add_retriever(std::make_shared<Menu>(std::exchange(life, nullptr))));
        EXPECT_FALSE(watch.expired());
        EXPECT_EQ(ask(session.get(), "what is there?").text, "cider");
        auto other = session.fork();
        ASSERT_TRUE(other);
        ASSERT_TRUE(session.clear_retrievers());
        EXPECT_FALSE(watch.expired()) << "the fork has it";
        ASSERT_TRUE(other->clear_retrievers());
    }
    EXPECT_TRUE(watch.expired());
}

TEST(Cpp, KnowledgeIsOpenedFilledAndAsked) {
    EmbedderHost host;
    auto embedder = alviss::Embedder::create(host.model);
    ASSERT_TRUE(embedder);
    EXPECT_EQ(embedder->dim(), kDim);
    const auto vectors = embedder->embed({"one", "two"});
    ASSERT_TRUE(vectors);
    EXPECT_EQ(vectors->size(), 2u * kDim);
    auto knowledge = alviss::Knowledge::open(*embedder);
    ASSERT_TRUE(knowledge);
    ASSERT_TRUE(knowledge->add_text("a", "The mill stands by the river."));
    ASSERT_TRUE(knowledge->add_text("b", "The tavern sells cider."));
    EXPECT_EQ(*knowledge->document_count(), 2u);
    const auto found = knowledge->search("cider", 1, ALV_KNOWLEDGE_WORDS);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ(alviss::to_view((*found)[0].text), "The tavern sells cider.");
    ASSERT_TRUE(knowledge->remove("b"));
    EXPECT_FALSE(knowledge->remove("b"));
    EXPECT_FALSE(knowledge->add_path("/no/such/folder"));
}

TEST(Cpp, AConversationIsLimitedPinnedSavedAndRestored) {
    Host host;
    host.world->next = talking([](const std::string&) { return "yes"; });
    alviss::Session session = open(host);
    ASSERT_TRUE(session.set_system("Be brief."));
    ASSERT_TRUE(session.append("user", "hello"));
    ASSERT_TRUE(session.pin(1));
    EXPECT_FALSE(session.pin(7));
    ASSERT_TRUE(session.set_limits(5, 100));
    const auto saved = session.save();
    ASSERT_TRUE(saved);
    ASSERT_TRUE(session.clear());
    EXPECT_EQ(session.message_count(), 0u);
    ASSERT_TRUE(session.restore(*saved));
    EXPECT_EQ(session.message_count(), 2u);
    EXPECT_EQ(*session.content(1), "hello");
    EXPECT_FALSE(session.restore("{"));
    const auto prompt = alviss::render_prompt("{a} and {b}", {{"a", "one"}, {"b", "two"}});
    ASSERT_TRUE(prompt);
    EXPECT_EQ(*prompt, "one and two");
    EXPECT_FALSE(alviss::render_prompt("{a}", {}));
    EXPECT_FALSE(alviss::builtin_prompt("knowledge").empty());
}

}  // namespace
}  // namespace alv::test
