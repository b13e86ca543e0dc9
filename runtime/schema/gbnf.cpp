// GBNF text to a grammar. One pass, with a list of open groups instead of recursion.
#include <map>

#include "base/utf8.h"
#include "schema/grammar.h"

namespace alv::schema {
namespace {

constexpr size_t kMaxText = 1u << 20;
constexpr size_t kMaxDepth = 1000;
constexpr uint32_t kMaxRepeat = 1'000'000;

class GbnfParser {
  public:
    GbnfParser(std::string_view text, Grammar& grammar) : text_(text), grammar_(grammar) {}
    Status run();

  private:
    using Id = Grammar::Id;
    struct Group {
        std::vector<Id> choices;
        std::vector<Id> sequence;
    };

    Status error(const std::string& what) const {
        return invalid_argument("grammar line " + std::to_string(line_) + ": " + what);
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
    void skip_blanks(bool lines);
    std::string_view take_name();
    Id rule(std::string_view name);
    Status parse_rule();
    Result<Id> parse_body();
    Status parse_item();
    Status parse_quantifier();
    Result<uint32_t> parse_number();
    Result<uint32_t> parse_char();
    Result<uint32_t> parse_hex(size_t digits);
    Status parse_literal();
    Status parse_class();
    Id close(Group& group) {
        group.choices.push_back(grammar_.sequence(group.sequence));
        return grammar_.choice(group.choices);
    }

    std::string_view text_;
    Grammar& grammar_;
    size_t at_ = 0;
    size_t line_ = 1;
    std::vector<Group> groups_;
    std::map<std::string, Id, std::less<>> rules_;
};

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

void GbnfParser::skip_blanks(bool lines) {
    while (!at_end()) {
        if (peek() == '#') {
            while (!at_end() && peek() != '\n') ++at_;
        } else if (peek() == '\n' && lines) {
            ++line_;
            ++at_;
        } else if (peek() == ' ' || peek() == '\t' || peek() == '\r') {
            ++at_;
        } else {
            return;
        }
    }
}

std::string_view GbnfParser::take_name() {
    const size_t from = at_;
    while (is_name_char(peek())) ++at_;
    return text_.substr(from, at_ - from);
}

Grammar::Id GbnfParser::rule(std::string_view name) {
    const auto found = rules_.find(name);
    if (found != rules_.end()) return found->second;
    return rules_.emplace(name, grammar_.declare(std::string(name))).first->second;
}

Result<uint32_t> GbnfParser::parse_hex(size_t digits) {
    uint32_t value = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
        const char c = peek();
        const bool digit = c >= '0' && c <= '9';
        const char low = static_cast<char>(c | 0x20);
        if (!digit && (low < 'a' || low > 'f')) return error("an escape needs hex digits");
        value = value << 4 | static_cast<uint32_t>(digit ? c - '0' : low - 'a' + 10);
    }
    return value;
}

// One character of a literal or class, escapes undone.
Result<uint32_t> GbnfParser::parse_char() {
    if (at_end() || peek() == '\n') return error("a literal or class does not end");
    if (peek() != '\\') {
        const utf8::CodePoint next = utf8::next(text_, at_);
        if (!next.valid) return error("it is not UTF-8");
        at_ += next.size;
        return static_cast<uint32_t>(next.code_point);
    }
    const char c = peek(1);
    at_ += 2;
    switch (c) {
        case 'n':
            return uint32_t{'\n'};
        case 'r':
            return uint32_t{'\r'};
        case 't':
            return uint32_t{'\t'};
        case 'x':
            return parse_hex(2);
        case 'u':
            return parse_hex(4);
        case 'U':
            return parse_hex(8);
        case '\\':
        case '"':
        case '[':
        case ']':
        case '-':
        case '^':
            return static_cast<uint32_t>(c);
        default:
            return error(std::string("the escape \\") + c + " is not known");
    }
}

Status GbnfParser::parse_literal() {
    std::vector<Id> parts;
    while (peek() != '"') {
        ALV_ASSIGN_OR_RETURN(const uint32_t c, parse_char());
        const Grammar::CharRange range{c, c};
        parts.push_back(grammar_.chars(std::span(&range, 1)));
    }
    ++at_;
    groups_.back().sequence.push_back(grammar_.sequence(parts));
    return ok_status();
}

Status GbnfParser::parse_class() {
    const bool inverted = take("^");
    std::vector<Grammar::CharRange> ranges;
    while (peek() != ']') {
        ALV_ASSIGN_OR_RETURN(const uint32_t low, parse_char());
        uint32_t high = low;
        if (peek() == '-' && peek(1) != ']') {
            ++at_;
            ALV_ASSIGN_OR_RETURN(high, parse_char());
        }
        if (high < low) return error("a range in a class is upside down");
        ranges.emplace_back(low, high);
    }
    ++at_;
    if (inverted) ranges = Grammar::inverted(std::move(ranges));
    groups_.back().sequence.push_back(grammar_.chars(ranges));
    return ok_status();
}

Result<uint32_t> GbnfParser::parse_number() {
    if (peek() < '0' || peek() > '9') return error("a number is missing in {}");
    uint32_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
        value = value * 10 + static_cast<uint32_t>(peek() - '0');
        if (value > kMaxRepeat) return error("a count over " + std::to_string(kMaxRepeat));
        ++at_;
    }
    return value;
}

Status GbnfParser::parse_quantifier() {
    std::vector<Id>& sequence = groups_.back().sequence;
    for (;;) {
        uint32_t min = 0;
        uint32_t max = kNoMax;
        if (take("+")) {
            min = 1;
        } else if (take("?")) {
            max = 1;
        } else if (take("{")) {
            ALV_ASSIGN_OR_RETURN(min, parse_number());
            max = min;
            if (take(",")) {
                max = kNoMax;
                if (peek() != '}') {
                    ALV_ASSIGN_OR_RETURN(max, parse_number());
                }
            }
            if (!take("}")) return error("a { does not end");
            if (max < min)
                return error("{" + std::to_string(min) + ",} has a lower end above its upper");
        } else if (!take("*")) {
            return ok_status();
        }
        sequence.back() = grammar_.repeat(sequence.back(), min, max);
    }
}

Status GbnfParser::parse_item() {
    if (take("\"")) {
        ALV_RETURN_IF_ERROR(parse_literal());
    } else if (take("[")) {
        ALV_RETURN_IF_ERROR(parse_class());
    } else if (take(".")) {
        const Grammar::CharRange any{0, 0x10ffff};
        groups_.back().sequence.push_back(grammar_.chars(std::span(&any, 1)));
    } else if (take("(")) {
        if (groups_.size() > kMaxDepth) {
            return limit_exceeded("grammar line " + std::to_string(line_) + ": over " +
                                  std::to_string(kMaxDepth) + " groups in each other");
        }
        groups_.emplace_back();
        return ok_status();
    } else if (peek() == ')') {
        if (groups_.size() == 1) return error("a ) without a (");
        ++at_;
        const Id inner = close(groups_.back());
        groups_.pop_back();
        groups_.back().sequence.push_back(inner);
    } else if (is_name_char(peek())) {
        const Id called = rule(take_name());
        groups_.back().sequence.push_back(called);
    } else {
        return error(std::string("'") + peek() + "' is not expected here");
    }
    return parse_quantifier();
}

Result<Grammar::Id> GbnfParser::parse_body() {
    groups_.assign(1, {});
    for (;;) {
        skip_blanks(groups_.size() > 1);
        if (peek() == '\n' || at_end()) {
            const size_t at = at_;
            const size_t line = line_;
            skip_blanks(true);
            if (!at_end() && peek() == '|') continue;  // the next line goes on
            if (groups_.size() > 1) return error("a ( does not end");
            at_ = at;
            line_ = line;
            return close(groups_.back());
        }
        if (take("|")) {
            Group& group = groups_.back();
            group.choices.push_back(grammar_.sequence(group.sequence));
            group.sequence.clear();
            skip_blanks(true);
            continue;
        }
        ALV_RETURN_IF_ERROR(parse_item());
    }
}

Status GbnfParser::parse_rule() {
    const std::string_view name = take_name();
    if (name.empty()) return error("a rule's name is missing");
    skip_blanks(false);
    if (!take("::=")) return error("::= is missing after '" + std::string(name) + "'");
    skip_blanks(true);
    const Id id = rule(name);
    if (grammar_.rules()[grammar_.node(id).first].defined) {
        return error("the rule '" + std::string(name) + "' is there twice");
    }
    ALV_ASSIGN_OR_RETURN(const Id body, parse_body());
    grammar_.define(id, body);
    return ok_status();
}

Status GbnfParser::run() {
    if (text_.size() > kMaxText) return limit_exceeded("the grammar has over 1 MiB");
    for (skip_blanks(true); !at_end(); skip_blanks(true)) ALV_RETURN_IF_ERROR(parse_rule());
    const auto root = rules_.find("root");
    if (root == rules_.end()) return invalid_argument("the grammar has no rule 'root'");
    grammar_.set_root(root->second);
    return ok_status();
}

}  // namespace

Result<Grammar> Grammar::parse_gbnf(std::string_view text) {
    Grammar grammar;
    ALV_RETURN_IF_ERROR(GbnfParser(text, grammar).run());
    return grammar;
}

}  // namespace alv::schema
