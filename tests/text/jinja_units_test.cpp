// One construct a snippet, as Jinja2 renders it; and what is refused, by name and line.
#include "text/template_support.h"

namespace alv::text::test {
namespace {

TEST(JinjaUnits, AsJinja2) {
    const Json golden = read_golden("template_units.json");
    ChatTemplateInput in;
    in.extra_json = golden.at("variables").dump();
    in.now_unix_seconds = golden.at("now").get<int64_t>();
    ASSERT_GE(golden.at("units").size(), 400u);
    for (const Json& unit : golden.at("units")) {
        const auto source = unit[0].get<std::string>();
        const auto got = render(source, in);
        if (unit[1].is_null()) {
            EXPECT_FALSE(got.ok())
                << source << " should fail: " << unit[2] << ", gave " << join(got.value());
        } else if (!got.ok()) {
            ADD_FAILURE() << source << ": " << got.status().message();
        } else {
            EXPECT_EQ(join(got.value()), unit[1].get<std::string>()) << source;
        }
    }
}

struct Refusal {
    const char* source;
    Code code;
    const char* says;
};

TEST(JinjaUnits, RefusesByNameAndLine) {
    const Refusal refusals[] = {
        {"a\n{% include 'x' %}", Code::kUnsupported, "line 2: the statement 'include'"},
        {"{% block b %}{% endblock %}", Code::kUnsupported, "'block'"},
        {"{% extends 'b' %}", Code::kUnsupported, "'extends'"},
        {"{% import 'b' as c %}", Code::kUnsupported, "'import'"},
        {"{% from 'b' import c %}", Code::kUnsupported, "'from'"},
        {"{% do x %}", Code::kUnsupported, "'do'"},
        {"{% autoescape true %}", Code::kUnsupported, "'autoescape'"},
        {"\n\n{{ x | xmlattr }}", Code::kUnsupported, "line 3: the filter 'xmlattr'"},
        {"{{ x is weird }}", Code::kUnsupported, "the test 'weird'"},
        {"{{ [1] | map('nofilter') }}", Code::kUnsupported, "the filter 'nofilter'"},
        {"{{ [1] | map('map', 'upper') }}", Code::kUnsupported, "map('map')"},
        {"{{ [1] | select('notest') }}", Code::kUnsupported, "the test 'notest'"},
        {"{{ dict(*x) }}", Code::kUnsupported, "argument unpacking"},
        {"{{ dict(a=1, **x) }}", Code::kUnsupported, "argument unpacking"},
        {"{% for x in y recursive %}{% endfor %}", Code::kUnsupported, "recursive loops"},
        {"{% for (a, (b, c)) in x %}{% endfor %}", Code::kUnsupported, "nested unpacking"},
        {"{{ '%5.2f' % 1 }}", Code::kUnsupported, "formatting"},
        {"{{ '{:>5}'.format(1) }}", Code::kUnsupported, "format()"},
        {"{{ {}.update({}) }}", Code::kUnsupported, "changing a dict in place"},
        {"{{ [].append([]) }}", Code::kUnsupported, "append of a list"},
        {"{{ strftime_now('%Q') }}", Code::kUnsupported, "'%Q'"},
        {"{% macro m() %}{% endmacro %}{{ m }}", Code::kUnsupported, "Macro cannot be printed"},
        {"{{ 9223372036854775807 + 1 }}", Code::kLimitExceeded, "64 bits"},
        {"{{ range(100001) }}", Code::kLimitExceeded, "range()"},
        {"{{ raise_exception('no\\nway') }}", Code::kInvalidArgument, "line 1: no\nway"},
        {"x\n{{ a.b.c }}", Code::kInvalidArgument, "line 2: 'a' is undefined"},
        {"{% if x %}\n{% for %}", Code::kInvalidArgument, "line 2: expected a variable"},
        {"x\n{% if x %}", Code::kInvalidArgument, "line 2: this block is never closed"},
        {"{{ 99999999999999999999 }}", Code::kInvalidArgument, "line 1: this number is too large"},
    };
    for (const Refusal& r : refusals) {
        const auto got = render(r.source, {});
        ASSERT_FALSE(got.ok()) << r.source;
        EXPECT_EQ(got.status().code(), r.code) << r.source << ": " << got.status().message();
        EXPECT_NE(got.status().message().find(r.says), std::string::npos)
            << r.source << ": " << got.status().message();
    }
}

// A filter that nobody reaches does no harm, as in Jinja.
TEST(JinjaUnits, UnknownFilterInADeadBranch) {
    const auto got = render("{% if false %}{{ x | nofilter }}{% endif %}ok", {});
    ASSERT_TRUE(got.ok()) << got.status().message();
    EXPECT_EQ(join(got.value()), "ok");
}

TEST(JinjaUnits, InputVariables) {
    ChatTemplateInput in;
    in.messages = {{"user", "hi", R"({"content": null, "name": "bob"})"}};
    in.bos_token = "<s>";
    in.eos_token = "</s>";
    in.extra_json = R"({"tools": [1], "extra": {"a": 18446744073709551615}})";
    in.add_generation_prompt = false;
    const auto got = render(
        "{{ bos_token ~ eos_token ~ add_generation_prompt ~ tools ~ documents ~ extra.a }}"
        "{{ messages }}",
        in);
    ASSERT_TRUE(got.ok()) << got.status().message();
    EXPECT_EQ(join(got.value()),
              "<s></s>False[1]None1.8446744073709552e+19"
              "[{'role': 'user', 'content': None, 'name': 'bob'}]");
}

TEST(JinjaUnits, BrokenExtraJson) {
    for (const char* json : {"{", "[1]", "1", "{\"a\":}", "{\"a\":\"\xff\"}", "nul", "{}x"}) {
        ChatTemplateInput in;
        in.extra_json = json;
        const auto got = render("x", in);
        ASSERT_FALSE(got.ok()) << json;
        EXPECT_EQ(got.status().code(), Code::kInvalidArgument);
        EXPECT_NE(got.status().message().find("extra_json"), std::string::npos);
    }
}

}  // namespace
}  // namespace alv::text::test
