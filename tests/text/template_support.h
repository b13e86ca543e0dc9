// What the tests of chat templates share: goldens, conversations, a thread with a small stack.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "text/chat_template.h"

namespace alv::text::test {

using Json = nlohmann::ordered_json;

inline std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in.good()) << path << " is missing (tests/run.sh fetches what git does not hold)";
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

inline Json read_golden(const char* name) {
    return Json::parse(read_file(std::string(ALV_TEST_SOURCE_DIR "/goldens/") + name));
}

inline ChatMessage to_message(const Json& m) {
    ChatMessage out{m.at("role").get<std::string>(), ""};
    Json rest = m;
    rest.erase("role");
    if (m.at("content").is_string()) {
        out.content = m["content"].get<std::string>();
        rest.erase("content");
    }
    if (!rest.empty()) out.extra_json = rest.dump();
    return out;
}

// One case of goldens/templates.json.
inline ChatTemplateInput to_input(const Json& golden, const Json& one_case) {
    ChatTemplateInput in;
    for (const Json& m : one_case.at("messages")) in.messages.push_back(to_message(m));
    in.add_generation_prompt = one_case.at("add_generation_prompt").get<bool>();
    in.bos_token = golden.at("bos_token").get<std::string>();
    in.eos_token = golden.at("eos_token").get<std::string>();
    in.now_unix_seconds = golden.at("now").get<int64_t>();
    if (!one_case.at("extra").empty()) in.extra_json = one_case["extra"].dump();
    return in;
}

inline std::string join(const std::vector<RenderedPart>& parts) {
    std::string text;
    for (const RenderedPart& p : parts) text += p.text;
    return text;
}

// Of each byte of join(parts), whether it is trusted.
inline std::vector<bool> trust_of(const std::vector<RenderedPart>& parts) {
    std::vector<bool> trust;
    for (const RenderedPart& p : parts) trust.insert(trust.end(), p.text.size(), p.trusted);
    return trust;
}

inline std::string fnv1a(const std::string& text) {
    uint64_t h = 0xCBF29CE484222325u;
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    char hex[17];
    std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(h));
    return hex;
}

inline Result<std::vector<RenderedPart>> render(const std::string& source,
                                                const ChatTemplateInput& in,
                                                const ChatTemplateLimits& limits = {}) {
    auto parsed = ChatTemplate::parse(source, limits);
    if (!parsed.ok()) return parsed.status();
    return parsed.value()->render(in);
}

// Runs `work` on a thread of its own and tells how much of its stack was touched. The stack itself
// is large, so that a breach fails the test instead of killing it.
inline size_t stack_used_by(const std::function<void()>& work) {
    constexpr size_t kSize = 4u << 20;
    constexpr unsigned char kPaint = 0xA5;
    void* const stack = mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    EXPECT_NE(stack, MAP_FAILED);
    std::memset(stack, kPaint, kSize);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    EXPECT_EQ(pthread_attr_setstack(&attributes, stack, kSize), 0);
    pthread_t thread{};
    const auto start = [](void* context) -> void* {
        (*static_cast<const std::function<void()>*>(context))();
        return nullptr;
    };
    EXPECT_EQ(pthread_create(&thread, &attributes, start,
                             const_cast<void*>(static_cast<const void*>(&work))),
              0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
    const auto* bytes = static_cast<const unsigned char*>(stack);
    size_t untouched = 0;
    while (untouched < kSize && bytes[untouched] == kPaint) ++untouched;
    munmap(stack, kSize);
    return kSize - untouched;
}

}  // namespace alv::text::test
