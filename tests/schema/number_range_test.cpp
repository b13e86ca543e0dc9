// Ranges of numbers against all numbers near them.
#include <cmath>
#include <cstdio>

#include "schema/follow.h"

namespace alv::schema {
namespace {

using test::accepts;

Schema::Bound bound(double value, bool exclusive) {
    Schema::Bound out;
    out.value = Json(value);
    out.decimal = *to_decimal(out.value);
    out.exclusive = exclusive;
    return out;
}

std::shared_ptr<const Automaton> range(const Schema::Bound* low, const Schema::Bound* high,
                                       bool fractions) {
    Grammar grammar;
    grammar.set_root(add_number_range(grammar, low, high, fractions));
    auto made = Automaton::compile(grammar);
    return made.ok() ? *made : nullptr;  // null: no number is in it
}

bool inside(double x, const Schema::Bound* low, const Schema::Bound* high) {
    if (low) {
        const auto end = low->value.get<double>();
        if (x < end || (x == end && low->exclusive)) return false;
    }
    if (high) {
        const auto end = high->value.get<double>();
        if (x > end || (x == end && high->exclusive)) return false;
    }
    return true;
}

const double kEnds[] = {-1000, -101, -100, -99.5, -12.34, -10, -1,    -0.5, -0.05, 0,   0.001,
                        0.05,  0.5,  1,    1.5,   9,      10,  12.34, 99.5, 100,   1005};

template <typename Check>
void each_range(const Check& check) {
    for (const bool low_out : {false, true}) {
        for (const bool high_out : {false, true}) {
            for (const double low_end : kEnds) {
                const Schema::Bound low = bound(low_end, low_out);
                check(&low, nullptr);
                const Schema::Bound alone = bound(low_end, high_out);
                check(nullptr, &alone);
                for (const double high_end : kEnds) {
                    if (high_end < low_end) continue;
                    const Schema::Bound high = bound(high_end, high_out);
                    check(&low, &high);
                }
            }
        }
    }
    check(nullptr, nullptr);
}

std::string name(const Schema::Bound* low, const Schema::Bound* high) {
    const auto text = [](const Schema::Bound* b) {
        return b ? b->value.dump() + (b->exclusive ? " out" : " in") : std::string("none");
    };
    return text(low) + " .. " + text(high);
}

TEST(NumberRange, HoldsJustTheIntegersInIt) {
    each_range([](const Schema::Bound* low, const Schema::Bound* high) {
        const auto automaton = range(low, high, false);
        std::unique_ptr<Matcher> matcher;
        if (automaton) matcher = std::make_unique<Matcher>(automaton);
        for (int n = -1010; n <= 1010; ++n) {
            const std::string text = std::to_string(n);
            ASSERT_EQ(matcher && accepts(*matcher, text), inside(n, low, high))
                << n << " in " << name(low, high);
        }
        if (matcher) {
            EXPECT_FALSE(accepts(*matcher, "01"));
            EXPECT_FALSE(accepts(*matcher, "1.5"));
        }
    });
}

TEST(NumberRange, EveryDecimalThatItHoldsIsInIt) {
    each_range([](const Schema::Bound* low, const Schema::Bound* high) {
        const auto automaton = range(low, high, true);
        if (!automaton) return;
        Matcher matcher(automaton);
        for (int n = -10500; n <= 10500; n += 3) {
            for (const char* form : {"%.2f", "%.1f", "%.3f"}) {
                char text[32];
                std::snprintf(text, sizeof text, form, n / 100.0);
                if (std::strtod(text, nullptr) == 0 && text[0] == '-') continue;
                if (accepts(matcher, text)) {
                    ASSERT_TRUE(inside(std::strtod(text, nullptr), low, high))
                        << text << " in " << name(low, high);
                } else if (std::string(text).back() != '0') {
                    // Zeros at the end may be left out of the style; nothing else may.
                    ASSERT_FALSE(inside(std::strtod(text, nullptr), low, high))
                        << text << " in " << name(low, high);
                }
            }
        }
    });
}

TEST(NumberRange, DecimalsAreExact) {
    const auto text = [](const char* json) {
        const Decimal d = *to_decimal(Json::parse(json));
        return (d.negative ? "-" : "") + d.whole + (d.fraction.empty() ? "" : "." + d.fraction);
    };
    EXPECT_EQ(text("0.10"), "0.1");
    EXPECT_EQ(text("-0.0"), "0");
    EXPECT_EQ(text("1e3"), "1000");
    EXPECT_EQ(text("1.5e-3"), "0.0015");
    EXPECT_EQ(text("-1234000000000000000"), "-1234000000000000000");
    EXPECT_FALSE(to_decimal(Json(1e300)).has_value());
}

}  // namespace
}  // namespace alv::schema
