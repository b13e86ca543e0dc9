// What is read from a knowledge file and written to it (store.h).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "knowledge/store.h"

namespace alv::knowledge {
namespace {

constexpr size_t kMaxWords = 64;        // of a query
constexpr size_t kGraphPart = 1 << 20;  // bytes

std::span<const uint8_t> bytes_of(const std::vector<float>& vector) {
    return {reinterpret_cast<const uint8_t*>(vector.data()), vector.size() * sizeof(float)};
}
std::span<const uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Result<std::vector<std::string>> texts(Statement& read) {
    std::vector<std::string> out;
    while (true) {
        ALV_ASSIGN_OR_RETURN(const bool row, read.step());
        if (!row) return out;
        out.emplace_back(read.text(0));
    }
}
Result<std::vector<int64_t>> integers(Statement& read) {
    std::vector<int64_t> out;
    while (true) {
        ALV_ASSIGN_OR_RETURN(const bool row, read.step());
        if (!row) return out;
        out.push_back(read.integer(0));
    }
}

// The statements of one change.
class Writer {
  public:
    explicit Writer(Database& db) : db_(db) {}

    // True if the document was there.
    Result<bool> remove(const std::string& key, bool keep_ghosts, std::vector<int64_t>& removed) {
        ALV_ASSIGN_OR_RETURN(Statement find, db_.prepare("SELECT id FROM documents WHERE key = ?"));
        ALV_ASSIGN_OR_RETURN(const bool found, find.bind(1, std::string_view(key)).step());
        if (!found) return false;
        const int64_t document = find.integer(0);
        find.reset();
        ALV_ASSIGN_OR_RETURN(Statement chunks,
                             db_.prepare("SELECT id FROM chunks WHERE document = ?"));
        ALV_ASSIGN_OR_RETURN(const std::vector<int64_t> ids, integers(chunks.bind(1, document)));
        chunks.reset();
        removed.insert(removed.end(), ids.begin(), ids.end());
        if (keep_ghosts) {
            ALV_RETURN_IF_ERROR(
                run("INSERT INTO ghosts SELECT id, vector FROM chunks "
                    "WHERE document = ?",
                    document));
        }
        ALV_RETURN_IF_ERROR(
            run("INSERT INTO words(words, rowid, text) "
                "SELECT 'delete', id, text FROM chunks WHERE document = ?",
                document));
        ALV_RETURN_IF_ERROR(run("DELETE FROM chunks WHERE document = ?", document));
        ALV_RETURN_IF_ERROR(run("DELETE FROM documents WHERE id = ?", document));
        return true;
    }

    Status put(const DocumentRow& document, std::vector<int64_t>& added) {
        ALV_ASSIGN_OR_RETURN(Statement head, db_.prepare("INSERT INTO documents(key, source, hash) "
                                                         "VALUES (?, ?, ?)"));
        ALV_RETURN_IF_ERROR(head.bind(1, std::string_view(document.key))
                                .bind(2, std::string_view(document.source))
                                .bind_blob(3, bytes_of(document.hash))
                                .run());
        const int64_t id = db_.last_row();
        ALV_ASSIGN_OR_RETURN(Statement chunk,
                             db_.prepare("INSERT INTO chunks(document, ordinal, text, metadata, "
                                         "vector) VALUES (?, ?, ?, ?, ?)"));
        ALV_ASSIGN_OR_RETURN(Statement words,
                             db_.prepare("INSERT INTO words(rowid, text) VALUES (?, ?)"));
        int64_t ordinal = 0;
        for (const ChunkRow& row : document.chunks) {
            ALV_RETURN_IF_ERROR(chunk.bind(1, id)
                                    .bind(2, ordinal++)
                                    .bind(3, std::string_view(row.text))
                                    .bind(4, std::string_view(row.metadata))
                                    .bind_blob(5, bytes_of(row.vector))
                                    .run());
            added.push_back(db_.last_row());
            ALV_RETURN_IF_ERROR(
                words.bind(1, added.back()).bind(2, std::string_view(row.text)).run());
        }
        return ok_status();
    }

  private:
    Status run(const char* sql, int64_t value) {
        ALV_ASSIGN_OR_RETURN(Statement statement, db_.prepare(sql));
        return statement.bind(1, value).run();
    }
    Database& db_;
};

// "one two" becomes "one" OR "two", each quoted: nothing of it is an operator.
std::string quoted_words(std::string_view query) {
    std::string out;
    size_t n = 0;
    size_t at = 0;
    constexpr std::string_view kBetween(" \t\r\n\v\f\0", 7);
    while (n < kMaxWords) {
        at = query.find_first_not_of(kBetween, at);
        if (at == std::string_view::npos) break;
        const size_t end = std::min(query.find_first_of(kBetween, at), query.size());
        if (n++ > 0) out += " OR ";
        out += '"';
        for (const char c : query.substr(at, end - at)) {
            if (c == '"') out += '"';
            out += c;
        }
        out += '"';
        at = end;
    }
    return out;
}

}  // namespace

Result<Applied> apply_change(Database& db, const Change& change) {
    Applied out;
    ALV_ASSIGN_OR_RETURN(out.generation_before, read_generation(db));
    out.generation = out.generation_before + 1;
    Writer writer(db);
    for (const std::string& key : change.remove) {
        ALV_ASSIGN_OR_RETURN(const bool there, writer.remove(key, change.keep_ghosts, out.removed));
        if (there) ++out.removed_documents;
    }
    for (const DocumentRow& document : change.put) {
        ALV_ASSIGN_OR_RETURN(const bool there,
                             writer.remove(document.key, change.keep_ghosts, out.removed));
        static_cast<void>(there);
        ALV_RETURN_IF_ERROR(writer.put(document, out.added));
    }
    ALV_ASSIGN_OR_RETURN(Statement count,
                         db.prepare("UPDATE meta SET value = ? WHERE name = 'generation'"));
    ALV_RETURN_IF_ERROR(count.bind(1, out.generation).run());
    return out;
}

Result<int64_t> read_generation(Database& db) {
    ALV_ASSIGN_OR_RETURN(Statement read,
                         db.prepare("SELECT value FROM meta WHERE name = 'generation'"));
    ALV_ASSIGN_OR_RETURN(const bool row, read.step());
    if (!row || read.integer(0) <= 0) return corrupt_file("knowledge file: it has no generation");
    return read.integer(0);
}

Status read_vectors(Database& db, uint32_t dim, const VectorSink& sink) {
    ALV_ASSIGN_OR_RETURN(Statement read, db.prepare("SELECT id, vector, 0 FROM chunks UNION ALL "
                                                    "SELECT id, vector, 1 FROM ghosts ORDER BY 1"));
    std::vector<float> vector(dim);
    int64_t last = INT64_MIN;
    while (true) {
        ALV_ASSIGN_OR_RETURN(const bool row, read.step());
        if (!row) return ok_status();
        const std::span<const uint8_t> blob = read.blob(1);
        if (blob.size() != dim * sizeof(float) || read.integer(0) == last) {
            return corrupt_file("knowledge file: the vector of chunk " +
                                std::to_string(read.integer(0)) + " is damaged");
        }
        last = read.integer(0);
        std::memcpy(vector.data(), blob.data(), blob.size());
        for (const float x : vector) {
            if (std::isfinite(x) && std::fabs(x) <= 1.001f) continue;
            return corrupt_file("knowledge file: the vector of chunk " + std::to_string(last) +
                                " is not of length 1");
        }
        sink(last, vector.data(), read.integer(2) != 0);
    }
}

Result<Counts> read_counts(Database& db) {
    ALV_ASSIGN_OR_RETURN(Statement read, db.prepare("SELECT (SELECT count(*) FROM documents), "
                                                    "(SELECT count(*) FROM chunks)"));
    ALV_ASSIGN_OR_RETURN(const bool row, read.step());
    static_cast<void>(row);
    return Counts{static_cast<uint64_t>(read.integer(0)), static_cast<uint64_t>(read.integer(1))};
}

Result<std::optional<std::string>> read_hash(Database& db, const std::string& key) {
    ALV_ASSIGN_OR_RETURN(Statement read, db.prepare("SELECT hash FROM documents WHERE key = ?"));
    ALV_ASSIGN_OR_RETURN(const bool row, read.bind(1, std::string_view(key)).step());
    if (!row) return std::optional<std::string>();
    const std::span<const uint8_t> hash = read.blob(0);
    return std::optional<std::string>(std::string(hash.begin(), hash.end()));
}

Result<std::vector<std::string>> keys_of_source(Database& db, const std::string& source) {
    ALV_ASSIGN_OR_RETURN(Statement read,
                         db.prepare("SELECT key FROM documents WHERE source = ? ORDER BY id"));
    return texts(read.bind(1, std::string_view(source)));
}

Result<std::vector<std::string>> sources_under(Database& db, const std::string& prefix) {
    ALV_ASSIGN_OR_RETURN(Statement read,
                         db.prepare("SELECT DISTINCT source FROM documents WHERE "
                                    "substr(source, 1, length(?1)) = ?1 ORDER BY source"));
    return texts(read.bind(1, std::string_view(prefix)));
}

Result<std::vector<int64_t>> matching_chunks(Database& db, const Filter& filter) {
    ALV_ASSIGN_OR_RETURN(Statement read,
                         db.prepare("SELECT c.id FROM chunks c JOIN documents d ON d.id = "
                                    "c.document WHERE " +
                                    filter.sql + " ORDER BY c.id"));
    filter.bind(read, 1);
    return integers(read);
}

Result<std::vector<WordHit>> search_words(Database& db, std::string_view query, uint32_t n,
                                          const Filter& filter) {
    const std::string words = quoted_words(query);
    std::vector<WordHit> out;
    if (words.empty()) return out;
    std::string sql = "SELECT words.rowid, alv_bm25(words) AS score FROM words ";
    if (!filter.sql.empty()) {
        sql += "JOIN chunks c ON c.id = words.rowid JOIN documents d ON d.id = c.document ";
    }
    sql += "WHERE words MATCH ? ";
    if (!filter.sql.empty()) sql += "AND " + filter.sql + " ";
    sql += "ORDER BY score DESC, words.rowid LIMIT ?";
    ALV_ASSIGN_OR_RETURN(Statement read, db.prepare(sql));
    read.bind(1, std::string_view(words));
    filter.bind(read, 2);
    read.bind(static_cast<int>(filter.values.size()) + 2, int64_t{n});
    while (true) {
        ALV_ASSIGN_OR_RETURN(const bool row, read.step());
        if (!row) return out;
        out.push_back({read.integer(0), read.real(1)});
    }
}

Result<StoredPassage> read_passage(Database& db, int64_t chunk) {
    ALV_ASSIGN_OR_RETURN(
        Statement read,
        db.prepare("SELECT c.ordinal, d.key, d.source, c.text, c.metadata FROM chunks c "
                   "JOIN documents d ON d.id = c.document WHERE c.id = ?"));
    ALV_ASSIGN_OR_RETURN(const bool row, read.bind(1, chunk).step());
    const std::string which = "knowledge file: chunk " + std::to_string(chunk);
    if (!row) return corrupt_file(which + " is indexed but not there");
    StoredPassage out{chunk,
                      static_cast<uint32_t>(read.integer(0)),
                      std::string(read.text(1)),
                      std::string(read.text(2)),
                      std::string(read.text(3)),
                      std::string(read.text(4))};
    if (!utf8::is_valid(out.document) || !utf8::is_valid(out.source) || !utf8::is_valid(out.text)) {
        return corrupt_file(which + " is not UTF-8");
    }
    if (out.document.empty() || out.text.empty()) return corrupt_file(which + " is empty");
    if (!out.metadata.starts_with('{') || !nlohmann::json::accept(out.metadata)) {
        return corrupt_file(which + " has metadata that is no JSON object");
    }
    return out;
}

Result<SavedGraph> read_graph(Database& db) {
    SavedGraph out;
    ALV_ASSIGN_OR_RETURN(Statement meta, db.prepare("SELECT value FROM meta WHERE name = 'graph'"));
    ALV_ASSIGN_OR_RETURN(const bool there, meta.step());
    if (!there) return out;
    out.ids_hash = meta.integer(0);
    ALV_ASSIGN_OR_RETURN(Statement read, db.prepare("SELECT data FROM graph ORDER BY part"));
    while (true) {
        ALV_ASSIGN_OR_RETURN(const bool row, read.step());
        if (!row) return out;
        const std::span<const uint8_t> data = read.blob(0);
        out.bytes.append(data.begin(), data.end());
    }
}

Result<bool> has_graph(Database& db) {
    ALV_ASSIGN_OR_RETURN(Statement read, db.prepare("SELECT 1 FROM graph LIMIT 1"));
    return read.step();
}

Status write_graph(Database& db, const SavedGraph& graph, bool drop_ghosts) {
    ALV_RETURN_IF_ERROR(db.exec("DELETE FROM graph"));
    if (drop_ghosts) ALV_RETURN_IF_ERROR(db.exec("DELETE FROM ghosts"));
    ALV_ASSIGN_OR_RETURN(Statement meta, db.prepare("INSERT OR REPLACE INTO meta VALUES "
                                                    "('graph', ?)"));
    ALV_RETURN_IF_ERROR(meta.bind(1, graph.ids_hash).run());
    ALV_ASSIGN_OR_RETURN(Statement write, db.prepare("INSERT INTO graph(data) VALUES (?)"));
    for (size_t at = 0; at < graph.bytes.size(); at += kGraphPart) {
        const std::string_view part = std::string_view(graph.bytes).substr(at, kGraphPart);
        ALV_RETURN_IF_ERROR(write.bind_blob(1, bytes_of(part)).run());
    }
    return ok_status();
}

}  // namespace alv::knowledge
