#include "knowledge/sqlite.h"

#include <sqlite3.h>

#include "knowledge/bm25.h"

namespace alv::knowledge {
namespace {

constexpr int kBusyMs = 10'000;
constexpr int kStepsBetweenLooks = 1000;

Code code_of(int result) {
    switch (result & 0xFF) {
        case SQLITE_NOMEM:
            return Code::kOutOfHostMemory;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_FORMAT:
            return Code::kCorruptFile;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Code::kTimeout;
        case SQLITE_TOOBIG:
            return Code::kLimitExceeded;
        case SQLITE_INTERRUPT:
            return Code::kCancelled;
        case SQLITE_IOERR:
        case SQLITE_FULL:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return Code::kIoError;
        // The schema is checked when a file is opened: what SQL still finds wrong is in its data.
        case SQLITE_ERROR:
            return Code::kCorruptFile;
        default:
            return Code::kInternal;
    }
}

Status error_of(sqlite3* db, int result) {
    std::string message = "knowledge file: ";
    message += db ? sqlite3_errmsg(db) : sqlite3_errstr(result);
    if ((result & 0xFF) == SQLITE_BUSY) message += ": another process is writing to it";
    return {code_of(result), std::move(message)};
}

}  // namespace

Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(db_, other.db_);
    std::swap(raw_, other.raw_);
    std::swap(bind_result_, other.bind_result_);
    return *this;
}

Statement::~Statement() {
    sqlite3_finalize(raw_);
}

Statement& Statement::bind(int at, int64_t value) {
    bind_result_ |= sqlite3_bind_int64(raw_, at, value);
    return *this;
}

Statement& Statement::bind(int at, double value) {
    bind_result_ |= sqlite3_bind_double(raw_, at, value);
    return *this;
}

Statement& Statement::bind(int at, std::string_view text) {
    bind_result_ |= sqlite3_bind_text64(raw_, at, text.data() ? text.data() : "", text.size(),
                                        SQLITE_STATIC, SQLITE_UTF8);
    return *this;
}

Statement& Statement::bind_blob(int at, std::span<const uint8_t> blob) {
    bind_result_ |=
        sqlite3_bind_blob64(raw_, at, blob.data() ? static_cast<const void*>(blob.data()) : "",
                            blob.size(), SQLITE_STATIC);
    return *this;
}

Statement& Statement::bind_null(int at) {
    bind_result_ |= sqlite3_bind_null(raw_, at);
    return *this;
}

Result<bool> Statement::step() {
    if (bind_result_ != SQLITE_OK) return error_of(db_, bind_result_);
    const int result = sqlite3_step(raw_);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    return error_of(db_, result);
}

Status Statement::run() {
    ALV_ASSIGN_OR_RETURN(const bool row, step());
    static_cast<void>(row);
    reset();
    return ok_status();
}

Statement& Statement::reset() {
    sqlite3_reset(raw_);
    bind_result_ = SQLITE_OK;
    return *this;
}

int64_t Statement::integer(int at) const {
    return sqlite3_column_int64(raw_, at);
}

double Statement::real(int at) const {
    return sqlite3_column_double(raw_, at);
}

std::string_view Statement::text(int at) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(raw_, at));
    return {data ? data : "", static_cast<size_t>(sqlite3_column_bytes(raw_, at))};
}

std::span<const uint8_t> Statement::blob(int at) const {
    const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(raw_, at));
    return {data, data ? static_cast<size_t>(sqlite3_column_bytes(raw_, at)) : 0};
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, bool create) {
    std::unique_ptr<Database> db(new Database);
    const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    const int result =
        sqlite3_open_v2(path.empty() ? ":memory:" : path.c_str(), &db->db_, flags, nullptr);
    if (result != SQLITE_OK) return error_of(db->db_, result).annotate(path);
    Status status = db->configure(path.empty());
    if (!status.ok()) return status.annotate(path);
    return db;
}

Database::~Database() {
    sqlite3_close_v2(db_);
}

Status Database::configure(bool in_memory) {
    sqlite3_extended_result_codes(db_, 1);
    sqlite3_busy_timeout(db_, kBusyMs);
    int ignored = 0;
    sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, &ignored);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &ignored);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, &ignored);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_VIEW, 0, &ignored);
    sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, 64 << 20);
    sqlite3_limit(db_, SQLITE_LIMIT_SQL_LENGTH, 1 << 16);
    sqlite3_limit(db_, SQLITE_LIMIT_COLUMN, 64);
    sqlite3_limit(db_, SQLITE_LIMIT_EXPR_DEPTH, 600);
    sqlite3_limit(db_, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1024);
    sqlite3_limit(db_, SQLITE_LIMIT_VARIABLE_NUMBER, 2048);
    ALV_RETURN_IF_ERROR(exec("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"));
    // FULL: what was committed also survives a power cut.
    if (!in_memory) {
        ALV_RETURN_IF_ERROR(exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"));
    }
    const int result = register_bm25(db_);
    return result == SQLITE_OK ? ok_status() : error_of(db_, result);
}

Status Database::exec(const char* sql) {
    const int result = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    return result == SQLITE_OK ? ok_status() : error_of(db_, result);
}

void Database::roll_back() noexcept {
    static_cast<void>(sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr));
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int result =
        sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
    if (result != SQLITE_OK) return error_of(db_, result);
    return Statement(db_, raw);
}

int64_t Database::last_row() const {
    return sqlite3_last_insert_rowid(db_);
}

StopGuard::StopGuard(Database& db, const std::atomic<bool>* stop) : db_(db) {
    if (!stop) return;
    const auto is_over = [](void* flag) -> int {
        return static_cast<const std::atomic<bool>*>(flag)->load() ? 1 : 0;
    };
    sqlite3_progress_handler(db.db_, kStepsBetweenLooks, is_over,
                             const_cast<std::atomic<bool>*>(stop));
}

StopGuard::~StopGuard() {
    sqlite3_progress_handler(db_.db_, 0, nullptr, nullptr);
}

Result<Transaction> Transaction::begin(Database& db, bool write) {
    ALV_RETURN_IF_ERROR(db.exec(write ? "BEGIN IMMEDIATE" : "BEGIN"));
    return Transaction(&db);
}

Transaction::~Transaction() {
    if (db_) db_->roll_back();
}

Status Transaction::commit() {
    ALV_RETURN_IF_ERROR(db_->exec("COMMIT"));
    db_ = nullptr;
    return ok_status();
}

}  // namespace alv::knowledge
