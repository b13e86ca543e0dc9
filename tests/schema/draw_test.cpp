// Documents drawn at random from the grammar of a schema: all of them match it, by our validator
// and by Python's jsonschema, which knows nothing of it.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/utf8.h"
#include "schema/classes.h"
#include "schema/follow.h"

namespace alv::schema {
namespace {

using test::kClasses;

size_t documents_a_class() {
    const char* wanted = std::getenv("ALV_TEST_DOCUMENTS");
    return wanted ? std::strtoul(wanted, nullptr, 10) : 2000;
}

TEST(Draw, EveryDocumentMatchesItsSchema) {
    const std::string path = ALV_TEST_BINARY_DIR "/drawn_documents.jsonl";
    std::ofstream out(path);
    for (const auto& [name, text] : kClasses) {
        const auto schema = Schema::parse(text);
        ASSERT_TRUE(schema.ok()) << name << ": " << schema.status().message();
        Matcher matcher(test::from_schema(**schema));
        std::mt19937 random(7);
        for (size_t i = 0; i < documents_a_class(); ++i) {
            const std::string document = test::draw(matcher, random, 10 + random() % 80);
            ASSERT_TRUE(utf8::is_valid(document)) << name;
            const Status status = validate_text(**schema, document);
            ASSERT_TRUE(status.ok()) << name << ": " << document << " " << status.message();
            if (i < 200)
                out << "{\"schema\": " << Json::parse(text) << ", \"document\": " << document
                    << "}\n";
        }
        EXPECT_FALSE(matcher.overflowed()) << name;
    }
    out.close();
    const std::string judge =
        "/usr/bin/python3 " ALV_TEST_SOURCE_DIR "/schema/judge.py '" + path + "'";
    EXPECT_EQ(std::system(judge.c_str()), 0) << judge;
}

}  // namespace
}  // namespace alv::schema
