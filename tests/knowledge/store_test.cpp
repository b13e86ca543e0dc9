// The file: killed at any point, damaged, foreign, of another model.
#include "knowledge/store.h"

#include <cstdlib>
#include <random>

#include "knowledge/harness.h"

#ifndef _WIN32
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace alv::knowledge::test {
namespace {

std::string number_text(int i) {
    return "document number " + std::to_string(i) + " " +
           std::string(static_cast<size_t>(i % 7) * 40, 'x');
}

// SQLite's own view of the file and of the word index.
void check_file(const std::string& path) {
    auto db = Database::open(path, false);
    ASSERT_TRUE(db.ok()) << db.status().message();
    auto check = (*db)->prepare("PRAGMA integrity_check");
    ASSERT_TRUE(check.ok());
    ASSERT_TRUE(check->step().ok());
    EXPECT_EQ(check->text(0), "ok");
    const Status words = (*db)->exec("INSERT INTO words(words, rank) VALUES('integrity-check', 1)");
    EXPECT_TRUE(words.ok()) << words.message();
}

#ifndef _WIN32
// Adds documents until it is killed; writes the number of those that were acknowledged.
[[noreturn]] void ingest_until_killed(const std::string& path, int from, int pipe) {
    Options options = options_at(path);
    options.exact = true;
    auto knowledge = Knowledge::open(std::move(options));
    if (!knowledge.ok()) _exit(1);
    for (int i = from;; i += 3) {
        const auto added = (*knowledge)
                               ->add({doc(std::to_string(i), number_text(i)),
                                      doc(std::to_string(i + 1), number_text(i + 1)),
                                      doc(std::to_string(i + 2), number_text(i + 2))},
                                     nullptr);
        if (!added.ok()) _exit(2);
        const int done = i + 3;
        if (write(pipe, &done, sizeof done) != sizeof done) _exit(3);
        if (i % 5 == 0 && !(*knowledge)->add({doc("changing", number_text(i))}, nullptr).ok())
            _exit(4);
    }
}

// ALVISS_KILL_ROUNDS: how often; tests/run.sh --long asks for 1000.
TEST(Store, NoKillDamagesTheFileOrLosesWhatWasAcknowledged) {
    const char* asked = std::getenv("ALVISS_KILL_ROUNDS");
    const int rounds = asked ? std::atoi(asked) : 20;
    const Folder folder;
    const std::string path = folder / "k.db";
    std::mt19937 random(7);
    int acknowledged = 0;
    bool any = false;
    for (int round = 0; round < rounds; ++round) {
        if (round % 50 == 49) {  // a new file is the most delicate one
            for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(path + ending);
            acknowledged = 0;
        }
        int pipes[2];
        ASSERT_EQ(pipe(pipes), 0);
        const pid_t child = fork();
        if (child == 0) ingest_until_killed(path, acknowledged, pipes[1]);
        ASSERT_GT(child, 0);
        close(pipes[1]);
        usleep(std::uniform_int_distribution<useconds_t>(0, 60'000)(random));
        kill(child, SIGKILL);
        int status = 0;
        waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
        int done = 0;
        while (read(pipes[0], &done, sizeof done) == sizeof done) acknowledged = done;
        close(pipes[0]);
        any = any || acknowledged > 0;

        const auto knowledge = open_at(path);
        ASSERT_NE(knowledge, nullptr) << "round " << round;
        const auto counts = knowledge->counts();
        ASSERT_TRUE(counts.ok());
        EXPECT_GE(counts->documents, static_cast<uint64_t>(acknowledged));
        for (int i = std::max(0, acknowledged - 12); i < acknowledged; ++i) {
            const auto hits = knowledge->search(
                {number_text(i), 3, "{\"$id\": \"" + std::to_string(i) + "\"}", Mode::kHybrid});
            ASSERT_TRUE(hits.ok()) << hits.status().message();
            EXPECT_FALSE(hits->empty()) << "document " << i << " of round " << round;
        }
        check_file(path);
    }
    EXPECT_TRUE(any) << "every child was killed before it had stored anything";
}
#endif

std::string read_all(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Code open_code(const std::string& path, bool create = true) {
    Options options = options_at(path);
    options.create = create;
    return Knowledge::open(std::move(options)).status().code();
}

TEST(Store, WhatIsNoKnowledgeFileIsRefused) {
    const Folder folder;
    folder.write("text.db", std::string(5000, 'x'));
    EXPECT_EQ(open_code(folder / "text.db"), Code::kCorruptFile);
    EXPECT_EQ(open_code(folder / "none.db", false), Code::kNotFound);
    EXPECT_EQ(open_code(folder / "no/such/folder.db"), Code::kIoError);
    EXPECT_EQ(open_code(folder / ""), Code::kInvalidArgument);
    {
        auto db = Database::open(folder / "other.db", true);
        ASSERT_TRUE((*db)->exec("CREATE TABLE t(x)").ok());
    }
    EXPECT_EQ(open_code(folder / "other.db"), Code::kCorruptFile);
    folder.write("empty.db", "");
    EXPECT_EQ(open_code(folder / "empty.db"), Code::kOk);
}

TEST(Store, AFileIsTiedToItsModel) {
    const Folder folder;
    ASSERT_NE(open_at(folder / "k.db"), nullptr);
    Options options = options_at(folder / "k.db", std::make_shared<FakeEmbedder>(32));
    const Status other_size = Knowledge::open(options).status();
    EXPECT_EQ(other_size.code(), Code::kInvalidArgument);
    EXPECT_NE(other_size.message().find("64 dimensions"), std::string::npos)
        << other_size.message();
    options = options_at(folder / "k.db");
    options.embedder_name = "another";
    const Status other_name = Knowledge::open(options).status();
    EXPECT_EQ(other_name.code(), Code::kInvalidArgument);
    EXPECT_NE(other_name.message().find("\"fake\""), std::string::npos) << other_name.message();
}

TEST(Store, AFileWithVectorsIsReadButNotAddedToWithoutItsModel) {
    const Folder folder;
    {
        const auto knowledge = open_at(folder / "k.db");
        ASSERT_TRUE(knowledge->add({doc("a", "one apple"), doc("b", "one pear")}, nullptr).ok());
    }
    {
        const auto words = Knowledge::open(words_at(folder / "k.db"));
        ASSERT_TRUE(words.ok()) << words.status().message();
        EXPECT_EQ(keys_of((*words)->search({"pear", 3})), std::vector<std::string>{"b"});
        EXPECT_EQ((*words)->counts()->chunks, 2u);
        folder.write("new.txt", "one plum");
        for (const Status& refused :
             {(*words)->add({doc("c", "one plum")}, nullptr).status(),
              (*words)->add_file(folder / "new.txt", "", nullptr).status(),
              (*words)->add_path(folder / "", "", true, nullptr).status()}) {
            EXPECT_EQ(refused.code(), Code::kInvalidArgument);
            EXPECT_NE(refused.message().find("\"fake\""), std::string::npos) << refused.message();
        }
        ASSERT_TRUE((*words)->remove("a").ok());
    }
    const auto knowledge = open_at(folder / "k.db");
    EXPECT_EQ(keys_of(knowledge->search({"one", 3, "", Mode::kVector})),
              std::vector<std::string>{"b"});
    check_file(folder / "k.db");
}

TEST(Store, AFileWithoutVectorsStaysWithout) {
    const Folder folder;
    {
        const auto words = Knowledge::open(words_at(folder / "k.db"));
        ASSERT_TRUE((*words)->add({doc("a", "one apple")}, nullptr).ok());
    }
    const Status refused = Knowledge::open(options_at(folder / "k.db")).status();
    EXPECT_EQ(refused.code(), Code::kInvalidArgument);
    EXPECT_NE(refused.message().find("without an embedding model"), std::string::npos);
    EXPECT_NE(refused.message().find("add the documents again"), std::string::npos);
    {
        const auto words = Knowledge::open(words_at(folder / "k.db"));
        ASSERT_TRUE(words.ok()) << words.status().message();
        ASSERT_TRUE((*words)->add({doc("b", "one pear")}, nullptr).ok());
        EXPECT_EQ(keys_of((*words)->search({"pear", 3})), std::vector<std::string>{"b"});
        EXPECT_EQ((*words)->counts()->chunks, 2u);
    }
    check_file(folder / "k.db");
}

// Each statement is a change that somebody else made to a good file.
TEST(Store, WhatWasTamperedWithIsRefusedOrAnError) {
    const Folder folder;
    const std::vector<std::string> changes = {
        "CREATE TABLE extra(x)",
        "CREATE TRIGGER t AFTER INSERT ON chunks BEGIN DELETE FROM documents; END",
        "CREATE VIEW v AS SELECT 1",
        "PRAGMA user_version = 2",
        "PRAGMA application_id = 7",
        "UPDATE meta SET value = 'x' WHERE name = 'generation'",
        "DELETE FROM meta",
        "UPDATE meta SET value = 100000 WHERE name = 'dim'",
        "UPDATE chunks SET vector = x'00'",
        "UPDATE chunks SET vector = zeroblob(1000000)",
        "UPDATE chunks SET vector = CAST(replace(hex(zeroblob(128)), '0', x'ff') AS BLOB)",
        "UPDATE chunks SET text = CAST(x'c328' AS TEXT)",
        "UPDATE chunks SET metadata = '{'",
        "UPDATE chunks SET metadata = '[]'",
        "UPDATE chunks SET text = ''",
        "UPDATE documents SET key = CAST(x'ff' AS TEXT)"};
    for (const std::string& change : changes) {
        for (const char* ending : {"", "-wal", "-shm"})
            std::filesystem::remove((folder / "k.db") + ending);
        {
            const auto knowledge = open_at(folder / "k.db");
            ASSERT_TRUE(knowledge->add({doc("a", "some text", "{\"a\": 1}")}, nullptr).ok());
        }
        {
            auto db = Database::open(folder / "k.db", false);
            static_cast<void>((*db)->exec(change.c_str()));
        }
        Options options = options_at(folder / "k.db");
        auto opened = Knowledge::open(std::move(options));
        Status status = opened.status();
        if (opened.ok()) status = (*opened)->search({"text", 3, "{\"a\": 1}"}).status();
        if (opened.ok() && status.ok()) status = (*opened)->search({"text", 3}).status();
        if (change.find("TABLE") == std::string::npos || !status.ok()) {
            EXPECT_TRUE(status.code() == Code::kCorruptFile ||
                        status.code() == Code::kUnsupported ||
                        status.code() == Code::kInvalidArgument)
                << change << ": " << status.message();
        }
    }
}

TEST(Store, ADamagedFileIsAnErrorOrGivesWholePassages) {
    const Folder folder;
    {
        const auto knowledge = open_at(folder / "k.db");
        std::vector<Document> documents;
        for (int i = 0; i < 60; ++i) documents.push_back(doc(std::to_string(i), number_text(i)));
        ASSERT_TRUE(knowledge->add(std::move(documents), nullptr).ok());
    }
    const std::string good = read_all(folder / "k.db");
    std::mt19937 random(11);
    int refused = 0;
    for (int round = 0; round < 250; ++round) {
        std::string bad = good;
        if (round % 5 == 0) {
            bad.resize(random() % good.size());
        } else {
            for (int i = 0; i <= round % 20; ++i)
                bad[random() % bad.size()] = static_cast<char>(random());
        }
        for (const char* ending : {"-wal", "-shm"})
            std::filesystem::remove((folder / "bad.db") + ending);
        folder.write("bad.db", bad);
        auto opened = Knowledge::open(options_at(folder / "bad.db"));
        if (!opened.ok()) {
            ++refused;
            continue;
        }
        const auto hits = (*opened)->search({"document number 7", 10});
        if (hits.ok()) {
            for (const Hit& hit : *hits) EXPECT_FALSE(hit.passage.text.empty());
        }
        static_cast<void>((*opened)->add({doc("new", "text")}, nullptr).ok());
        static_cast<void>((*opened)->remove("3").ok());
    }
    EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace alv::knowledge::test
