// Files and folders: text, Markdown, JSONL, what changed, what went.
#include "knowledge/documents.h"

#include "knowledge/harness.h"

namespace alv::knowledge::test {
namespace {

TEST(Documents, MarkdownIsCutAtItsHeadings) {
    const Document document{
        "a",
        "intro\n# One\ntext\n```\n# no heading\n```\n## Two ##\nmore\n#tag\n### \n"
        "deep\n# Three\nend",
        "", "{\"lang\": \"en\"}", Format::kMarkdown};
    const auto sections = sections_of(document);
    std::vector<std::string> headings;
    for (const Section& section : sections) headings.push_back(section.headings);
    EXPECT_EQ(headings, (std::vector<std::string>{"", "One", "One > Two", "One > Two", "Three"}));
    EXPECT_EQ(sections[2].text, "## Two ##\nmore\n#tag\n");
    EXPECT_EQ(sections[2].heading, "Two");
    EXPECT_EQ(metadata_of(document.metadata, sections[2]),
              R"({"lang":"en","heading":"Two","headings":"One > Two"})");
    EXPECT_EQ(metadata_of("", sections[0]), "{}");
}

TEST(Documents, JsonLines) {
    const Folder folder;
    folder.write("a.jsonl",
                 "\xEF\xBB\xBF{\"text\": \"one\", \"id\": \"x\", \"lang\": \"en\"}\r\n\n"
                 "{\"text\": \"two\", \"metadata\": {\"page\": 2}, \"list\": [1]}\n");
    const auto documents = read_documents(folder / "a.jsonl", "a.jsonl", "{\"book\": 1}");
    ASSERT_TRUE(documents.ok()) << documents.status().message();
    ASSERT_EQ(documents->size(), 2u);
    EXPECT_EQ((*documents)[0].key, "a.jsonl#x");
    EXPECT_EQ((*documents)[0].metadata, R"({"book":1,"lang":"en"})");
    EXPECT_EQ((*documents)[1].key, "a.jsonl#3");
    EXPECT_EQ((*documents)[1].metadata, R"({"book":1,"page":2})");
    for (const char* bad :
         {"{\"text\": 1}", "[1]", "{", "{\"x\": \"y\"}", "{\"text\":\"a\",\"metadata\":1}"}) {
        folder.write("bad.jsonl", std::string("{\"text\": \"fine\"}\n") + bad + "\n");
        const Status status = read_documents(folder / "bad.jsonl", "bad.jsonl", "").status();
        EXPECT_EQ(status.code(), Code::kInvalidArgument) << bad;
        EXPECT_NE(status.message().find("line 2"), std::string::npos) << status.message();
    }
    folder.write("deep.jsonl", std::string(100000, '['));
    EXPECT_EQ(read_documents(folder / "deep.jsonl", "d", "").status().code(), Code::kLimitExceeded);
    folder.write("quoted.jsonl", R"({"text": ")" + std::string(100000, ']') + R"(", "m": )" +
                                     std::string(100000, '['));
    EXPECT_EQ(read_documents(folder / "quoted.jsonl", "d", "").status().code(),
              Code::kLimitExceeded);
}

TEST(Documents, AFileIsReadAsItIs) {
    const Folder folder;
    folder.write("a.txt", "one\r\ntwo");
    EXPECT_EQ(read_documents(folder / "a.txt", "a", "")->front().text, "one\ntwo");
    folder.write("empty.txt", "");
    EXPECT_EQ(read_documents(folder / "empty.txt", "a", "")->front().text, "");
    folder.write("bad.txt", "ab\xFF");
    EXPECT_EQ(read_documents(folder / "bad.txt", "a", "").status().code(), Code::kInvalidArgument);
    EXPECT_EQ(read_documents(folder / "none.txt", "a", "").status().code(), Code::kNotFound);
}

TEST(Folders, OnlyWhatChangedIsEmbeddedAgainAndWhatWentIsRemoved) {
    const Folder folder;
    folder.write("docs/a.txt", "alpha text");
    folder.write("docs/b.md", "# Beta\nbeta text");
    folder.write("docs/sub/c.jsonl",
                 "{\"text\": \"gamma text\", \"id\": 1}\n{\"text\": \"delta text\", \"id\": 2}");
    folder.write("docs/.hidden.txt", "hidden");
    folder.write("docs/.git/x.txt", "hidden");
    folder.write("docs/picture.png", "no text");
    const std::string docs = folder / "docs";
    const auto embedder = std::make_shared<FakeEmbedder>();
    const auto knowledge = open_at("", embedder);
    auto added = knowledge->add_folder(docs, "{\"set\": \"x\"}", true, nullptr);
    ASSERT_TRUE(added.ok()) << added.status().message();
    EXPECT_EQ(added->documents, 4u);
    EXPECT_EQ(embedder->embedded, 4u);
    const auto beta =
        knowledge->search({"beta", 1, R"({"heading": "Beta", "set": "x"})", Mode::kWords});
    EXPECT_EQ(keys_of(beta), std::vector<std::string>{docs + "/b.md"});
    EXPECT_EQ(beta->front().passage.source, docs + "/b.md");

    added = knowledge->add_folder(docs, "{\"set\": \"x\"}", true, nullptr);
    EXPECT_EQ(added->unchanged, 4u);
    EXPECT_EQ(embedder->embedded, 4u);

    folder.write("docs/a.txt", "alpha text, changed");
    folder.write("docs/sub/c.jsonl", "{\"text\": \"gamma text\", \"id\": 1}");
    std::filesystem::remove(docs + "/b.md");
    added = knowledge->add_folder(docs, "{\"set\": \"x\"}", false, nullptr);
    EXPECT_EQ(added->unchanged, 1u);
    EXPECT_EQ(added->removed, 1u) << "the second line";
    EXPECT_EQ(embedder->embedded, 5u);
    EXPECT_EQ(knowledge->counts()->documents, 3u);
    added = knowledge->add_folder(docs, "{\"set\": \"x\"}", true, nullptr);
    EXPECT_EQ(added->removed, 1u) << "b.md";
    EXPECT_EQ(knowledge->counts()->documents, 2u);
    EXPECT_EQ(knowledge->add_folder(folder / "none", "", true, nullptr).status().code(),
              Code::kNotFound);
}

TEST(Folders, AFilesDocumentsHaveOneIdEach) {
    const Folder folder;
    folder.write("a.jsonl", "{\"text\": \"x\", \"id\": 1}\n{\"text\": \"y\", \"id\": 1}");
    EXPECT_EQ(open_at("")->add_file(folder / "a.jsonl", "", nullptr).status().code(),
              Code::kInvalidArgument);
}

}  // namespace
}  // namespace alv::knowledge::test
