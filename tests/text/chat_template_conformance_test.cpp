// Every chat template of the peer's set, and the models' own, render as Jinja2 renders them.
#include <algorithm>

#include "gguf/reader.h"
#include "text/template_support.h"

namespace alv::text::test {
namespace {

const Json& golden() {
    static const Json g = read_golden("templates.json");
    return g;
}

// Jinja2 hands out iterators where we hand out lists, so it cannot write these as JSON; we can.
bool ours_goes_further(const std::string& error) {
    return error.find("Object of type generator is not JSON serializable") != std::string::npos;
}

void expect_results(const std::string& source, const Json& results, const std::string& name) {
    auto parsed = ChatTemplate::parse(source);
    ASSERT_TRUE(parsed.ok()) << name << ": " << parsed.status().message();
    const Json& cases = golden().at("cases");
    ASSERT_EQ(cases.size(), results.size());
    for (size_t i = 0; i < cases.size(); ++i) {
        const auto expected = results[i].get<std::string>();
        const auto got = parsed.value()->render(to_input(golden(), cases[i]));
        const std::string where = name + ", " + cases[i].at("name").get<std::string>();
        if (expected[0] != '!') {
            ASSERT_TRUE(got.ok()) << where << ": " << got.status().message();
            EXPECT_EQ(fnv1a(join(got.value())), expected) << where << " gave:\n"
                                                          << join(got.value());
        } else if (!ours_goes_further(expected)) {
            ASSERT_FALSE(got.ok()) << where << " should fail with " << expected;
            EXPECT_EQ(got.status().code(), Code::kInvalidArgument) << got.status().message();
            const std::string raised = "!TemplateError: ";
            if (expected.rfind(raised, 0) == 0) {
                EXPECT_NE(got.status().message().find(expected.substr(raised.size())),
                          std::string::npos)
                    << where << ": " << got.status().message();
            }
        }
    }
}

TEST(ChatTemplateConformance, PeersTemplates) {
    const Json& templates = golden().at("templates");
    ASSERT_GE(templates.size(), 70u);
    for (const auto& [name, results] : templates.items()) {
        expect_results(read_file(ALV_TEST_CONFORMANCE_DIR "/templates/" + name), results, name);
    }
}

TEST(ChatTemplateConformance, ModelsOwnTemplates) {
    const Json& models = golden().at("models");
    ASSERT_EQ(models.size(), 2u);
    size_t n_templates = 0;
    for (const auto& [name, own] : models.items()) {
        auto file = open_mapped_file(ALV_TEST_MODEL_DIR "/" + name);
        ASSERT_TRUE(file.ok()) << file.status().message();
        const auto reader = gguf::Reader::open(file.value());
        ASSERT_TRUE(reader.ok()) << reader.status().message();
        const auto source = reader.value()->get_string("tokenizer.chat_template");
        ASSERT_EQ(source.ok(), !own.is_null()) << name;
        if (!source.ok()) continue;
        EXPECT_EQ(source.value(), own.at("source").get<std::string>());
        expect_results(source.value(), own.at("results"), name);
        ++n_templates;
    }
    EXPECT_EQ(n_templates, 1u);  // the Gemma file has none
}

TEST(ChatTemplateConformance, PartsAlternateAndAreNotEmpty) {
    const Json& cases = golden().at("cases");
    for (const auto& [name, results] : golden().at("templates").items()) {
        const auto parsed =
            ChatTemplate::parse(read_file(ALV_TEST_CONFORMANCE_DIR "/templates/" + name));
        ASSERT_TRUE(parsed.ok());
        for (const Json& c : cases) {
            const auto got = parsed.value()->render(to_input(golden(), c));
            if (!got.ok()) continue;
            for (size_t i = 0; i < got.value().size(); ++i) {
                EXPECT_FALSE(got.value()[i].text.empty());
                if (i > 0) {
                    EXPECT_NE(got.value()[i].trusted, got.value()[i - 1].trusted);
                }
            }
        }
    }
}

}  // namespace
}  // namespace alv::text::test
