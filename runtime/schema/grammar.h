// A grammar of bytes, as a graph of small nodes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace alv::schema {

inline constexpr uint32_t kNoMax = UINT32_MAX;

// Built bottom up. Thread-compatible.
class Grammar {
  public:
    using Id = uint32_t;
    using CharRange = std::pair<uint32_t, uint32_t>;  // code points, both ends in it

    Grammar();

    Id empty() const { return 0; }
    Id nothing() const { return 1; }  // matches no text at all
    Id literal(std::string_view bytes);
    Id byte(uint8_t low, uint8_t high);
    // Any one of the texts; what they begin with in common is written once.
    Id one_of(std::vector<std::string> texts);
    // One character of the ranges, in UTF-8; surrogates are left out.
    Id chars(std::span<const CharRange> ranges);
    // All characters that are in none of the ranges.
    static std::vector<CharRange> inverted(std::vector<CharRange> ranges);
    Id sequence(std::span<const Id> parts);
    Id sequence(std::initializer_list<Id> parts) { return sequence(std::span(parts)); }
    Id choice(std::span<const Id> parts);
    Id choice(std::initializer_list<Id> parts) { return choice(std::span(parts)); }
    Id optional(Id part) { return repeat(part, 0, 1); }
    // `min` to `max` times; kNoMax: any number of times.
    Id repeat(Id part, uint32_t min, uint32_t max);

    // A rule may be used before it is defined, by itself too.
    Id declare(std::string name);
    void define(Id rule, Id body);

    void set_root(Id root) { root_ = root; }
    Id root() const { return root_; }

    // GBNF, as llama.cpp's grammars are written: rules `name ::= ...` with "literals", [classes],
    // ., (groups), |, *, +, ?, {m}, {m,}, {m,n} and # comments; the rule `root` is the text.
    // Errors: invalid argument with the line.
    static Result<Grammar> parse_gbnf(std::string_view text);

    enum class Kind : uint8_t { kEmpty, kNothing, kBytes, kSequence, kChoice, kRepeat, kRule };
    struct Node {
        Kind kind = Kind::kEmpty;
        uint8_t low = 0;  // kBytes
        uint8_t high = 0;
        uint32_t min = 0;  // kRepeat
        uint32_t max = 0;
        uint32_t first = 0;  // kSequence, kChoice: of parts(); kRepeat: the part; kRule: number
        uint32_t count = 0;
    };
    struct Rule {
        std::string name;
        Id body = 0;
        bool defined = false;
    };
    const Node& node(Id id) const { return nodes_[id]; }
    std::span<const Id> parts(const Node& node) const {
        return std::span(parts_).subspan(node.first, node.count);
    }
    std::span<const Rule> rules() const { return rules_; }
    size_t size() const { return nodes_.size(); }

  private:
    Id add(const Node& node);
    Id list(Kind kind, std::span<const Id> parts);
    void add_char_range(uint32_t low, uint32_t high, std::vector<Id>& out);

    std::vector<Node> nodes_;
    std::vector<Id> parts_;
    std::vector<Rule> rules_;
    Id root_ = 0;
};

}  // namespace alv::schema
