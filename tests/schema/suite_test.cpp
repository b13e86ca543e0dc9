// The JSON-Schema-Test-Suite, draft 2020-12 (from the source package of PyPI's jsonschema): where a
// schema is taken, every verdict is the suite's, and the grammar goes by the validator.
#include <filesystem>
#include <fstream>

#include "schema/follow.h"

namespace alv::schema {
namespace {

struct Tally {
    size_t groups = 0;
    size_t groups_taken = 0;
    size_t tests = 0;
    size_t written = 0;  // documents that the grammar writes as they are
};

using Ordered = nlohmann::ordered_json;

void check_group(const Ordered& group, const std::string& where, Tally& tally) {
    ++tally.groups;
    const auto schema = Schema::parse(group["schema"].dump());
    if (!schema.ok()) {
        EXPECT_TRUE(schema.status().code() == Code::kUnsupported)
            << where << ": " << schema.status().message();
        return;
    }
    ++tally.groups_taken;
    Grammar grammar;
    const auto root = add_schema(grammar, **schema);
    ASSERT_TRUE(root.ok()) << where << ": " << root.status().message();
    grammar.set_root(*root);
    const auto automaton = Automaton::compile(grammar);
    for (const Ordered& test : group["tests"]) {
        ++tally.tests;
        const bool valid = test["valid"].get<bool>();
        const std::string document = test["data"].dump();
        EXPECT_EQ(validate_text(**schema, document).ok(), valid)
            << where << ": " << test["description"] << " " << document;
        if (!automaton.ok()) continue;  // no document at all, or one that could never end
        const Json data = Json::parse(document);
        const bool written = test::accepts(*automaton, in_style(data));
        if (written) ++tally.written;
        EXPECT_TRUE(!written || valid) << where << ": the grammar writes " << in_style(data);
    }
}

TEST(Suite, EveryVerdictOnWhatIsTaken) {
    const std::filesystem::path folder = ALV_TEST_CONFORMANCE_DIR "/json-schema";
    ASSERT_TRUE(std::filesystem::is_directory(folder)) << "tests/fetch_conformance.sh fetches it";
    Tally tally;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        std::ifstream file(entry.path());
        const Ordered groups = Ordered::parse(file);
        for (const Ordered& group : groups) {
            check_group(
                group,
                entry.path().stem().string() + ": " + group["description"].get<std::string>(),
                tally);
        }
    }
    RecordProperty("groups", static_cast<int>(tally.groups));
    RecordProperty("groups_taken", static_cast<int>(tally.groups_taken));
    RecordProperty("tests", static_cast<int>(tally.tests));
    std::printf("groups %zu, taken %zu with %zu tests; %zu documents written as they are\n",
                tally.groups, tally.groups_taken, tally.tests, tally.written);
    EXPECT_GE(tally.groups_taken, 145u);
    EXPECT_GE(tally.tests, 588u);
}

}  // namespace
}  // namespace alv::schema
