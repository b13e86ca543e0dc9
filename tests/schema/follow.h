// What the tests ask of an automaton.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "schema/automaton.h"
#include "schema/schema.h"

namespace alv::schema::test {

inline std::shared_ptr<const Automaton> compile(Grammar grammar) {
    auto made = Automaton::compile(grammar);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return made.ok() ? *made : nullptr;
}

inline std::shared_ptr<const Automaton> from_gbnf(std::string_view text) {
    auto grammar = Grammar::parse_gbnf(text);
    EXPECT_TRUE(grammar.ok()) << grammar.status().message();
    return grammar.ok() ? compile(*std::move(grammar)) : nullptr;
}

inline std::shared_ptr<const Automaton> from_schema(const Schema& schema) {
    Grammar grammar;
    auto root = add_schema(grammar, schema);
    EXPECT_TRUE(root.ok()) << root.status().message();
    if (!root.ok()) return nullptr;
    grammar.set_root(*root);
    return compile(std::move(grammar));
}

inline bool accepts(Matcher& matcher, std::string_view text) {
    Matcher::State state = matcher.start();
    for (const char c : text) {
        state = matcher.step(state, static_cast<uint8_t>(c));
        if (state == Matcher::kDead) return false;
    }
    return matcher.accepts(state);
}

inline bool accepts(const std::shared_ptr<const Automaton>& automaton, std::string_view text) {
    Matcher matcher(automaton);
    return accepts(matcher, text);
}

// A text drawn byte by byte, which makes for its end when it grows past `long_enough`.
inline std::string draw(Matcher& matcher, std::mt19937& random, size_t long_enough) {
    std::string text;
    Matcher::State state = matcher.start();
    for (;;) {
        if (matcher.accepts(state) &&
            (matcher.only_end(state) || text.size() >= long_enough || random() % 8 == 0)) {
            return text;
        }
        const uint64_t left = matcher.shortest(state);
        std::vector<uint8_t> choices;
        for (uint32_t byte = 0; byte < 256; ++byte) {
            const auto next = matcher.step(state, static_cast<uint8_t>(byte));
            if (next == Matcher::kDead) continue;
            if (text.size() < long_enough || matcher.shortest(next) < left) {
                choices.push_back(static_cast<uint8_t>(byte));
            }
        }
        if (choices.empty()) {
            ADD_FAILURE() << "no way on after: " << text;
            return text;
        }
        // Not all bytes are alike: half the draws keep to ASCII where they can.
        const uint8_t byte = choices[random() % choices.size()];
        state = matcher.step(state, byte);
        text += static_cast<char>(byte);
    }
}

}  // namespace alv::schema::test
