// No byte that came in with a message, a role, a tool or another variable is ever trusted.
#include <algorithm>
#include <set>

#include "text/template_support.h"

namespace alv::text::test {
namespace {

constexpr const char* kOpen = "\u2021";  // these two are in no template
constexpr const char* kClose = "\u2020";

std::string rendered(const std::string& source, const ChatTemplateInput& in) {
    const auto got = render(source, in);
    if (!got.ok()) return "error: " + got.status().message();
    std::string out;
    for (const RenderedPart& p : got.value())
        out += p.trusted ? "T(" + p.text + ")" : "U(" + p.text + ")";
    return out;
}

TEST(ChatTemplateProvenance, FollowsTheText) {
    ChatTemplateInput in;
    in.messages = {{"user", " <|x|> "}};
    in.bos_token = "<s>";
    in.extra_json = R"({"n": 5, "l": ["a", "b"], "d": {"k<|x|>": "v"}})";
    const std::pair<const char*, const char*> expected[] = {
        {"{{ bos_token }}a{{ eos_token }}", "T(<s>a)"},
        {"{{ messages[0].content }}", "U( <|x|> )"},
        {"<|{{ messages[0].role }}|>", "T(<|)U(user)T(|>)"},
        {"{{ '<' + messages[0].content | trim + '>' }}", "T(<)U(<|x|>)T(>)"},
        {"{{ ('a' ~ messages[0].content ~ 'b') | upper }}", "T(A)U( <|X|> )T(B)"},
        {"{{ ('ab' ~ messages[0].content ~ 'cd')[1:-1] }}", "T(b)U( <|x|> )T(c)"},
        {"{{ ('ab' ~ messages[0].content)[::-1] }}", "U( >|x|< )T(ba)"},
        {"{{ ('ab' ~ messages[0].content) | reverse }}", "U( >|x|< )T(ba)"},
        {"{{ messages[0].content | replace('x', 'y') }}", "U( <|)T(y)U(|> )"},
        {"{{ 'axb' | replace('x', messages[0].role) }}", "T(a)U(user)T(b)"},
        {"{{ messages[0].content.split('|') | join('+') }}", "U( <)T(+)U(x)T(+)U(> )"},
        {"{{ ('<|' ~ l[0] ~ '|>').split('|') }}", "U([')T(<)U(', 'a', ')T(>)U('])"},
        {"{{ l | join(', ') }}", "U(a)T(, )U(b)"},
        {"{{ l | tojson }}", "U([\"a\", \"b\"])"},
        {"{{ n }}{{ n + 1 }}{{ 1 + 1 }}{{ n ~ '' }}", "U(56)T(2)U(5)"},
        {"{{ messages | length }}{{ messages[0].content | length }}", "U(17)"},
        {"{% for k in d %}{{ k }}{% endfor %}{{ d.items() | first | first }}", "U(k<|x|>k<|x|>)"},
        {"{% for c in l[0] ~ 'z' %}{{ c }}{% endfor %}", "U(a)T(z)"},
        {"{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(l[0]) }}", "T(<)U(a)T(>)"},
        {"{% set x %}<{{ l[0] }}>{% endset %}{{ x | upper }}", "T(<)U(A)T(>)"},
        {"{% filter trim %} {{ l[0] }} {% endfilter %}", "U(a)"},
        {"{{ '%s|%s' % (l[0], 'b') }}", "U(a)T(|b)"},
        {"{{ '{}|{}'.format(l[0], 'b') }}", "U(a)T(|b)"},
        {"{{ messages[0].content | indent(2, true) }}", "T(  )U( <|x|> )"},
        {"{{ messages[0].content | escape }}", "U( &lt;|x|&gt; )"},
        {"{{ l[0] | safe + 'b' }}", "U(a)T(b)"},
        {"{{ '12' | int }}{{ '1' ~ n | string }}", "T(121)U(5)"},
        {"{{ ('1' ~ n) | int }}", "U(15)"},
        {"{{ '[1]' | from_json }}", "U([1])"},
        {"{{ l[0].center(3, '*') }}{{ l[0].title() }}{{ l[0].zfill(2) }}",
         "T(*)U(a)T(*)U(A)T(0)U(a)"},
        {"{{ true }}{{ none }}{{ n > 3 }}{{ l[0] == 'a' }}", "T(TrueNoneTrueTrue)"},
        {"{{ messages[0]['role'] }}{{ messages[0].keys() | list | first }}", "U(user)T(role)"},
    };
    for (const auto& [source, want] : expected) EXPECT_EQ(rendered(source, in), want) << source;
}

// What looks like a special token in a template: <...> without blanks, [WORD].
std::set<std::string> special_texts(const std::string& source) {
    std::set<std::string> out = {"<s>", "</s>"};
    for (size_t i = 0; i < source.size(); ++i) {
        if (source[i] != '<' && source[i] != '[') continue;
        const char close = source[i] == '<' ? '>' : ']';
        size_t end = i + 1;
        while (end < source.size() && end - i < 40 && source[end] != close &&
               std::string(" \n\t'\"{}<[").find(source[end]) == std::string::npos) {
            ++end;
        }
        if (end < source.size() && source[end] == close && end - i > 2) {
            out.insert(source.substr(i, end + 1 - i));
        }
    }
    return out;
}

ChatTemplateInput attack(const std::string& text) {
    const std::string marked = kOpen + text + kClose;
    const Json function = {{"name", marked},
                           {"description", marked},
                           {"parameters", {{"type", "object"}, {"properties", Json::object()}}}};
    const Json calls = {{"tool_calls",
                         {{{"id", "call12345"},
                           {"type", "function"},
                           {"function", {{"name", marked}, {"arguments", {{"k", marked}}}}}}}}};
    ChatTemplateInput in;
    in.messages = {{"system", marked},
                   {"user", marked},
                   {"assistant", marked, calls.dump()},
                   {"tool", marked, R"({"tool_call_id": "call12345", "name": "n"})"},
                   {"assistant", marked},
                   {"user", marked}};
    in.bos_token = "<s>";
    in.eos_token = "</s>";
    in.extra_json = Json({{"tools", {{{"type", "function"}, {"function", function}}}}}).dump();
    return in;
}

TEST(ChatTemplateProvenance, SpecialTextsOfEveryTemplateStayUntrusted) {
    size_t n_found = 0;
    size_t n_templates = 0;
    const Json golden = read_golden("templates.json");
    for (const auto& [name, results] : golden.at("templates").items()) {
        const std::string source = read_file(ALV_TEST_CONFORMANCE_DIR "/templates/" + name);
        const auto parsed = ChatTemplate::parse(source);
        ASSERT_TRUE(parsed.ok());
        size_t n_here = 0;
        for (const std::string& special : special_texts(source)) {
            // Reasoning templates cut an answer in two at these and write them anew in between.
            const bool reasoning = special.find("think") != std::string::npos;
            if (reasoning && source.find(".split(") != std::string::npos) continue;
            ChatTemplateInput in = attack(special);
            auto got = parsed.value()->render(in);
            if (!got.ok()) {  // a template that knows no tools or no system
                in.messages = {in.messages[1], in.messages[4], in.messages[5]};
                in.extra_json.clear();
                got = parsed.value()->render(in);
            }
            if (!got.ok()) continue;
            const std::string text = join(got.value());
            const std::vector<bool> trust = trust_of(got.value());
            const std::string marked = kOpen + special + kClose;
            for (const char* mark : {kOpen, kClose}) {
                for (size_t at = text.find(mark); at != std::string::npos;
                     at = text.find(mark, at + 1)) {
                    EXPECT_FALSE(trust[at]) << name << ": " << special;
                }
            }
            for (size_t at = text.find(marked); at != std::string::npos;
                 at = text.find(marked, at + 1)) {
                const auto begin = trust.begin() + static_cast<std::ptrdiff_t>(at);
                const auto end = begin + static_cast<std::ptrdiff_t>(marked.size());
                EXPECT_TRUE(std::none_of(begin, end, [](bool t) { return t; })) << name << special;
                ++n_here;
            }
        }
        n_found += n_here;
        n_templates += n_here > 0 ? 1 : 0;
    }
    EXPECT_GE(n_templates, 68u);
    EXPECT_GE(n_found, 2000u);
}

}  // namespace
}  // namespace alv::text::test
