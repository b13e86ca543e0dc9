// SQLite with statuses and owners.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace alv::knowledge {

// A prepared statement; borrowed from its connection's lifetime. Thread-compatible.
class Statement {
  public:
    Statement() = default;
    Statement(sqlite3* db, sqlite3_stmt* raw) : db_(db), raw_(raw) {}
    Statement(Statement&& other) noexcept : db_(other.db_), raw_(other.raw_) {
        other.raw_ = nullptr;
    }
    Statement& operator=(Statement&& other) noexcept;
    ~Statement();

    // Parameters are counted from 1. Text and blobs are borrowed until the next reset().
    Statement& bind(int at, int64_t value);
    Statement& bind(int at, double value);
    Statement& bind(int at, std::string_view text);
    Statement& bind_blob(int at, std::span<const uint8_t> blob);
    Statement& bind_null(int at);
    // True: there is a row. What went wrong in bind() shows here, too.
    Result<bool> step();
    // For statements that give no row.
    Status run();
    Statement& reset();

    // Columns are counted from 0; views live until the next step or reset.
    int64_t integer(int at) const;
    double real(int at) const;
    std::string_view text(int at) const;
    std::span<const uint8_t> blob(int at) const;

  private:
    sqlite3* db_ = nullptr;
    sqlite3_stmt* raw_ = nullptr;
    int bind_result_ = 0;
};

// A connection, set up so that what a hostile file says is data at most. Thread-compatible.
class Database {
  public:
    // An empty path is a database in memory.
    static Result<std::unique_ptr<Database>> open(const std::string& path, bool create);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    // One or more statements without parameters.
    Status exec(const char* sql);
    // Ends a transaction that is of no use. Takes no memory of ours; where it fails there is
    // nothing more to undo.
    void roll_back() noexcept;
    Result<Statement> prepare(std::string_view sql);
    int64_t last_row() const;

  private:
    friend class StopGuard;
    Database() = default;
    Status configure(bool in_memory);
    sqlite3* db_ = nullptr;
};

// While it lives, statements of the connection end as cancelled soon after `*stop` turned true.
// Null: they do not.
class StopGuard {
  public:
    StopGuard(Database& db, const std::atomic<bool>* stop);
    StopGuard(const StopGuard&) = delete;
    StopGuard& operator=(const StopGuard&) = delete;
    ~StopGuard();

  private:
    Database& db_;
};

// Rolls back unless it was committed.
class Transaction {
  public:
    static Result<Transaction> begin(Database& db, bool write);
    Transaction(Transaction&& other) noexcept : db_(other.db_) { other.db_ = nullptr; }
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Status commit();

  private:
    explicit Transaction(Database* db) : db_(db) {}
    Database* db_;
};

}  // namespace alv::knowledge
