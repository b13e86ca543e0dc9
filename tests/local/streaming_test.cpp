// The streamed text is whole characters, in order, with nothing lost.
#include <gtest/gtest.h>

#include "base/utf8.h"
#include "local/harness.h"

namespace alv::local::test {
namespace {

std::shared_ptr<Listener> stream(const std::string& bytes) {
    auto w = std::make_shared<FakeWorld>();
    w->next = [bytes](std::span<const TokenId> context, const auto&) {
        const size_t at = context.size() - 1;
        return at < bytes.size() ? TokenId{static_cast<unsigned char>(bytes[at])} : kEos;
    };
    Harness h(w);
    return h.run("x", 200);
}

TEST(Streaming, NoEventEndsInHalfACharacter) {
    const std::string text = "a \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x99\x82 z";
    const auto heard = stream(text);
    EXPECT_EQ(heard->text, text);
    for (const auto& event : heard->events) EXPECT_TRUE(utf8::is_valid(event.text));
}

TEST(Streaming, BrokenBytesComeAsReplacementCharacters) {
    const auto heard = stream("a\xFFz");
    EXPECT_EQ(heard->text, "a\xEF\xBF\xBDz");
}

TEST(Streaming, ACharacterThatNeverEndsComesWithTheLastEvent) {
    const auto heard = stream("ok\xE2\x82");
    EXPECT_EQ(heard->text, "ok\xEF\xBF\xBD");
    EXPECT_EQ(heard->finish(), engine::FinishReason::kEndToken);
}

}  // namespace
}  // namespace alv::local::test
