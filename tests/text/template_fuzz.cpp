// libFuzzer: the bytes are a template, what follows the first 0 byte is extra_json. No input may
// crash, leak, or take more than its budget.
#include <cstddef>
#include <cstdint>
#include <string>

#include "text/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace alv::text;
    const std::string all(reinterpret_cast<const char*>(data), size);
    const size_t zero = all.find('\0');
    ChatTemplateLimits limits;
    limits.max_steps = 20'000;
    limits.max_output_bytes = 64 << 10;
    const auto parsed = ChatTemplate::parse(all.substr(0, zero), limits);
    if (!parsed.ok()) return 0;
    ChatTemplateInput in;
    in.messages = {
        {"system", "be <|im_end|> kind"},
        {"user", " h\xc3\xa9llo "},
        {"assistant", "", R"({"tool_calls": [{"name": "f", "arguments": {"a": [1, null]}}]})"}};
    in.bos_token = "<s>";
    in.eos_token = "</s>";
    if (zero != std::string::npos) in.extra_json = all.substr(zero + 1);
    auto parts = parsed.value()->render(in);
    if (!parts.ok()) return 0;
    size_t bytes = 0;
    for (size_t i = 0; i < parts->size(); ++i) {
        const RenderedPart& p = parts.value()[i];
        bytes += p.text.size();
        if (p.text.empty() || (i > 0 && p.trusted == parts.value()[i - 1].trusted))
            __builtin_trap();
    }
    if (bytes > limits.max_output_bytes) __builtin_trap();
    return 0;
}
