// libFuzzer: the bytes are a grammar, and what follows the first 0 byte a text for it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schema/automaton.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace alv::schema;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const size_t zero = all.find('\0');
    const auto grammar = Grammar::parse_gbnf(all.substr(0, zero));
    if (!grammar.ok()) return 0;
    const auto automaton = Automaton::compile(*grammar, {.max_instructions = 100'000});
    if (!automaton.ok()) return 0;
    Matcher matcher(*automaton);
    Matcher::State state = matcher.start();
    static_cast<void>(matcher.forced(state));
    if (zero == std::string_view::npos) return 0;
    for (const char c : all.substr(zero + 1)) {
        state = matcher.step(state, static_cast<uint8_t>(c));
        if (state == Matcher::kDead) break;
    }
    return 0;
}
