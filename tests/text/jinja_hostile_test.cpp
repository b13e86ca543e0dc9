// Templates that want to hurt: each gives a clean error, within a 64 KiB stack and bounded memory.
#include <sys/resource.h>

#include <string>

#include "text/template_support.h"

#if defined(__SANITIZE_ADDRESS__)
#define ALV_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALV_TEST_SANITIZED 1
#endif
#endif

namespace alv::text::test {
namespace {

// Frames of instrumented and of unoptimized code are several times as large.
#if defined(ALV_TEST_SANITIZED)
constexpr size_t kMaxStack = 1024 * 1024;
#elif defined(__OPTIMIZE__)
constexpr size_t kMaxStack = 64 * 1024;
#else
constexpr size_t kMaxStack = 256 * 1024;
#endif

std::string repeat(const std::string& text, size_t n) {
    std::string out;
    for (size_t i = 0; i < n; ++i) out += text;
    return out;
}

std::string nested(const char* open, const char* middle, const char* close, size_t n) {
    return repeat(open, n) + middle + repeat(close, n);
}

struct Attack {
    std::string name;
    std::string source;
    Code code;         // kOk: must render
    const char* says;  // in the message
    std::string extra_json = {};
};

std::vector<Attack> syntax_attacks() {
    const Code limit = Code::kLimitExceeded;
    const Code invalid = Code::kInvalidArgument;
    return {
        {"parentheses", "{{ " + nested("(", "1", ")", 150) + " }}", limit, "nests deeper than 64"},
        {"60 parentheses", "{{ " + nested("(", "1", ")", 60) + " }}", Code::kOk, ""},
        {"60,000 parentheses", "{{ " + repeat("(", 60000), limit, "nests deeper than 64"},
        {"lists", "{{ " + nested("[", "1", "]", 150) + " }}", limit, "nests deeper than 64"},
        {"dicts", "{{ " + nested("{1:", "1", "}", 150) + " }}", limit, "nests deeper than 64"},
        {"subscripts", "{{ " + nested("a[", "1", "]", 150) + " }}", limit, "nests deeper than 64"},
        {"calls", "{{ " + nested("f(", "1", ")", 150) + " }}", limit, "nests deeper than 64"},
        {"filters", "{{ " + nested("1|d(", "1", ")", 150) + " }}", limit, "nests deeper than 64"},
        {"not", "{{ " + repeat("not ", 100000) + "1 }}", limit, "open operators"},
        {"minus", "{{ " + repeat("-", 100000) + "1 }}", limit, "open operators"},
        {"ternaries", "{{ " + repeat("1 if 0 else ", 10000) + "2 }}", limit, "open operators"},
        {"ors", "{{ " + repeat("0 or ", 100000) + "2 }}", Code::kOk, ""},
        {"sums", "{{ " + repeat("1 + ", 100000) + "2 }}", Code::kOk, ""},
        {"comparisons", "{{ " + repeat("1 == ", 100000) + "1 }}", Code::kOk, ""},
        {"attributes", "{{ a" + repeat(".b", 100000) + " }}", invalid, "undefined"},
        {"filter chain", "{{ 1" + repeat("|string", 100000) + " }}", Code::kOk, ""},
        {"ifs", nested("{% if 1 %}", "x", "{% endif %}", 150), limit, "blocks nest deeper"},
        {"unclosed ifs", repeat("{% if 1 %}", 50000), limit, "blocks nest deeper"},
        {"elifs", "{% if 0 %}" + repeat("{% elif 0 %}", 20000) + "{% endif %}", Code::kOk, ""},
        {"macros", nested("{% macro m() %}", "x", "{% endmacro %}", 150), limit, "blocks nest"},
        {"long string", "{{ '" + repeat("x", 900000) + "' | length }}", Code::kOk, ""},
        {"huge source", repeat("x", (1u << 20) + 1), limit, "larger than"},
        {"many tags", repeat("{{1}}", 200000), Code::kOk, ""},
        {"open comment", "{#" + repeat("x", 900000), invalid, "has no '#}'"},
        {"open string", "{{ '" + repeat("x", 900000), invalid, "never closed"},
        {"many raw blocks", repeat("{% raw %}{% ", 70000), invalid, "endraw"},
        {"digits", "{{ " + repeat("9", 900000) + " }}", invalid, "too large"},
        {"tuple", "{{ (" + repeat("1,", 400000) + ") | length }}", Code::kOk, ""},
        {"arguments", "{{ f(" + repeat("1,", 300) + ") }}", invalid, "too many arguments"},
    };
}

std::vector<Attack> run_attacks() {
    const Code limit = Code::kLimitExceeded;
    const Code invalid = Code::kInvalidArgument;
    const std::string forever = "{% for a in range(100000) %}";
    return {
        {"self-calling macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", limit,
         "nest deeper than 64"},
        {"macros that call each other",
         "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
         limit, "nest deeper than 64"},
        {"caller of itself",
         "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}", limit,
         "nest deeper than 64"},
        {"branching macro",
         "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}",
         limit, "steps"},
        {"range(10**9)", "{% for i in range(10**9) %}{% endfor %}", limit, "range()"},
        {"range(10**18)", "{{ range(10**18) | list | length }}", limit, "range()"},
        {"nested loops", forever + forever + forever + "{% endfor %}{% endfor %}{% endfor %}",
         limit, "steps"},
        {"walk over classes", "{{ ''.__class__.__mro__[1].__subclasses__() }}", invalid,
         "'__class__' is undefined"},
        {"walk from a function", "{{ range.__globals__['os'] }}", invalid, "'__globals__'"},
        {"walk from a method", "{{ 'a'.strip.__self__.x }}", invalid, "'__self__'"},
        {"walk by string", "{{ ''['__class__']['__base__'] }}", invalid, "'__class__'"},
        {"walk by map", "{{ [''] | map(attribute='__class__.__mro__') | list }}", invalid,
         "undefined"},
        {"doubling",
         "{% set n = namespace(s='x') %}" + forever + "{% set n.s = n.s ~ n.s %}{% endfor %}",
         limit, ""},
        {"doubling a list",
         "{% set n = namespace(s=[1]) %}" + forever + "{% set n.s = n.s + n.s %}{% endfor %}",
         limit, ""},
        {"doubling by replace",
         "{% set n = namespace(s='xx') %}" + forever +
             "{% set n.s = n.s | replace('x', 'xx') %}{% endfor %}",
         limit, ""},
        {"doubling by join",
         "{% set n = namespace(s='xx') %}" + forever +
             "{% set n.s = n.s.join(['', n.s, n.s]) %}{% endfor %}",
         limit, ""},
        {"doubling by format",
         "{% set n = namespace(s='xx') %}" + forever +
             "{% set n.s = '{}{}'.format(n.s, n.s) %}{% endfor %}",
         limit, ""},
        {"repetition", "{{ 'x' * 10 ** 12 }}", limit, ""},
        {"repetition of nothing", "{{ '' * 10 ** 18 }}", Code::kOk, ""},
        {"list repetition", "{{ [0] * 10 ** 12 }}", limit, ""},
        {"padding", "{{ 'x'.ljust(10 ** 12) }}", limit, ""},
        {"zeros", "{{ 'x'.zfill(10 ** 12) }}", limit, ""},
        {"wide indent", "{{ 'x' | indent(10 ** 12, true) }}", limit, "indent"},
        {"power", "{{ 9 ** 9 ** 9 ** 9 }}", limit, "64 bits"},
        {"power of one", "{{ 1 ** 10 ** 18 }}", Code::kOk, ""},
        {"much output", forever + "{{ 'x' * 1000 }}{% endfor %}", limit, ""},
        {"deep value",
         "{% set n = namespace(s=[]) %}" + forever + "{% set n.s = [n.s] %}{% endfor %}", limit,
         "deeper than 64"},
        {"shared value printed",
         "{% set n = namespace(s=['x']) %}{% for i in range(60) %}"
         "{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}",
         limit, "steps"},
        {"shared value as JSON",
         "{% set n = namespace(s=['x']) %}{% for i in range(60) %}"
         "{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s | tojson(indent=1) }}",
         limit, ""},
        {"shared value compared",
         "{% set n = namespace(s=['x'], t=['x']) %}{% for i in range(60) %}"
         "{% set n.s = [n.s, n.s] %}{% set n.t = [n.t, n.t] %}{% endfor %}"
         "{{ n.s == n.t }}",
         limit, "steps"},
        {"shared value ordered",
         "{% set n = namespace(s=[1], t=[2]) %}{% for i in range(60) %}"
         "{% set n.s = [n.s, n.s] %}{% set n.t = [n.t, n.t] %}{% endfor %}"
         "{{ n.s < n.t }}",
         Code::kOk, ""},
        {"namespace in itself",
         "{% set n = namespace() %}{% set n.n = n %}{% set n.l = [n] %}"
         "{{ n.n.n.n.l == n.l }}",
         Code::kOk, ""},
        {"namespace printed", "{% set n = namespace() %}{% set n.n = n %}{{ n }}",
         Code::kUnsupported, "cannot be printed"},
        {"many namespaces", forever + "{% set x = namespace(a=a, b=namespace()) %}{% endfor %}",
         limit, ""},
        {"list that grows while it is walked",
         "{% set l = [1] %}{% for x in l %}{% set _ = l.append(1) %}{% endfor %}", limit, ""},
        {"list that shrinks while it is walked",
         "{% set l = [1, 2, 3] %}{% for x in l %}{% set _ = l.pop() %}{% endfor %}{{ l }}",
         Code::kOk, ""},
        {"list that is emptied in its loop's filter",
         "{% set l = [1, 2, 3] %}{% for x in l if l.pop() %}{{ x }}{% endfor %}", Code::kOk, ""},
        {"loop outlives its block",
         "{% set n = namespace() %}{% for x in [1] %}{% set n.l = loop %}"
         "{% endfor %}{{ n.l.index }}",
         Code::kOk, ""},
        {"macro outlives its block",
         "{% set n = namespace() %}{% for x in [1] %}"
         "{% macro m() %}{{ x }}{% endmacro %}{% set n.m = m %}"
         "{% endfor %}{{ n.m() }}",
         Code::kUnsupported, "outside of the block"},
        {"sort of mixed values", "{{ [1, 'a', none, [], {}] | sort }}", invalid, "no order"},
        {"sort of NaN",
         "{{ (['nan', '1', 'nan', '0', 'nan'] * 50) | map('float') | sort | length }}", Code::kOk,
         ""},
        {"unique of much", "{{ range(100000) | unique | list | length }}", limit, "steps"},
        {"smallest integer", "{{ (-9223372036854775807 - 1) // -1 }}", limit, "64 bits"},
        {"smallest remainder", "{{ (-9223372036854775807 - 1) % -1 }}", Code::kOk, ""},
        {"slice bounds",
         "{{ 'abc'[-9223372036854775807:9223372036854775807:9223372036854775807] }}", Code::kOk,
         ""},
        {"slice bounds, backwards",
         "{{ [1, 2][9223372036854775807:-9223372036854775807:-9223372036854775807] }}", Code::kOk,
         ""},
        {"big index", "{{ 'abc'[9223372036854775807] }}{{ [1][-9223372036854775807] }}", Code::kOk,
         ""},
        {"float as integer", "{{ 1e300 | int }}{{ 'inf' | float | int }}{{ '%d' % 1e300 }}",
         Code::kOk, ""},
        {"date", "{{ strftime_now('%Y' * 1000) | length }}", Code::kOk, ""},
        {"attribute number", "{{ [[1]] | map(attribute='99999999999999999999') | list }}",
         Code::kOk, ""},
        {"deep JSON", "x", limit, "nests deeper than 64",
         "{\"a\":" + nested("[", "", "]", 100000) + "}"},
        {"open JSON", "x", limit, "nests deeper than 64", repeat("{\"a\":", 100000)},
        {"wide JSON", "{{ a | length }}", limit, "", "{\"a\":[" + repeat("1,", 3'000'000) + "1]}"},
        {"many keys", "{{ k77777 }}", Code::kOk, "",
         [] {
             std::string json = "{\"x\":1";
             for (int i = 0; i < 100000; ++i) json += ",\"k" + std::to_string(i) + "\":1";
             return json + "}";
         }()},
        {"deep from_json", "{{ ('[' * 100000) | from_json }}", limit, "nests deeper than 64"},
    };
}

void expect_clean(const std::vector<Attack>& attacks) {
    for (const Attack& a : attacks) {
        ChatTemplateInput in;
        in.messages = {{"user", "hello"}};
        in.extra_json = a.extra_json;
        Status status;
        const size_t stack = stack_used_by([&] { status = render(a.source, in).status(); });
        EXPECT_EQ(status.code(), a.code) << a.name << ": " << status.message().substr(0, 300);
        EXPECT_NE(status.message().find(a.says), std::string::npos)
            << a.name << ": " << status.message().substr(0, 300);
        EXPECT_LT(status.message().size(), 600u) << a.name;
        EXPECT_LE(stack, kMaxStack) << a.name;
    }
}

[[maybe_unused]] uint64_t peak_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

TEST(JinjaHostile, Syntax) {
    expect_clean(syntax_attacks());
}
TEST(JinjaHostile, Running) {
    expect_clean(run_attacks());
}

#if !defined(ALV_TEST_SANITIZED)  // a sanitizer keeps freed memory
TEST(JinjaHostile, MemoryStaysBounded) {
    for (const Attack& a : run_attacks()) {
        ChatTemplateInput in;
        in.extra_json = a.extra_json;
        const uint64_t before = peak_bytes();
        static_cast<void>(render(a.source, in).ok());
        EXPECT_LE(peak_bytes() - before, 64u << 20) << a.name;
    }
}
#endif

TEST(JinjaHostile, LimitsAreTheCallers) {
    ChatTemplateLimits limits;
    limits.max_steps = 100;
    EXPECT_EQ(render("{% for x in range(200) %}{% endfor %}", {}, limits).status().code(),
              Code::kLimitExceeded);
    EXPECT_TRUE(render("{% for x in range(5) %}{{ x }}{% endfor %}", {}, limits).ok());
    limits = {};
    limits.max_output_bytes = 10;
    EXPECT_TRUE(render("0123456789", {}, limits).ok());
    EXPECT_EQ(render("0123456789x", {}, limits).status().code(), Code::kLimitExceeded);
    limits = {};
    limits.max_depth = 3;
    EXPECT_TRUE(render("{{ (((1))) }}", {}, limits).ok());
    EXPECT_EQ(render("{{ ((((1)))) }}", {}, limits).status().code(), Code::kLimitExceeded);
}

// Whatever is cut off or wrong in one place gives an error or some text, never more.
TEST(JinjaHostile, EveryPrefixAndEveryMissingByte) {
    const std::string source =
        "{%- macro m(a, b=[1, {'k': (2, 3)}]) -%}{{ a ~ b[1].k | join('-') if a is not none else\n"
        "b[0:1] }}{%- endmacro %}{# c #}{% raw %}{{ {% endraw %}{% set ns = namespace(x=0) %}"
        "{% for k, v in d.items() if v not in [4] %}{% set ns.x = ns.x + v ** 2 % 7 %}{{ loop.index"
        " }}{% if loop.last %}{% break %}{% endif %}{% else %}none{% endfor %}{% call(q) "
        "m('\\x41') "
        "%}{{ q }}{% endcall %}{% set t | upper %}{{ m(1, b=[1, {'k': 'ab'}]) }}{% endset %}{{ t }}"
        "{% filter trim %} x {% endfilter %}{% generation %}{{ -ns.x < 3 <= 4 and not d }}"
        "{% endgeneration %}";
    ChatTemplateInput in;
    in.extra_json = R"({"d": {"a": 1, "b": 2}})";
    const auto whole = render(source, in);
    ASSERT_TRUE(whole.ok()) << whole.status().message();
    size_t n_ok = 0;
    for (size_t i = 0; i < source.size(); ++i) {
        n_ok += render(source.substr(0, i), in).ok() ? 1u : 0u;
        n_ok += render(source.substr(0, i) + source.substr(i + 1), in).ok() ? 1u : 0u;
        for (const char c : {'(', '}', '%', '\'', '|', ' ', '\xff'}) {
            std::string changed = source;
            changed[i] = c;
            n_ok += render(changed, in).ok() ? 1u : 0u;
        }
    }
    EXPECT_GT(n_ok, 0u);
}

}  // namespace
}  // namespace alv::text::test
