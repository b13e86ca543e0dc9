// Regular expressions (the part of ECMA 262 that is a regular language) as grammars.
#include <array>

#include "base/utf8.h"
#include "schema/schema.h"

namespace alv::schema {
namespace {

constexpr size_t kMaxDepth = 250;
constexpr size_t kMaxPattern = 4096;
constexpr uint32_t kMaxRepeat = 10'000;

using Ranges = std::vector<Grammar::CharRange>;

class PatternParser {
  public:
    PatternParser(Grammar& grammar, std::string_view text, bool escaped)
        : grammar_(grammar), text_(text), escaped_(escaped) {}
    Result<Grammar::Id> run();

  private:
    using Id = Grammar::Id;
    struct Group {
        std::vector<Id> choices;
        std::vector<Id> sequence;
    };

    Status refuse(const std::string& what) const {
        return unsupported("pattern '" + std::string(text_) + "': " + what);
    }
    bool at_end() const { return at_ >= text_.size(); }
    char peek(size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    bool take(std::string_view word) {
        if (text_.substr(at_, word.size()) != word) return false;
        at_ += word.size();
        return true;
    }
    Id chars(const Ranges& ranges);
    Id anything() { return grammar_.repeat(chars({{0, 0x10ffff}}), 0, kNoMax); }
    void begin_branch();
    void end_branch(bool anchored);
    Status parse_item();
    Status parse_quantifier();
    Result<Ranges> parse_escape(bool in_class);
    Result<uint32_t> parse_hex(size_t digits);
    Result<Ranges> parse_class();
    Result<uint32_t> parse_count();

    Grammar& grammar_;
    std::string_view text_;
    bool escaped_;
    size_t at_ = 0;
    std::vector<Group> groups_;
    bool quantifiable_ = false;
};

Ranges digits() {
    return {{'0', '9'}};
}
Ranges word_chars() {
    return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
}
Ranges spaces() {
    return {{'\t', '\r'},     {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680},
            {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
            {0x3000, 0x3000}, {0xfeff, 0xfeff}};
}

// One character of the ranges, as it stands in the text: inside JSON some are escaped.
Grammar::Id PatternParser::chars(const Ranges& ranges) {
    if (!escaped_) return grammar_.chars(ranges);
    Ranges plain;
    std::vector<Id> choices;
    const auto has = [&](uint32_t c) {
        for (const auto& [low, high] : ranges) {
            if (c >= low && c <= high) return true;
        }
        return false;
    };
    constexpr std::array<Grammar::CharRange, 3> kPlain = {
        {{0x20, 0x21}, {0x23, 0x5b}, {0x5d, 0x10ffff}}};
    for (const auto& [low, high] : ranges) {
        for (const auto& [first, last] : kPlain) {
            if (low <= last && high >= first) {
                plain.emplace_back(std::max(low, first), std::min(high, last));
            }
        }
    }
    choices.push_back(grammar_.chars(plain));
    for (uint32_t c = 0; c < 0x5d; ++c) {
        if (!has(c) || (c >= 0x20 && c != '"' && c != '\\')) continue;
        const std::string json = Json(std::string(1, static_cast<char>(c))).dump();
        choices.push_back(grammar_.literal(json.substr(1, json.size() - 2)));
    }
    return grammar_.choice(choices);
}

void PatternParser::begin_branch() {
    if (groups_.size() > 1) return;
    if (take("^")) return;
    groups_.back().sequence.push_back(anything());
}

void PatternParser::end_branch(bool anchored) {
    Group& group = groups_.back();
    if (groups_.size() == 1 && !anchored) group.sequence.push_back(anything());
    group.choices.push_back(grammar_.sequence(group.sequence));
    group.sequence.clear();
    quantifiable_ = false;
}

Result<uint32_t> PatternParser::parse_hex(size_t digits) {
    uint32_t value = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
        const char c = peek();
        const bool digit = c >= '0' && c <= '9';
        const char low = static_cast<char>(c | 0x20);
        if (!digit && (low < 'a' || low > 'f')) return refuse("an escape needs hex digits");
        value = value << 4 | static_cast<uint32_t>(digit ? c - '0' : low - 'a' + 10);
    }
    return value;
}

Result<Ranges> PatternParser::parse_escape(bool in_class) {
    const char c = peek();
    ++at_;
    const auto one = [](uint32_t value) { return Ranges{{value, value}}; };
    switch (c) {
        case 'd':
            return digits();
        case 'D':
            return Grammar::inverted(digits());
        case 'w':
            return word_chars();
        case 'W':
            return Grammar::inverted(word_chars());
        case 's':
            return spaces();
        case 'S':
            return Grammar::inverted(spaces());
        case 'n':
            return one('\n');
        case 'r':
            return one('\r');
        case 't':
            return one('\t');
        case 'f':
            return one('\f');
        case 'v':
            return one('\v');
        case 'x': {
            ALV_ASSIGN_OR_RETURN(const uint32_t value, parse_hex(2));
            return one(value);
        }
        case 'u': {
            ALV_ASSIGN_OR_RETURN(const uint32_t value, parse_hex(4));
            if (value >= 0xd800 && value <= 0xdfff) return refuse("half a surrogate pair");
            return one(value);
        }
        default:
            break;
    }
    const bool punctuation = c > 0x20 && c < 0x7f && !(c >= '0' && c <= '9') &&
                             !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
    if (!punctuation) {
        return refuse(std::string("\\") + c + (in_class ? " in a class" : "") + " can't be done");
    }
    return one(static_cast<uint32_t>(c));
}

Result<Ranges> PatternParser::parse_class() {
    const bool inverted = take("^");
    Ranges ranges;
    while (peek() != ']') {
        if (at_end()) return refuse("a [ does not end");
        Ranges item;
        if (take("\\")) {
            ALV_ASSIGN_OR_RETURN(item, parse_escape(true));
        } else {
            const utf8::CodePoint next = utf8::next(text_, at_);
            if (!next.valid) return refuse("it is not UTF-8");
            at_ += next.size;
            item = {{next.code_point, next.code_point}};
        }
        const bool single = item.size() == 1 && item[0].first == item[0].second;
        if (single && peek() == '-' && peek(1) != ']' && peek(1) != '\0') {
            ++at_;
            Ranges to;
            if (take("\\")) {
                ALV_ASSIGN_OR_RETURN(to, parse_escape(true));
            } else {
                const utf8::CodePoint next = utf8::next(text_, at_);
                if (!next.valid) return refuse("it is not UTF-8");
                at_ += next.size;
                to = {{next.code_point, next.code_point}};
            }
            if (to.size() != 1 || to[0].first != to[0].second || to[0].first < item[0].first) {
                return refuse("a range in a class is none");
            }
            item[0].second = to[0].first;
        }
        ranges.insert(ranges.end(), item.begin(), item.end());
    }
    ++at_;
    return inverted ? Grammar::inverted(std::move(ranges)) : ranges;
}

Result<uint32_t> PatternParser::parse_count() {
    if (peek() < '0' || peek() > '9') return refuse("a { that is no count");
    uint32_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
        value = value * 10 + static_cast<uint32_t>(peek() - '0');
        if (value > kMaxRepeat) return refuse("a count over " + std::to_string(kMaxRepeat));
        ++at_;
    }
    return value;
}

Status PatternParser::parse_quantifier() {
    uint32_t min = 0;
    uint32_t max = kNoMax;
    if (take("+")) {
        min = 1;
    } else if (take("?")) {
        max = 1;
    } else if (take("{")) {
        ALV_ASSIGN_OR_RETURN(min, parse_count());
        max = min;
        if (take(",")) {
            max = kNoMax;
            if (peek() != '}') {
                ALV_ASSIGN_OR_RETURN(max, parse_count());
            }
        }
        if (!take("}") || max < min) return refuse("a { that is no count");
    } else {
        take("*");
    }
    take("?");  // lazy or not, the texts that match are the same
    if (!quantifiable_) return refuse("a quantifier with nothing before it");
    quantifiable_ = false;
    std::vector<Id>& sequence = groups_.back().sequence;
    sequence.back() = grammar_.repeat(sequence.back(), min, max);
    return ok_status();
}

Status PatternParser::parse_item() {
    const char c = peek();
    if (c == '*' || c == '+' || c == '?' || c == '{') return parse_quantifier();
    std::vector<Id>& sequence = groups_.back().sequence;
    Ranges ranges;
    if (take("(")) {
        if (peek() == '?' && !take("?:")) return refuse("a (? group other than (?: can't be done");
        if (groups_.size() > kMaxDepth) return limit_exceeded("a pattern with too many groups");
        groups_.emplace_back();
        quantifiable_ = false;
        return ok_status();
    }
    if (take(")")) {
        if (groups_.size() == 1) return refuse("a ) without a (");
        end_branch(true);
        const Id inner = grammar_.choice(groups_.back().choices);
        groups_.pop_back();
        groups_.back().sequence.push_back(inner);
        quantifiable_ = true;
        return ok_status();
    }
    if (c == '^' || c == '$') return refuse("^ and $ only at the ends of a whole alternative");
    if (take("[")) {
        ALV_ASSIGN_OR_RETURN(ranges, parse_class());
    } else if (take(".")) {
        ranges = Grammar::inverted({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}});
    } else if (take("\\")) {
        ALV_ASSIGN_OR_RETURN(ranges, parse_escape(false));
    } else {
        const utf8::CodePoint next = utf8::next(text_, at_);
        if (!next.valid) return refuse("it is not UTF-8");
        at_ += next.size;
        ranges = {{next.code_point, next.code_point}};
    }
    sequence.push_back(chars(ranges));
    quantifiable_ = true;
    return ok_status();
}

Result<Grammar::Id> PatternParser::run() {
    if (text_.size() > kMaxPattern) return limit_exceeded("a pattern has over 4096 bytes");
    groups_.assign(1, {});
    begin_branch();
    while (!at_end()) {
        if (groups_.size() == 1 && peek() == '$' && (peek(1) == '|' || at_ + 1 == text_.size())) {
            ++at_;
            end_branch(true);
            if (at_end()) return grammar_.choice(groups_.back().choices);
            ++at_;
            begin_branch();
        } else if (take("|")) {
            end_branch(false);
            begin_branch();
        } else {
            ALV_RETURN_IF_ERROR(parse_item());
        }
    }
    if (groups_.size() > 1) return refuse("a ( does not end");
    end_branch(false);
    return grammar_.choice(groups_.back().choices);
}

}  // namespace

Result<Grammar::Id> add_pattern(Grammar& grammar, std::string_view pattern, bool escaped) {
    return PatternParser(grammar, pattern, escaped).run();
}

}  // namespace alv::schema
