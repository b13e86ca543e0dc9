// Ranges of decimal numbers as grammars of their digits.
#include <algorithm>
#include <cstdlib>

#include "schema/schema.h"

namespace alv::schema {
namespace {

constexpr uint32_t kMaxDigits = 15;  // what a double keeps
constexpr int kMaxExponent = 40;

class RangeBuilder {
  public:
    using Id = Grammar::Id;
    explicit RangeBuilder(Grammar& grammar) : g_(grammar) {}

    struct End {
        std::string whole;
        std::string fraction;
        bool exclusive = false;
    };
    // Numbers without a sign from `low` to `high`.
    Id magnitude(const End& low, const End* high, bool fractions);

  private:
    Id digit(char low, char high) {
        return low > high ? g_.nothing()
                          : g_.byte(static_cast<uint8_t>(low), static_cast<uint8_t>(high));
    }
    Id digits(uint32_t min, uint32_t max) { return g_.repeat(digit('0', '9'), min, max); }
    Id exactly(std::string_view text) { return g_.literal(text); }
    Id at_least(std::string_view text);
    Id at_most(std::string_view text);
    Id between(std::string_view low, std::string_view high);
    Id whole(const std::string& low, const std::string* high);
    Id fraction_at_least(std::string_view text, bool exclusive);
    Id fraction_at_most(std::string_view text, bool exclusive);
    Id fraction_between(const End& low, const End& high);
    Id fraction_tail_at_least(std::string_view text, bool exclusive);
    Id fraction_tail_at_most(std::string_view text, bool exclusive);
    Id any_fraction() { return g_.optional(g_.sequence({g_.literal("."), digits(1, kMaxDigits)})); }
    Id integers(const End& low, const End* high);

    Grammar& g_;
};

std::string plus_one(std::string number) {
    for (size_t i = number.size(); i-- > 0;) {
        if (number[i] != '9') {
            ++number[i];
            return number;
        }
        number[i] = '0';
    }
    return "1" + number;
}

std::string minus_one(std::string number) {  // of a number above 0
    for (size_t i = number.size(); i-- > 0;) {
        if (number[i] != '0') {
            --number[i];
            break;
        }
        number[i] = '9';
    }
    const size_t first = number.find_first_not_of('0');
    return first == std::string::npos ? "0" : number.substr(first);
}

bool is_below(const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// As many digits as `text`, and no less than it.
Grammar::Id RangeBuilder::at_least(std::string_view text) {
    Id tail = g_.empty();
    for (size_t i = text.size(); i-- > 0;) {
        const auto rest = static_cast<uint32_t>(text.size() - i - 1);
        const Id above =
            text[i] == '9'
                ? g_.nothing()
                : g_.sequence({digit(static_cast<char>(text[i] + 1), '9'), digits(rest, rest)});
        tail = g_.choice({g_.sequence({digit(text[i], text[i]), tail}), above});
    }
    return tail;
}

Grammar::Id RangeBuilder::at_most(std::string_view text) {
    Id tail = g_.empty();
    for (size_t i = text.size(); i-- > 0;) {
        const auto rest = static_cast<uint32_t>(text.size() - i - 1);
        const Id below =
            text[i] == '0'
                ? g_.nothing()
                : g_.sequence({digit('0', static_cast<char>(text[i] - 1)), digits(rest, rest)});
        tail = g_.choice({g_.sequence({digit(text[i], text[i]), tail}), below});
    }
    return tail;
}

// As many digits as both, from one to the other.
Grammar::Id RangeBuilder::between(std::string_view low, std::string_view high) {
    size_t same = 0;
    while (same < low.size() && low[same] == high[same]) ++same;
    if (same == low.size()) return exactly(low);
    const auto rest = static_cast<uint32_t>(low.size() - same - 1);
    const Id branches = g_.choice(
        {g_.sequence({digit(low[same], low[same]), at_least(low.substr(same + 1))}),
         g_.sequence({digit(static_cast<char>(low[same] + 1), static_cast<char>(high[same] - 1)),
                      digits(rest, rest)}),
         g_.sequence({digit(high[same], high[same]), at_most(high.substr(same + 1))})});
    return g_.sequence({exactly(low.substr(0, same)), branches});
}

// Whole numbers from `low` to `high`, both in it.
Grammar::Id RangeBuilder::whole(const std::string& low, const std::string* high) {
    if (high && is_below(*high, low)) return g_.nothing();
    std::vector<Id> choices;
    const size_t longest = high ? high->size() : std::max<size_t>(low.size(), kMaxDigits);
    for (size_t n = low.size(); n <= longest; ++n) {
        const std::string from = n == low.size() ? low : "1" + std::string(n - 1, '0');
        const std::string to = high && n == high->size() ? *high : std::string(n, '9');
        choices.push_back(between(from, to));
    }
    return g_.choice(choices);
}

Grammar::Id RangeBuilder::integers(const End& low, const End* high) {
    const bool up = !low.fraction.empty() || low.exclusive;
    const std::string from = up ? plus_one(low.whole) : low.whole;
    if (!high) return whole(from, nullptr);
    std::string to = high->whole;
    if (high->fraction.empty() && high->exclusive) {
        if (to == "0") return g_.nothing();
        to = minus_one(to);
    }
    return whole(from, &to);
}

// What follows the point, and is no less than 0.text.
Grammar::Id RangeBuilder::fraction_tail_at_least(std::string_view text, bool exclusive) {
    Id tail = exclusive ? g_.sequence({g_.repeat(digit('0', '0'), 0, 3), digit('1', '9'),
                                       digits(0, kMaxDigits)})
                        : digits(0, kMaxDigits);
    for (size_t i = text.size(); i-- > 0;) {
        const Id above =
            text[i] == '9'
                ? g_.nothing()
                : g_.sequence({digit(static_cast<char>(text[i] + 1), '9'), digits(0, kMaxDigits)});
        tail = g_.choice({g_.sequence({digit(text[i], text[i]), tail}), above});
    }
    return tail;
}

// What follows the point, at least one digit, and is no more than 0.text (no zero at its end).
Grammar::Id RangeBuilder::fraction_tail_at_most(std::string_view text, bool exclusive) {
    Id tail = exclusive ? g_.nothing() : g_.empty();
    for (size_t i = text.size(); i-- > 0;) {
        const Id below =
            text[i] == '0'
                ? g_.nothing()
                : g_.sequence({digit('0', static_cast<char>(text[i] - 1)), digits(0, kMaxDigits)});
        const Id here = g_.choice({g_.sequence({digit(text[i], text[i]), tail}), below});
        // To stop short is to be less.
        tail = i == 0 ? here : g_.optional(here);
    }
    return tail;
}

Grammar::Id RangeBuilder::fraction_at_least(std::string_view text, bool exclusive) {
    if (text.empty() && !exclusive) return any_fraction();
    return g_.sequence({g_.literal("."), fraction_tail_at_least(text, exclusive)});
}

Grammar::Id RangeBuilder::fraction_at_most(std::string_view text, bool exclusive) {
    if (text.empty()) return exclusive ? g_.nothing() : g_.optional(g_.literal(".0"));
    return g_.optional(g_.sequence({g_.literal("."), fraction_tail_at_most(text, exclusive)}));
}

Grammar::Id RangeBuilder::fraction_between(const End& low, const End& high) {
    const size_t n = std::max(low.fraction.size(), high.fraction.size());
    std::string a = low.fraction + std::string(n - low.fraction.size(), '0');
    std::string b = high.fraction + std::string(n - high.fraction.size(), '0');
    if (a > b || (a == b && (low.exclusive || high.exclusive))) return g_.nothing();
    if (a == b) return n == 0 ? g_.empty() : g_.literal("." + a);
    size_t same = 0;
    while (a[same] == b[same]) ++same;
    std::string below = b.substr(same + 1);
    while (!below.empty() && below.back() == '0') below.pop_back();
    const Id after_high = below.empty() ? (high.exclusive ? g_.nothing() : g_.empty())
                                        : g_.optional(fraction_tail_at_most(below, high.exclusive));
    const Id branches = g_.choice(
        {g_.sequence({digit(a[same], a[same]),
                      fraction_tail_at_least(std::string_view(a).substr(same + 1), low.exclusive)}),
         g_.sequence({digit(static_cast<char>(a[same] + 1), static_cast<char>(b[same] - 1)),
                      digits(0, kMaxDigits)}),
         g_.sequence({digit(b[same], b[same]), after_high})});
    const Id written = g_.sequence({g_.literal("." + a.substr(0, same)), branches});
    return low.fraction.empty() && !low.exclusive ? g_.optional(written) : written;
}

Grammar::Id RangeBuilder::magnitude(const End& low, const End* high, bool fractions) {
    if (!fractions) return integers(low, high);
    if (high && is_below(high->whole, low.whole)) return g_.nothing();
    if (high && high->whole == low.whole) {
        return g_.sequence({exactly(low.whole), fraction_between(low, *high)});
    }
    std::vector<Id> choices = {
        g_.sequence({exactly(low.whole), fraction_at_least(low.fraction, low.exclusive)})};
    const std::string after = plus_one(low.whole);
    if (!high) {
        choices.push_back(g_.sequence({whole(after, nullptr), any_fraction()}));
    } else {
        const std::string before = minus_one(high->whole);
        choices.push_back(g_.sequence({whole(after, &before), any_fraction()}));
        choices.push_back(
            g_.sequence({exactly(high->whole), fraction_at_most(high->fraction, high->exclusive)}));
    }
    return g_.choice(choices);
}

bool is_zero(const Decimal& number) {
    return number.whole == "0" && number.fraction.empty();
}

}  // namespace

std::optional<Decimal> to_decimal(const Json& number) {
    const std::string text = number.dump();
    Decimal out;
    std::string digits;
    long point = 0;
    long exponent = 0;
    bool after_point = false;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '-') {
            out.negative = true;
        } else if (text[i] == '.') {
            after_point = true;
        } else if (text[i] == 'e' || text[i] == 'E') {
            exponent = std::strtol(text.c_str() + i + 1, nullptr, 10);
            break;
        } else {
            digits += text[i];
            if (!after_point) ++point;
        }
    }
    if (exponent > kMaxExponent || exponent < -kMaxExponent) return std::nullopt;
    point += exponent;
    if (point <= 0) {
        digits.insert(0, static_cast<size_t>(1 - point), '0');
        point = 1;
    }
    if (static_cast<size_t>(point) > digits.size()) {
        digits.append(static_cast<size_t>(point) - digits.size(), '0');
    }
    out.whole = digits.substr(0, static_cast<size_t>(point));
    out.fraction = digits.substr(static_cast<size_t>(point));
    out.whole.erase(0, std::min(out.whole.find_first_not_of('0'), out.whole.size() - 1));
    while (!out.fraction.empty() && out.fraction.back() == '0') out.fraction.pop_back();
    if (is_zero(out)) out.negative = false;
    return out;
}

Grammar::Id add_number_range(Grammar& grammar, const Schema::Bound* low, const Schema::Bound* high,
                             bool fractions) {
    RangeBuilder builder(grammar);
    using End = RangeBuilder::End;
    const auto end_of = [](const Schema::Bound& bound) {
        return End{bound.decimal.whole, bound.decimal.fraction, bound.exclusive};
    };
    std::vector<Grammar::Id> choices;
    if (!high || !high->decimal.negative) {
        const bool from_low = low && !low->decimal.negative;
        const End from = from_low ? end_of(*low) : End{"0", "", false};
        const End to = high ? end_of(*high) : End{};
        choices.push_back(builder.magnitude(from, high ? &to : nullptr, fractions));
    }
    if (!low || low->decimal.negative) {
        const bool to_high = high && high->decimal.negative;
        const End from = to_high ? end_of(*high) : End{"0", "", true};
        const End to = low ? end_of(*low) : End{};
        choices.push_back(grammar.sequence(
            {grammar.literal("-"), builder.magnitude(from, low ? &to : nullptr, fractions)}));
    }
    return grammar.choice(choices);
}

}  // namespace alv::schema
