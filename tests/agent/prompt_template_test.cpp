#include "agent/prompt_template.h"

#include <gtest/gtest.h>

namespace alv::agent {
namespace {

std::string why_not(std::string_view prompt_template, const std::vector<Variable>& variables) {
    const auto made = render_prompt(prompt_template, variables);
    EXPECT_FALSE(made.ok());
    EXPECT_EQ(made.status().code(), Code::kInvalidArgument);
    return made.status().message();
}

TEST(PromptTemplate, VariablesAreReplacedEachTimeTheyComeUp) {
    EXPECT_EQ(render_prompt("{a} and {b}, {a}.", {{"b", "2"}, {"a", "1"}}).value(), "1 and 2, 1.");
    EXPECT_EQ(render_prompt("", {}).value(), "");
}

TEST(PromptTemplate, AValueIsNotATemplate) {
    EXPECT_EQ(render_prompt("<{question}>", {{"question", "{context} {{ }"}}).value(),
              "<{context} {{ }>");
}

TEST(PromptTemplate, BracesAreWrittenTwice) {
    EXPECT_EQ(render_prompt("{{\"x\": {x}}}", {{"x", "1"}}).value(), "{\"x\": 1}");
}

TEST(PromptTemplate, MissingExtraAndDoubleVariablesAreNamed) {
    EXPECT_NE(why_not("{question} {context}", {{"question", "q"}}).find("context"),
              std::string::npos);
    EXPECT_NE(why_not("{question}", {{"question", "q"}, {"kontext", "c"}}).find("kontext"),
              std::string::npos);
    EXPECT_NE(why_not("{q}", {{"q", "1"}, {"q", "2"}}).find("twice"), std::string::npos);
}

TEST(PromptTemplate, BrokenBracesAreFoundByTheirByte) {
    for (const char* broken : {"abc{", "abc}", "abc{}", "abc{1x}", "abc{a b}", "abc{a{b}}"}) {
        EXPECT_NE(why_not(broken, {}).find("byte 3"), std::string::npos) << broken;
    }
}

TEST(PromptTemplate, TheBuiltInOnesTakeWhatTheyNameAndNothingElse) {
    for (const char* name : {"instruction", "instruction-without-input", "zero-shot", "few-shot",
                             "few-shot-example", "chain-of-thought", "knowledge"}) {
        const char* text = builtin_prompt(name);
        ASSERT_NE(text, nullptr) << name;
        std::vector<Variable> variables;
        const std::vector<std::string> names = prompt_variables(text).value();
        for (const std::string& variable : names) {
            variables.emplace_back(variable, "<" + variable + ">");
        }
        EXPECT_FALSE(variables.empty()) << name;
        const std::string made = render_prompt(text, variables).value();
        for (const auto& [key, value] : variables) {
            EXPECT_NE(made.find(value), std::string::npos) << name;
        }
    }
    EXPECT_EQ(builtin_prompt("instructions"), nullptr);
    const std::string made =
        render_prompt(builtin_prompt("instruction"), {{"instruction", "Sum."}, {"input", "1 2"}})
            .value();
    EXPECT_TRUE(made.ends_with("### Instruction:\nSum.\n\n### Input:\n1 2\n\n### Response:\n"));
}

}  // namespace
}  // namespace alv::agent
