// Global functions of a chat template.
#include <array>
#include <cstdio>

#include "text/jinja_builtins.h"
#include "text/jinja_ops.h"

namespace alv::text::jinja {

namespace {

using A = const Arguments&;
using V = const Value&;
using C = Context&;

constexpr int64_t kMaxRange = 100'000;  // as Jinja's sandbox

Value range(C cx, V, A a) {
    if (a.positional.empty() || a.positional.size() > 3 || !a.keywords.empty()) {
        return cx.type_error("range() takes one to three integers");
    }
    int64_t part[3] = {0, 0, 1};
    for (size_t i = 0; i < a.positional.size(); ++i) {
        part[a.positional.size() == 1 ? 1 : i] =
            integer_argument(cx, a[i], 0, "range()'s argument");
    }
    const auto [start, stop, step] = part;
    if (cx.failed()) return {};
    if (step == 0) return cx.type_error("range() step must not be zero");
    bool trusted = true;
    for (const Value& v : a.positional) trusted = trusted && v.trusted();
    std::vector<Value> items;
    for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
        if (static_cast<int64_t>(items.size()) >= kMaxRange) {
            return cx.fail(Code::kLimitExceeded,
                           "range() of more than " + std::to_string(kMaxRange) + " numbers");
        }
        if (!cx.step()) return {};
        items.push_back(Value::integer(i, trusted));
        if (__builtin_add_overflow(i, step, &i)) break;
    }
    return cx.list(std::move(items));
}

Value make_namespace(C cx, V, A a) {
    Value v = cx.make_namespace();
    if (cx.failed()) return {};
    for (const Value& from : a.positional) {
        if (!from.is(Kind::kDict)) return cx.type_error("namespace() takes dicts and keywords");
        const size_t size = from.dict().entries.size();
        cx.book_raw(size * 2 * sizeof(Value));
        if (!cx.step(size) || cx.failed()) return {};
        for (const auto& [key, value] : from.dict().entries) {
            if (!key.is_string()) return cx.type_error("namespace() needs names");
            v.ns().members.emplace_back(key, value);
        }
    }
    for (const auto& [key, value] : a.keywords) {
        Value* old = v.ns().find(key.text());
        if (old != nullptr) {
            *old = value;
        } else {
            v.ns().members.emplace_back(key, value);
        }
    }
    return v;
}

Value dict(C cx, V, A a) {
    std::vector<std::pair<Value, Value>> entries;
    for (const Value& from : a.positional) {
        if (!from.is(Kind::kDict)) return cx.not_supported("dict() of anything but a dict");
        if (!cx.step(from.dict().entries.size())) return {};
        entries.insert(entries.end(), from.dict().entries.begin(), from.dict().entries.end());
    }
    entries.insert(entries.end(), a.keywords.begin(), a.keywords.end());
    return cx.dict(std::move(entries));
}

Value raise_exception(C cx, V, A a) {
    const Value message = to_text(cx, a[0]);
    if (cx.failed()) return {};
    return cx.type_error(std::string(message.text().substr(0, 4096)));
}

Value strftime_now(C cx, V, A a) {
    if (!a[0].is_string()) return cx.type_error("strftime_now() needs a format");
    return strftime(cx, a[0], cx.budget().now_unix_seconds);
}

const FunctionInfo kFunctions[] = {
    {"range", range, nullptr},
    {"namespace", make_namespace, nullptr},
    {"dict", dict, nullptr},
    {"raise_exception", raise_exception, "message", 1},
    {"strftime_now", strftime_now, "format", 1},
};

struct Date {
    int64_t year = 1970;
    int month = 1, day = 1, hour = 0, minute = 0, second = 0, weekday = 0, year_day = 1;
};

// Proleptic Gregorian calendar, UTC; days_from_civil's inverse (Hinnant).
Date to_date(int64_t seconds) {
    Date d;
    int64_t days = seconds / 86400;
    int64_t rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        --days;
    }
    d.hour = static_cast<int>(rest / 3600);
    d.minute = static_cast<int>(rest / 60 % 60);
    d.second = static_cast<int>(rest % 60);
    d.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
    const int64_t z = days + 719468;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const int64_t doe = z - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153;
    d.day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
    d.month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
    d.year = yoe + era * 400 + (d.month <= 2 ? 1 : 0);
    const bool leap = (d.year % 4 == 0 && d.year % 100 != 0) || d.year % 400 == 0;
    static constexpr int kBefore[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    d.year_day = kBefore[d.month - 1] + d.day + (leap && d.month > 2 ? 1 : 0);
    return d;
}

constexpr const char* kMonths[] = {"January",   "February", "March",    "April",
                                   "May",       "June",     "July",     "August",
                                   "September", "October",  "November", "December"};
constexpr const char* kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                 "Thursday", "Friday", "Saturday"};

std::string number(const char* format, int64_t value) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), format, static_cast<long long>(value));
    return buffer.data();
}

// One conversion in the C locale; nullptr-like empty `known` for what is not here.
std::string convert(const Date& d, char kind, bool no_pad, bool& known) {
    const char* two = no_pad ? "%lld" : "%02lld";
    const int hour12 = d.hour % 12 == 0 ? 12 : d.hour % 12;
    switch (kind) {
        case 'Y':
            return number("%lld", d.year);
        case 'y':
            return number("%02lld", d.year % 100);
        case 'm':
            return number(two, d.month);
        case 'd':
            return number(two, d.day);
        case 'e':
            return number("%2lld", d.day);
        case 'H':
            return number(two, d.hour);
        case 'I':
            return number(two, hour12);
        case 'M':
            return number(two, d.minute);
        case 'S':
            return number(two, d.second);
        case 'j':
            return number(no_pad ? "%lld" : "%03lld", d.year_day);
        case 'p':
            return d.hour < 12 ? "AM" : "PM";
        case 'B':
            return kMonths[d.month - 1];
        case 'b':
        case 'h':
            return std::string(kMonths[d.month - 1]).substr(0, 3);
        case 'A':
            return kDays[d.weekday];
        case 'a':
            return std::string(kDays[d.weekday]).substr(0, 3);
        case 'w':
            return number("%lld", d.weekday);
        case 'u':
            return number("%lld", d.weekday == 0 ? 7 : d.weekday);
        case 'F':
            return number("%lld", d.year) + number("-%02lld", d.month) + number("-%02lld", d.day);
        case 'T':
            return number("%02lld", d.hour) + number(":%02lld", d.minute) +
                   number(":%02lld", d.second);
        case 'f':
            return "000000";
        case 'Z':
        case 'z':
            return "";  // a time without a zone, as Python's datetime.now()
        case '%':
            return "%";
        default:
            known = false;
            return "";
    }
}

}  // namespace

std::span<const FunctionInfo> functions() {
    return kFunctions;
}

Value strftime(Context& cx, const Value& format, int64_t unix_seconds) {
    const Date date = to_date(unix_seconds);
    const std::string_view text = format.text();
    Builder out(cx);
    size_t clean = 0;
    for (size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i)) {
        if (!cx.step()) return {};
        out.append(format.str(), clean, i);
        const bool no_pad = i + 1 < text.size() && text[i + 1] == '-';
        const size_t at = i + (no_pad ? 2 : 1);
        bool known = at < text.size();
        const std::string part = known ? convert(date, text[at], no_pad, known) : std::string();
        if (!known) {
            return cx.not_supported("strftime_now() with '" +
                                    std::string(text.substr(i, at + 1 - i)) + "'");
        }
        out.append(part, trusted_at(format.str(), i));
        i = clean = at + 1;
    }
    out.append(format.str(), clean, text.size());
    return out.finish();
}

}  // namespace alv::text::jinja
