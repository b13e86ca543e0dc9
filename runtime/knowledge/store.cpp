#include "knowledge/store.h"

#include <filesystem>
#include <set>
#include <tuple>

#include "base/utf8.h"

namespace alv::knowledge {
namespace {

constexpr int64_t kApplicationId = 0x414C564B;  // "ALVK"
constexpr int64_t kVersion = 1;
constexpr int64_t kMaxDim = 1 << 16;
constexpr uint32_t kMaxConnections = 16;

constexpr const char* kSchema = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE documents(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, source TEXT NOT NULL,
    hash BLOB NOT NULL);
CREATE INDEX documents_by_source ON documents(source);
CREATE TABLE chunks(id INTEGER PRIMARY KEY AUTOINCREMENT, document INTEGER NOT NULL
    REFERENCES documents(id), ordinal INTEGER NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL,
    vector BLOB NOT NULL);
CREATE INDEX chunks_by_document ON chunks(document);
CREATE TABLE ghosts(id INTEGER PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE graph(part INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(text, content='chunks', content_rowid='id',
    tokenize='unicode61 remove_diacritics 2');
)sql";

Result<int64_t> pragma(Database& db, const char* name) {
    ALV_ASSIGN_OR_RETURN(Statement read, db.prepare(std::string("PRAGMA ") + name));
    ALV_ASSIGN_OR_RETURN(const bool row, read.step());
    return row ? read.integer(0) : int64_t{0};
}

using Schema = std::set<std::tuple<std::string, std::string, std::string>>;
Result<Schema> read_schema(Database& db) {
    ALV_ASSIGN_OR_RETURN(Statement read, db.prepare("SELECT type, name, sql FROM sqlite_schema"));
    Schema out;
    while (true) {
        ALV_ASSIGN_OR_RETURN(const bool row, read.step());
        if (!row) return out;
        out.emplace(read.text(0), read.text(1), read.text(2));
        if (out.size() > 64) return corrupt_file("knowledge file: it has more tables than ours");
    }
}

// What a new file has. A file with another table, trigger or view is not ours, or was tampered
// with.
Result<Schema> expected_schema() {
    ALV_ASSIGN_OR_RETURN(const std::unique_ptr<Database> fresh, Database::open("", true));
    ALV_RETURN_IF_ERROR(fresh->exec(kSchema));
    return read_schema(*fresh);
}

Status create_schema(Database& db, const StoreOptions& options) {
    ALV_RETURN_IF_ERROR(db.exec(kSchema));
    ALV_RETURN_IF_ERROR(db.exec("PRAGMA application_id = 1095521867; PRAGMA user_version = 1;"));
    ALV_ASSIGN_OR_RETURN(Statement write, db.prepare("INSERT INTO meta VALUES (?, ?)"));
    ALV_RETURN_IF_ERROR(write.bind(1, std::string_view("embedder"))
                            .bind(2, std::string_view(options.model.name))
                            .run());
    ALV_RETURN_IF_ERROR(
        write.bind(1, std::string_view("dim")).bind(2, int64_t{options.model.dim}).run());
    return write.bind(1, std::string_view("generation")).bind(2, int64_t{1}).run();
}

Result<Model> read_model(Database& db) {
    ALV_ASSIGN_OR_RETURN(Statement read, db.prepare("SELECT value FROM meta WHERE name = ?"));
    Model out;
    ALV_ASSIGN_OR_RETURN(const bool named, read.bind(1, std::string_view("embedder")).step());
    if (named) out.name = utf8::replace_invalid(read.text(0));
    read.reset();
    ALV_ASSIGN_OR_RETURN(const bool sized, read.bind(1, std::string_view("dim")).step());
    const int64_t dim = sized ? read.integer(0) : -1;
    if (!named || dim < 0 || dim > kMaxDim || (dim == 0 && !out.name.empty())) {
        return corrupt_file("knowledge file: it does not say its embedding model");
    }
    out.dim = static_cast<uint32_t>(dim);
    return out;
}

std::string words_of(const Model& model) {
    return '"' + model.name + "\" (" + std::to_string(model.dim) + " dimensions)";
}

Status check_model(const Model& file, const Model& given) {
    if (given.is_none() || file == given) return ok_status();
    if (file.is_none()) {
        return invalid_argument(
            "the knowledge file was made without an embedding model, its documents have no "
            "vectors: open it without one, or add the documents again to a new file");
    }
    return invalid_argument("the knowledge file was made with the embedding model " +
                            words_of(file) + ", not with " + words_of(given) +
                            ": open it with that model, or make a new file");
}

// Gives the model that the file was made with.
Result<Model> create_or_check(Database& db, const StoreOptions& options) {
    ALV_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(db, true));
    ALV_ASSIGN_OR_RETURN(const int64_t application, pragma(db, "application_id"));
    ALV_ASSIGN_OR_RETURN(const Schema schema, read_schema(db));
    if (schema.empty() && application == 0 && options.create) {
        ALV_RETURN_IF_ERROR(create_schema(db, options));
        ALV_RETURN_IF_ERROR(transaction.commit());
        return options.model;
    }
    if (application != kApplicationId) {
        return corrupt_file("it is an SQLite file, but no knowledge file of Alviss");
    }
    ALV_ASSIGN_OR_RETURN(const int64_t version, pragma(db, "user_version"));
    if (version != kVersion) {
        return unsupported("the knowledge file has version " + std::to_string(version) +
                           ", this library reads version 1");
    }
    ALV_ASSIGN_OR_RETURN(const Schema expected, expected_schema());
    if (schema != expected) return corrupt_file("knowledge file: its tables are not ours");
    ALV_ASSIGN_OR_RETURN(Model model, read_model(db));
    ALV_RETURN_IF_ERROR(check_model(model, options.model));
    return model;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(StoreOptions options) {
    if (options.path.find('\0') != std::string::npos) {
        return invalid_argument("the path has a NUL byte");
    }
    std::error_code error;
    const auto as_path =
        std::filesystem::path(std::u8string(options.path.begin(), options.path.end()));
    if (!options.path.empty() && !options.create && !std::filesystem::exists(as_path, error)) {
        return not_found("there is no knowledge file " + options.path);
    }
    if (std::filesystem::is_directory(as_path, error)) {
        return invalid_argument(options.path + " is a folder, not a knowledge file");
    }
    std::unique_ptr<Store> store(new Store(std::move(options)));
    ALV_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                         Database::open(store->options_.path, store->options_.create));
    Result<Model> model = create_or_check(*db, store->options_);
    if (!model.ok()) return std::move(model).status().annotate(store->options_.path);
    store->model_ = std::move(*model);
    store->open_ = 1;
    store->idle_.push_back(std::move(db));
    return store;
}

Result<Store::Lease> Store::lease() {
    std::unique_lock lock(mutex_);
    const uint32_t most = in_memory() ? 1 : kMaxConnections;
    changed_.wait(lock, [&] { return !idle_.empty() || open_ < most; });
    if (!idle_.empty()) {
        std::unique_ptr<Database> db = std::move(idle_.back());
        idle_.pop_back();
        return Lease(this, std::move(db));
    }
    ++open_;
    lock.unlock();
    auto db = Database::open(options_.path, false);
    if (db.ok()) return Lease(this, std::move(*db));
    lock.lock();
    --open_;
    changed_.notify_one();
    return std::move(db).status();
}

void Store::give_back(std::unique_ptr<Database> db) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(db));
    changed_.notify_one();
}

}  // namespace alv::knowledge
