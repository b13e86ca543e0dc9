// libFuzzer: the bytes are a schema; of one that is taken, the shortest document must match.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "schema/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace alv::schema;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto schema = Schema::parse(text);
    if (!schema.ok()) return 0;
    Grammar grammar;
    const auto root = add_schema(grammar, **schema);
    if (!root.ok()) return 0;
    grammar.set_root(*root);
    const auto automaton = Automaton::compile(grammar, {.max_instructions = 100'000});
    if (!automaton.ok()) return 0;
    Matcher matcher(*automaton);
    std::string document;
    Matcher::State state = matcher.start();
    if (matcher.shortest(state) > 10'000) return 0;
    while (!matcher.accepts(state)) {
        const uint64_t left = matcher.shortest(state);
        uint32_t byte = 0;
        Matcher::State next = Matcher::kDead;
        for (; byte < 256; ++byte) {
            next = matcher.step(state, static_cast<uint8_t>(byte));
            if (next != Matcher::kDead && matcher.shortest(next) < left) break;
        }
        if (byte == 256) {
            if (matcher.overflowed()) return 0;
            std::abort();  // there is no way to the end that was promised
        }
        document += static_cast<char>(byte);
        state = next;
    }
    const auto status = validate_text(**schema, document);
    if (!status.ok() && status.code() != alv::Code::kLimitExceeded) std::abort();
    return 0;
}
