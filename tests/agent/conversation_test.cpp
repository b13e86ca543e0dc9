#include "agent/conversation.h"

#include <gtest/gtest.h>

namespace alv::agent {
namespace {

// One token a byte of content.
Result<uint32_t> count_bytes(std::span<const engine::Message> messages) {
    size_t n = 0;
    for (const auto& message : messages) n += message.content.size();
    return static_cast<uint32_t>(n);
}

std::string contents(const std::vector<engine::Message>& messages) {
    std::string out;
    for (const auto& message : messages) out += (out.empty() ? "" : " ") + message.content;
    return out;
}

// A system message and four turns; the second one calls a tool.
void fill(Conversation& conversation) {
    ASSERT_TRUE(conversation.append({"system", "S"}).ok());
    for (int turn = 1; turn <= 4; ++turn) {
        const std::string n = std::to_string(turn);
        ASSERT_TRUE(conversation.append({"user", "u" + n}).ok());
        if (turn == 2) {
            engine::Message call{"assistant", ""};
            call.tool_calls.push_back({"call_1", "now", "{\"zone\":\"UTC\"}"});
            ASSERT_TRUE(conversation.append(call).ok());
            ASSERT_TRUE(conversation.append({"tool", "noon", {}, "call_1", "now"}).ok());
        }
        ASSERT_TRUE(conversation.append({"assistant", "a" + n}).ok());
    }
}

TEST(Conversation, WithoutLimitsAllIsVisible) {
    Conversation conversation;
    fill(conversation);
    EXPECT_EQ(conversation.visible(count_bytes)->size(), conversation.size());
}

TEST(Conversation, TheOldestTurnsLeaveFirstAndWhole) {
    Conversation conversation;
    fill(conversation);
    ASSERT_TRUE(conversation.set_limits({3, 0}).ok());
    EXPECT_EQ(contents(*conversation.visible(count_bytes)), "S u2  noon a2 u3 a3 u4 a4");
    ASSERT_TRUE(conversation.set_limits({2, 0}).ok());
    EXPECT_EQ(contents(*conversation.visible(count_bytes)), "S u3 a3 u4 a4");
    EXPECT_EQ(conversation.size(), 11u) << "the conversation itself keeps all";
}

TEST(Conversation, ATokenBudgetLetsTurnsLeaveUntilItFits) {
    Conversation conversation;
    fill(conversation);
    ASSERT_TRUE(conversation.set_limits({0, 17}).ok());  // S and 3 turns are 1 + 8 + 4 + 4
    EXPECT_EQ(contents(*conversation.visible(count_bytes)), "S u2  noon a2 u3 a3 u4 a4");
    ASSERT_TRUE(conversation.set_limits({0, 16}).ok());
    EXPECT_EQ(contents(*conversation.visible(count_bytes)), "S u3 a3 u4 a4");
    ASSERT_TRUE(conversation.set_limits({0, 1}).ok());
    EXPECT_EQ(contents(*conversation.visible(count_bytes)), "S u4 a4") << "the last one stays";
}

TEST(Conversation, PinnedTurnsStay) {
    Conversation conversation;
    fill(conversation);
    ASSERT_TRUE(conversation.pin(2, true).ok());  // a1
    ASSERT_TRUE(conversation.set_limits({2, 0}).ok());
    EXPECT_EQ(contents(*conversation.visible(count_bytes)), "S u1 a1 u4 a4");
    ASSERT_TRUE(conversation.pin(2, false).ok());
    EXPECT_EQ(contents(*conversation.visible(count_bytes)), "S u3 a3 u4 a4");
    EXPECT_EQ(conversation.pin(99, true).code(), Code::kNotFound);
}

TEST(Conversation, TheSystemMessageIsSetReplacedAndTakenAway) {
    Conversation conversation;
    ASSERT_TRUE(conversation.append({"user", "u"}).ok());
    ASSERT_TRUE(conversation.set_system("A").ok());
    EXPECT_EQ(contents(conversation.all()), "A u");
    ASSERT_TRUE(conversation.set_system("B").ok());
    EXPECT_EQ(contents(conversation.all()), "B u");
    ASSERT_TRUE(conversation.set_system("").ok());
    EXPECT_EQ(contents(conversation.all()), "u");
}

TEST(Conversation, WhatIsSavedComesBack) {
    Conversation conversation;
    fill(conversation);
    ASSERT_TRUE(conversation.pin(3, true).ok());
    ASSERT_TRUE(conversation.set_limits({7, 900}).ok());
    const std::string saved = conversation.save();
    Conversation other;
    const Status status = other.load(saved);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(other.save(), saved);
    EXPECT_EQ(other.get(4)->tool_calls.at(0).arguments, "{\"zone\":\"UTC\"}");
    EXPECT_EQ(other.get(5)->tool_call_id, "call_1");
    EXPECT_TRUE(other.pinned(3).value());
    EXPECT_EQ(other.limits().token_budget, 900u);
    Conversation copy;
    copy.copy_from(other);
    EXPECT_EQ(copy.save(), saved);
}

TEST(Conversation, WhatIsNoConversationChangesNothing) {
    Conversation conversation;
    fill(conversation);
    const std::string saved = conversation.save();
    const std::string deep(100'000, '[');
    for (const std::string& bad :
         {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
          std::string("{\"alviss_conversation\":2,\"messages\":[]}"),
          std::string("{\"alviss_conversation\":1}"),
          std::string("{\"alviss_conversation\":1,\"messages\":[1]}"),
          std::string("{\"alviss_conversation\":1,\"messages\":[{\"role\":\"user\"}]}"),
          std::string("{\"alviss_conversation\":1,\"max_turns\":-1,\"messages\":[]}"),
          std::string("{\"alviss_conversation\":1,\"messages\":[{\"role\":\"assistant\","
                      "\"content\":\"\",\"tool_calls\":[{\"name\":\"x\"}]}]}"),
          "{\"alviss_conversation\":1,\"messages\":" + deep, saved.substr(0, saved.size() / 2)}) {
        const Status status = conversation.load(bad);
        EXPECT_FALSE(status.ok()) << bad.substr(0, 80);
        EXPECT_FALSE(status.message().empty());
    }
    EXPECT_EQ(conversation.save(), saved);
}

TEST(Conversation, NothingChangesWhileAReplyIsMade) {
    Conversation conversation;
    fill(conversation);
    const std::string saved = conversation.save();
    ASSERT_TRUE(conversation.begin_reply().ok());
    EXPECT_EQ(conversation.begin_reply().code(), Code::kInvalidState);
    EXPECT_EQ(conversation.append({"user", "x"}).code(), Code::kInvalidState);
    EXPECT_EQ(conversation.truncate(0).code(), Code::kInvalidState);
    EXPECT_EQ(conversation.set_system("x").code(), Code::kInvalidState);
    EXPECT_EQ(conversation.load(saved).code(), Code::kInvalidState);
    conversation.end_reply({{"assistant", "x"}});
    EXPECT_EQ(conversation.size(), 12u);
}

}  // namespace
}  // namespace alv::agent
