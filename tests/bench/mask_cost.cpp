// What it costs to lead a reply along a schema: CPU time a token, without a forward pass.
//   mask_cost MODEL.gguf
// "new": a state that was not seen before, whose mask is built over the whole vocabulary.
// "kept": the same documents again, when all masks are there.
#include <cstdio>
#include <ctime>
#include <random>

#include "base/file.h"
#include "local/token_grammar.h"
#include "model/vocabulary.h"
#include "schema/schema.h"

namespace {

using namespace alv;
using namespace alv::local;

const std::pair<const char*, const char*> kSchemas[] = {
    {"free text", R"({"type": "string"})"},
    {"text with a length", R"({"type": "string", "maxLength": 400})"},
    {"tool arguments", R"({"type": "object", "properties": {"city": {"type": "string",
        "maxLength": 40}, "unit": {"enum": ["celsius", "fahrenheit"]}, "days": {"type": "integer",
        "minimum": 1, "maximum": 14}}, "required": ["city", "unit", "days"]})"},
};

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// Follows ordinary text through the grammar as far as it goes; returns the tokens it took.
size_t follow(TokenGrammar& grammar, const std::vector<text::TokenId>& tokens, uint32_t seed) {
    std::mt19937 random(seed);
    TokenGrammar::State state = grammar.start();
    size_t n = 0;
    for (; n < tokens.size(); ++n) {
        const TokenMask& mask = grammar.mask(state);
        auto next = grammar.step(state, tokens[n]);
        if (!next) {  // any token that is allowed
            const auto words = static_cast<uint32_t>(mask.size());
            uint32_t at = static_cast<uint32_t>(random()) % words;
            while (mask[at] == 0) at = (at + 1) % words;
            const auto bit = static_cast<uint32_t>(__builtin_ctz(mask[at]));
            next = grammar.step(state, static_cast<text::TokenId>(at * 32 + bit));
            if (!next) break;  // an end token
        }
        state = *next;
        if (grammar.only_end(state)) break;
    }
    return n + 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return std::fprintf(stderr, "mask_cost MODEL.gguf\n"), 2;
    auto file = open_mapped_file(argv[1]);
    if (!file.ok()) return std::fprintf(stderr, "%s\n", file.status().message().c_str()), 1;
    const auto reader = gguf::Reader::open(std::move(file).value()).value();
    const auto tokenizer = text::Tokenizer::create(model::read_vocabulary(*reader).value()).value();
    double start = cpu_seconds();
    const auto trie =
        std::make_shared<const TokenTrie>(*tokenizer, std::span<const std::string_view>());
    std::printf("%u tokens, %zu trie nodes, made in %.1f ms\n", trie->n_tokens(),
                trie->nodes().size(), (cpu_seconds() - start) * 1e3);
    const text::TextPart part{
        "The old lighthouse keeper counted the ships that passed, and wrote each of them into a "
        "book that nobody would ever read; on the last evening of the year he saw a light.",
        false};
    std::vector<text::TokenId> tokens;
    if (!tokenizer->encode(std::span(&part, 1), tokens).ok()) return 1;
    const std::vector<text::TokenId> ends;
    for (const auto& [name, text] : kSchemas) {
        const auto schema = schema::Schema::parse(text).value();
        start = cpu_seconds();
        schema::Grammar grammar;
        grammar.set_root(add_schema(grammar, *schema).value());
        const auto automaton = schema::Automaton::compile(grammar).value();
        const double compile_ms = (cpu_seconds() - start) * 1e3;
        TokenGrammar led(automaton, trie, ends);
        start = cpu_seconds();
        const size_t n = follow(led, tokens, 1);
        const double fresh = (cpu_seconds() - start) * 1e6 / static_cast<double>(n);
        start = cpu_seconds();
        constexpr int kTimes = 200;
        for (int i = 0; i < kTimes; ++i) follow(led, tokens, 1);
        const double kept = (cpu_seconds() - start) * 1e6 / static_cast<double>(n) / kTimes;
        std::printf(
            "%-20s compiled in %5.2f ms, %3zu tokens: new %8.1f us, kept %6.2f us a token\n", name,
            compile_ms, n, fresh, kept);
    }
}
