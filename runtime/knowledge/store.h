// The knowledge file: its schema, its connections, what is read from it and written to it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "knowledge/filter.h"
#include "knowledge/sqlite.h"

namespace alv::knowledge {

// The embedding model that vectors come from; no name and no dimensions: none, there are no
// vectors.
struct Model {
    std::string name;
    uint32_t dim = 0;
    bool is_none() const { return dim == 0; }
    bool operator==(const Model&) const = default;
};

struct StoreOptions {
    std::string path;  // empty: in memory
    bool create = true;
    Model model;  // none: opened for words alone, whatever the file was made with
};

// Hands out connections. Thread-safe.
class Store {
  public:
    // Makes the file or checks it: not found, corrupt file, unsupported (another version), invalid
    // argument (it was made with another model, or without one).
    static Result<std::unique_ptr<Store>> open(StoreOptions options);

    // A connection for one thread; goes back to the store by itself.
    class Lease {
      public:
        Lease(Store* store, std::unique_ptr<Database> db) : store_(store), db_(std::move(db)) {}
        Lease(Lease&&) = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease() {
            if (db_) store_->give_back(std::move(db_));
        }
        Database& operator*() const { return *db_; }

      private:
        Store* store_;
        std::unique_ptr<Database> db_;
    };
    Result<Lease> lease();
    bool in_memory() const { return options_.path.empty(); }
    // That the file was made with.
    const Model& model() const { return model_; }

  private:
    explicit Store(StoreOptions options) : options_(std::move(options)) {}
    void give_back(std::unique_ptr<Database> db);

    const StoreOptions options_;
    Model model_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::unique_ptr<Database>> idle_;
    uint32_t open_ = 0;
};

// What follows runs inside a transaction of the caller.

struct ChunkRow {
    std::string text;
    std::string metadata;       // a JSON object
    std::vector<float> vector;  // of length 1; empty in a file without a model
};
struct DocumentRow {
    std::string key;
    std::string source;
    std::string hash;
    std::vector<ChunkRow> chunks;
};
struct Change {
    std::vector<std::string> remove;  // keys; those that are not there are none
    std::vector<DocumentRow> put;     // takes the place of what has the same key
    bool keep_ghosts = false;         // vectors of removed chunks stay for the graph's sake
};
struct Applied {
    int64_t generation_before = 0;
    int64_t generation = 0;
    uint64_t removed_documents = 0;  // that nothing was put in the place of
    std::vector<int64_t> removed;    // chunks
    std::vector<int64_t> added;      // chunks, ascending, in the order of Change::put
};
Result<Applied> apply_change(Database& db, const Change& change);

// Counts up with every change.
Result<int64_t> read_generation(Database& db);

// All vectors in the order of their ids; ghosts are `dead`. Corrupt file if one is not of `dim`
// finite numbers.
using VectorSink = std::function<void(int64_t id, const float* vector, bool dead)>;
Status read_vectors(Database& db, uint32_t dim, const VectorSink& sink);

struct Counts {
    uint64_t documents = 0;
    uint64_t chunks = 0;
};
Result<Counts> read_counts(Database& db);
Result<std::optional<std::string>> read_hash(Database& db, const std::string& key);
Result<std::vector<std::string>> keys_of_source(Database& db, const std::string& source);
// Sources that begin with `prefix`.
Result<std::vector<std::string>> sources_under(Database& db, const std::string& prefix);

Result<std::vector<int64_t>> matching_chunks(Database& db, const Filter& filter);

struct WordHit {
    int64_t chunk = 0;
    double bm25 = 0;  // higher is better, finite
};
// Chunks that have a word of `query`, best first. Whatever the query holds is words.
Result<std::vector<WordHit>> search_words(Database& db, std::string_view query, uint32_t n,
                                          const Filter& filter);

struct StoredPassage {
    int64_t chunk = 0;
    uint32_t ordinal = 0;  // in its document, from 0
    std::string document;
    std::string source;
    std::string text;
    std::string metadata;
};
Result<StoredPassage> read_passage(Database& db, int64_t chunk);

// The saved index and what it is of; empty when there is none.
struct SavedGraph {
    std::string bytes;
    int64_t ids_hash = 0;
};
Result<SavedGraph> read_graph(Database& db);
Result<bool> has_graph(Database& db);
// `drop_ghosts`: the graph no longer holds vectors of removed chunks.
Status write_graph(Database& db, const SavedGraph& graph, bool drop_ghosts);

}  // namespace alv::knowledge
