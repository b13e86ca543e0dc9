#include "knowledge/knowledge.h"

#include <algorithm>

#include "knowledge/ingest.h"

namespace alv::knowledge {
namespace {

constexpr uint32_t kLinksAtOnce = 4;  // searches wait for as long as these take
constexpr uint32_t kMaxTries = 8;

}  // namespace

Result<std::shared_ptr<Knowledge>> Knowledge::open(Options options) {
    if (options.split_by_tokens && !options.embedder) {
        return invalid_argument("chunks are measured in tokens only with an embedder");
    }
    if (options.split.chunk_size == 0 || options.split.chunk_overlap > options.split.chunk_size) {
        return invalid_argument("chunk_overlap has to be at most chunk_size, which is not 0");
    }
    std::shared_ptr<Knowledge> out(new Knowledge(std::move(options)));
    ALV_RETURN_IF_ERROR(out->start());
    return out;
}

Status Knowledge::start() {
    StoreOptions store;
    store.path = options_.path;
    store.create = options_.create;
    if (options_.embedder) store.model = {options_.embedder_name, options_.embedder->dim()};
    ALV_ASSIGN_OR_RETURN(store_, Store::open(std::move(store)));
    {
        ALV_ASSIGN_OR_RETURN(const Store::Lease db, store_->lease());
        ALV_ASSIGN_OR_RETURN(const Transaction transaction, Transaction::begin(*db, false));
        const std::unique_lock lock(index_mutex_);
        ALV_RETURN_IF_ERROR(reload(*db));
    }
    if (options_.embedder && !options_.exact) {
        linker_ = std::thread([this] {
            try {
                link_in_background();
            } catch (...) {
                // No memory for the graph: searches look at every vector from here on.
            }
            const std::lock_guard lock(work_mutex_);
            ended_ = true;
            work_changed_.notify_all();
        });
    }
    return ok_status();
}

Knowledge::~Knowledge() {
    queue_.reset();
    {
        const std::lock_guard lock(work_mutex_);
        stop_ = true;
        work_changed_.notify_all();
    }
    if (linker_.joinable()) linker_.join();
}

// With index_mutex_ held alone, in a transaction.
Status Knowledge::reload(Database& db) {
    const uint32_t dim = options_.embedder ? store_->model().dim : 0;
    auto index = std::make_unique<VectorIndex>(dim, options_.limits);
    if (dim > 0) {
        ALV_RETURN_IF_ERROR(read_vectors(db, dim, [&](int64_t id, const float* vector, bool dead) {
            index->append(id, vector, dead);
        }));
    }
    ALV_ASSIGN_OR_RETURN(const int64_t generation, read_generation(db));
    if (!options_.exact && index->is_worth_a_graph()) {
        Result<SavedGraph> saved = read_graph(db);
        // A graph that can't be used is made again: it costs time, not data.
        if (saved.ok() && !saved->bytes.empty()) {
            static_cast<void>(index->load_graph(saved->bytes, saved->ids_hash));
        }
    }
    if (index->is_worth_a_graph() || index->has_many_dead()) ask_for_work();
    index_ = std::move(index);
    generation_ = generation;
    return ok_status();
}

Status Knowledge::agree(Database& db, std::optional<Transaction>& transaction,
                        std::shared_lock<FairMutex>& lock) {
    for (uint32_t i = 0; i < kMaxTries; ++i) {
        transaction.reset();
        // Under the lock nothing of ours is committed: only another process can be ahead.
        lock.lock();
        ALV_ASSIGN_OR_RETURN(Transaction begun, Transaction::begin(db, false));
        transaction.emplace(std::move(begun));
        ALV_ASSIGN_OR_RETURN(const int64_t generation, read_generation(db));
        if (generation == generation_) return ok_status();
        lock.unlock();
        const std::unique_lock alone(index_mutex_);
        if (generation_ < generation) ALV_RETURN_IF_ERROR(reload(db));
    }
    return Status(Code::kTimeout,
                  "another process changes the knowledge file faster than it can be read");
}

Status Knowledge::commit(Change change, Applied& applied) {
    const std::lock_guard turn(writer_);
    ALV_ASSIGN_OR_RETURN(const Store::Lease db, store_->lease());
    ALV_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(*db, true));
    ALV_ASSIGN_OR_RETURN(const bool saved, has_graph(*db));
    change.keep_ghosts = saved || index_state().linked > 0;
    ALV_ASSIGN_OR_RETURN(applied, apply_change(*db, change));
    bool work = false;
    {
        const std::unique_lock lock(index_mutex_);
        ALV_RETURN_IF_ERROR(transaction.commit());
        // Another process wrote before us: the next search reads it all again.
        if (generation_ != applied.generation_before) return ok_status();
        for (const int64_t chunk : applied.removed) index_->remove(chunk);
        if (!options_.embedder) {
            generation_ = applied.generation;
            return ok_status();
        }
        size_t next = 0;
        for (const DocumentRow& document : change.put) {
            for (const ChunkRow& chunk : document.chunks) {
                index_->append(applied.added[next++], chunk.vector.data());
            }
        }
        generation_ = applied.generation;
        work = index_->is_worth_a_graph() || index_->has_many_dead();
    }
    if (work) ask_for_work();
    return ok_status();
}

Status Knowledge::check_can_add() const {
    if (options_.embedder || store_->model().is_none()) return ok_status();
    return invalid_argument("the knowledge file was made with the embedding model \"" +
                            store_->model().name + "\": open it with that model to add documents");
}

IndexState Knowledge::index_state() const {
    const std::shared_lock lock(index_mutex_);
    return {index_->live(), index_->dead(), index_->linked(), index_->loaded(),
            index_->graph_searches()};
}

void Knowledge::ask_for_work() {
    const std::lock_guard lock(work_mutex_);
    work_ = true;
    work_changed_.notify_all();
}

void Knowledge::settle() {
    if (!linker_.joinable()) return;
    std::unique_lock lock(work_mutex_);
    work_changed_.wait(lock, [&] { return ended_ || (idle_ && !work_); });
}

// Links what is not linked yet, saves the graph, waits for more. What fails here is tried again
// with the next change; searches are exact until then.
void Knowledge::link_in_background() {
    while (true) {
        {
            std::unique_lock lock(work_mutex_);
            idle_ = true;
            work_changed_.notify_all();
            work_changed_.wait(lock, [&] { return work_ || stop_; });
            if (stop_) return;
            work_ = false;
            idle_ = false;
        }
        uint32_t added = 0;
        bool more = true;
        bool many_dead = false;
        while (more) {
            {
                const std::lock_guard lock(work_mutex_);
                if (stop_) return;
            }
            const std::unique_lock lock(index_mutex_);
            const uint32_t before = index_->linked();
            more = index_->is_worth_a_graph() && before < index_->size() &&
                   index_->link(kLinksAtOnce).ok();
            added += index_->linked() - before;
            many_dead = index_->has_many_dead();
        }
        Status status;
        if (many_dead) {
            status = compact();
        } else if (added > 0) {
            status = save_graph();
        }
    }
}

Status Knowledge::save_graph() {
    SavedGraph graph;
    {
        const std::shared_lock lock(index_mutex_);
        ALV_ASSIGN_OR_RETURN(graph.bytes, index_->save_graph());
        graph.ids_hash = index_->ids_hash(index_->linked());
    }
    const std::lock_guard turn(writer_);
    ALV_ASSIGN_OR_RETURN(const Store::Lease db, store_->lease());
    ALV_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(*db, true));
    ALV_RETURN_IF_ERROR(write_graph(*db, graph, false));
    return transaction.commit();
}

// A new index without the vectors of removed chunks; its graph is made anew.
Status Knowledge::compact() {
    const std::lock_guard turn(writer_);
    ALV_ASSIGN_OR_RETURN(const Store::Lease db, store_->lease());
    {
        ALV_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(*db, true));
        ALV_RETURN_IF_ERROR(write_graph(*db, {}, true));
        ALV_RETURN_IF_ERROR(transaction.commit());
    }
    ALV_ASSIGN_OR_RETURN(const Transaction transaction, Transaction::begin(*db, false));
    const std::unique_lock lock(index_mutex_);
    return reload(*db);
}

Result<Progress> Knowledge::add(std::vector<Document> documents, const OnProgress& on_progress) {
    ALV_RETURN_IF_ERROR(check_can_add());
    Ingest ingest(*this, on_progress);
    ingest.expect(documents.size());
    for (Document& document : documents) {
        ALV_RETURN_IF_ERROR(ingest.add(std::move(document)));
    }
    return ingest.finish();
}

Result<Progress> Knowledge::add_file(const std::string& path, const std::string& metadata,
                                     const OnProgress& on_progress) {
    ALV_RETURN_IF_ERROR(check_can_add());
    Ingest ingest(*this, on_progress);
    ALV_RETURN_IF_ERROR(ingest.add_file(path, metadata));
    return ingest.finish();
}

Result<Progress> Knowledge::add_folder(const std::string& path, const std::string& metadata,
                                       bool prune, const OnProgress& on_progress) {
    ALV_ASSIGN_OR_RETURN(const std::vector<std::string> files, list_documents(path));
    ALV_RETURN_IF_ERROR(check_can_add());
    Ingest ingest(*this, on_progress);
    for (const std::string& file : files) {
        Status status = ingest.add_file(file, metadata);
        if (!status.ok()) return status;
    }
    if (prune) ALV_RETURN_IF_ERROR(ingest.prune(path, files));
    return ingest.finish();
}

Result<Progress> Knowledge::add_path(const std::string& path, const std::string& metadata,
                                     bool prune, const OnProgress& on_progress) {
    return is_folder(path) ? add_folder(path, metadata, prune, on_progress)
                           : add_file(path, metadata, on_progress);
}

Status Knowledge::remove(const std::string& key) {
    Change change;
    change.remove.push_back(key);
    Applied applied;
    {
        ALV_ASSIGN_OR_RETURN(const Store::Lease db, store_->lease());
        ALV_ASSIGN_OR_RETURN(const std::optional<std::string> hash, read_hash(*db, key));
        if (!hash) return not_found("there is no document \"" + key + "\"");
    }
    return commit(std::move(change), applied);
}

Result<Counts> Knowledge::counts() {
    ALV_ASSIGN_OR_RETURN(const Store::Lease db, store_->lease());
    return read_counts(*db);
}

}  // namespace alv::knowledge
