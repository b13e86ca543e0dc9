// libFuzzer: the bytes are a knowledge file, which is opened, searched, added to and removed from.
// Whatever is found must be whole.
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "base/utf8.h"
#include "knowledge/fake_embedder.h"
#include "knowledge/knowledge.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using namespace alv::knowledge;
namespace fs = std::filesystem;

constexpr size_t kPage = 512;  // of the seeds: small files, of which much is in use

// A folder of this process's own, in memory where there is such a place.
class Scratch {
  public:
    Scratch() {
        const fs::path shared = "/dev/shm";
        std::error_code error;
        const fs::path root = fs::is_directory(shared, error) ? shared : fs::temp_directory_path();
        folder_ = root / ("alviss_knowledge_fuzz_" + std::to_string(getpid()));
        fs::create_directories(folder_);
    }
    ~Scratch() {
        std::error_code error;
        fs::remove_all(folder_, error);
    }
    std::string fresh() const {
        for (const char* ending : {"", "-wal", "-shm", "-journal"}) {
            fs::remove(folder_ / (std::string("k.db") + ending));
        }
        return (folder_ / "k.db").string();
    }

  private:
    fs::path folder_;
};

const Scratch& scratch() {
    static const Scratch one;
    return one;
}

Options options_of(const std::string& path, bool with_embedder) {
    Options options;
    options.path = path;
    if (with_embedder) {
        options.embedder = std::make_shared<test::FakeEmbedder>(8);
        options.embedder_name = "fake";
    }
    options.split.chunk_size = 40;
    options.split.chunk_overlap = 5;
    options.limits = {8, 4};
    return options;
}

void require(bool is_true) {
    if (!is_true) std::abort();
}

std::vector<Document> documents(int n) {
    std::vector<Document> out;
    for (int i = 0; i < n; ++i) {
        out.push_back({std::to_string(i), "document number " + std::to_string(i) + " of words",
                       "source " + std::to_string(i % 3), R"({"n": )" + std::to_string(i) + "}"});
    }
    return out;
}

void write_seed(const std::string& name, int n, int n_removed, bool with_embedder) {
    const std::string path = scratch().fresh();
    {
        // An empty file, which goes on with pages of this size.
        sqlite3* db = nullptr;
        require(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
        require(sqlite3_exec(db, "PRAGMA page_size = 512; CREATE TABLE t(x); DROP TABLE t", nullptr,
                             nullptr, nullptr) == SQLITE_OK);
        sqlite3_close(db);
    }
    {
        const auto knowledge = Knowledge::open(options_of(path, with_embedder));
        require(knowledge.ok() && (*knowledge)->add(documents(n), nullptr).ok());
        (*knowledge)->settle();
        for (int i = 0; i < n_removed; ++i) require((*knowledge)->remove(std::to_string(i)).ok());
        (*knowledge)->settle();
    }
    fs::copy_file(path, fs::path(ALV_FUZZ_SEED_DIR) / name, fs::copy_options::overwrite_existing);
}

void search(Knowledge& knowledge, const std::string& text, const std::string& filter, Mode mode) {
    const auto hits = knowledge.search({text, 5, filter, mode});
    if (!hits.ok()) return;
    require(hits->size() <= 5);
    for (const Hit& hit : *hits) {
        require(!hit.passage.text.empty() && alv::utf8::is_valid(hit.passage.text));
        require(alv::utf8::is_valid(hit.passage.document));
        require(hit.score == hit.score);
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    write_seed("empty", 0, 0, true);
    write_seed("exact", 5, 1, true);
    write_seed("graph", 24, 0, true);
    write_seed("ghosts", 24, 5, true);
    write_seed("words", 8, 2, false);
    return 0;
}

// Mostly within one page, or what is between two bytes of the file, so that the rest stays whole.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
    std::minstd_rand random(seed);
    if (size < kPage || random() % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
    const size_t n_changes = 1 + random() % 3;
    for (size_t i = 0; i < n_changes; ++i) {
        const size_t at = random() % size;
        const size_t n = std::min<size_t>(size - at, 1 + random() % 8);
        // In place: what it would make longer is cut off.
        const size_t mutated = LLVMFuzzerMutate(data + at, n, n);
        require(mutated <= n);
    }
    return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    for (const bool with_embedder : {true, false}) {
        const std::string path = scratch().fresh();
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
        const auto opened = Knowledge::open(options_of(path, with_embedder));
        if (!opened.ok()) continue;
        Knowledge& knowledge = **opened;
        static_cast<void>(knowledge.counts().ok());
        search(knowledge, "document number 7", "", Mode::kHybrid);
        search(knowledge, "number", R"({"n": {"$gte": 2}, "$source": "source 1"})", Mode::kHybrid);
        search(knowledge, "words of", "", Mode::kWords);
        static_cast<void>(knowledge.add(documents(3), nullptr).ok());
        static_cast<void>(knowledge.remove("9").ok());
        static_cast<void>(
            knowledge
                .add(
                    {{"new", "Neither number nor word.\n\nTwo chunks, long enough to be.", "", ""}},
                    nullptr)
                .ok());
        knowledge.settle();
        search(knowledge, "long chunks", R"({"$id": "new"})", Mode::kHybrid);
    }
    return 0;
}
