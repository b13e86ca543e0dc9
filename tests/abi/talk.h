// A fake model that answers a ChatML prompt with the words a function gives.
#pragma once

#include <functional>
#include <string>

#include "abi/host.h"

namespace alv::test {

using Talk = std::function<std::string(const std::string& prompt)>;

inline local::test::FakeWorld::Next talking(Talk talk) {
    using namespace local::test;
    return [talk = std::move(talk)](std::span<const TokenId> context,
                                    const model::SamplerParams&) -> TokenId {
        const std::string header = "assistant\n";
        size_t begin = context.size();
        while (begin > 0 && context[begin - 1] != kImStart) --begin;
        begin += header.size();
        std::string prompt;
        for (size_t i = 0; i + header.size() < begin; ++i) {
            prompt += context[i] < 256 ? std::string(1, static_cast<char>(context[i])) : "|";
        }
        const std::string reply = talk(prompt);
        const size_t n = context.size() - begin;
        return n < reply.size() ? static_cast<unsigned char>(reply[n]) : kImEnd;
    };
}

// The session's user says something, and the reply is read to its end.
inline Reply ask(alv_session* session, const std::string& question,
                 const alv_generation_options* options = nullptr) {
    Failure failure;
    EXPECT_EQ(alv_session_append(session, alv_str("user"), str(question), failure.out()),
              ALV_STATUS_OK)
        << failure.message();
    alv_generation* generation = nullptr;
    EXPECT_EQ(alv_session_generate(session, options, &generation, failure.out()), ALV_STATUS_OK)
        << failure.message();
    if (!generation) return {};
    Reply reply = read_all(generation);
    alv_generation_release(generation);
    return reply;
}

inline std::string message_at(alv_session* session, uint64_t index) {
    alv_bytes* content = nullptr;
    if (alv_session_get_message(session, index, nullptr, &content, nullptr) != ALV_STATUS_OK) {
        return "(none)";
    }
    const std::string text = text_of(alv_bytes_text(content));
    alv_bytes_release(content);
    return text;
}

}  // namespace alv::test
