// The built-in knowledge base: documents in, passages out.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/retriever.h"
#include "knowledge/documents.h"
#include "knowledge/fair_mutex.h"
#include "knowledge/search_queue.h"
#include "knowledge/splitter.h"
#include "knowledge/store.h"
#include "knowledge/vector_index.h"

namespace alv::knowledge {

struct Options {
    std::string path;  // empty: in memory
    bool create = true;
    // Null: what is added gets no vectors, searches go by words. A file that was made with a model
    // can be opened without one, but not be added to.
    std::shared_ptr<engine::Embedder> embedder;
    std::string embedder_name;  // of its model; a file is tied to it
    SplitOptions split;
    bool split_by_tokens = false;  // chunk sizes are the embedder's tokens
    bool exact = false;            // no graph, and no thread that makes it
    IndexLimits limits;
};

// How far an add is. Documents count when they are committed: then they survive whatever comes.
struct Progress {
    uint64_t documents = 0;  // done with: added, updated or unchanged
    uint64_t total = 0;      // documents known so far
    uint64_t unchanged = 0;  // of `documents`: not embedded again
    uint64_t removed = 0;    // whose file, line or text is gone
    uint64_t chunks = 0;     // embedded
    uint64_t truncated = 0;  // of `chunks`: longer than the embedder reads
    std::string current;     // the document it is at
};
// False: stop. What was committed stays.
using OnProgress = std::function<bool(const Progress&)>;

// Without an embedder a hybrid search goes by words, and kVector is an invalid argument.
enum class Mode : uint32_t { kHybrid = 0, kVector = 1, kWords = 2 };

struct Search {
    std::string text = {};
    uint32_t k = 4;
    std::string filter = {};  // filter.h
    Mode mode = Mode::kHybrid;
};
struct Hit {
    StoredPassage passage;
    double fused = 0;  // by reciprocal rank fusion: the order
    double score = 0;  // the cosine to the query; BM25 where it goes by words alone
};

// What is in memory of the vectors.
struct IndexState {
    uint32_t live = 0;
    uint32_t dead = 0;            // removed, but still in the graph
    uint32_t linked = 0;          // in the graph; the rest is looked at one by one
    uint32_t loaded = 0;          // of `linked`: by the graph in the file
    uint64_t graph_searches = 0;  // since the vectors were read
};

// Thread-safe. Adds of several threads take turns, a batch at a time; searches go on meanwhile and
// see what was committed.
class Knowledge : public std::enable_shared_from_this<Knowledge> {
  public:
    static Result<std::shared_ptr<Knowledge>> open(Options options);
    Knowledge(const Knowledge&) = delete;
    Knowledge& operator=(const Knowledge&) = delete;
    ~Knowledge();

    // Each embeds on the calling thread and puts documents in the place of those with the same key;
    // one whose content has not changed is left as it is.
    Result<Progress> add(std::vector<Document> documents, const OnProgress& on_progress);
    // What the file no longer has is removed.
    Result<Progress> add_file(const std::string& path, const std::string& metadata,
                              const OnProgress& on_progress);
    // `prune`: documents of files that are gone from the folder are removed.
    Result<Progress> add_folder(const std::string& path, const std::string& metadata, bool prune,
                                const OnProgress& on_progress);
    // Whichever of the two it is.
    Result<Progress> add_path(const std::string& path, const std::string& metadata, bool prune,
                              const OnProgress& on_progress);
    // Not found if there is no such document.
    Status remove(const std::string& key);
    Result<Counts> counts();

    Result<std::vector<Hit>> search(const Search& search);
    // The same with the query's vector at hand (empty where it goes by words alone). Ends as
    // cancelled soon after `*stop` (null: never) turned true.
    Result<std::vector<Hit>> search(const Search& search, std::vector<float> vector,
                                    const std::atomic<bool>* stop = nullptr);
    // Hybrid, on a thread of the knowledge base's own, which the first retriever starts: fit for
    // any thread, also the engine's.
    Result<std::shared_ptr<engine::Retriever>> retriever();

    const Options& options() const { return options_; }
    IndexState index_state() const;
    // Waits until the index is as it will be if nothing changes: linked, saved, without many dead.
    void settle();

  private:
    friend class Ingest;
    explicit Knowledge(Options options) : options_(std::move(options)) {}
    Status start();
    // Hybrid becomes words where there is no embedder.
    Result<Mode> mode_of(const Search& search) const;
    // Documents can be added: with vectors to a file that has vectors, else without.
    Status check_can_add() const;
    Status commit(Change change, Applied& applied);
    Status reload(Database& db);
    // A read transaction and the lock of an index that shows the same state.
    Status agree(Database& db, std::optional<Transaction>& transaction,
                 std::shared_lock<FairMutex>& lock);
    void link_in_background();
    void ask_for_work();
    Status save_graph();
    Status compact();

    const Options options_;
    std::unique_ptr<Store> store_;
    std::mutex writer_;  // one change at a time

    mutable FairMutex index_mutex_;
    std::unique_ptr<VectorIndex> index_;
    int64_t generation_ = 0;  // of index_

    std::mutex work_mutex_;
    std::condition_variable work_changed_;
    bool work_ = false;
    bool idle_ = false;  // the linker waits for work
    bool ended_ = false;
    bool stop_ = false;
    std::thread linker_;

    std::mutex queue_mutex_;
    std::unique_ptr<SearchQueue> queue_;  // of the retrievers; null before the first
};

}  // namespace alv::knowledge
