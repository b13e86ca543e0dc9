#include "knowledge/bm25.h"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <vector>

namespace alv::knowledge {
namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;

// What is the same for all chunks of one query.
struct Weights {
    double average_size = 1;   // of a chunk, in words
    std::vector<double> idf;   // a phrase
    std::vector<double> hits;  // a phrase, in the chunk at hand
};

int count_row(const Fts5ExtensionApi*, Fts5Context*, void* n) {
    ++*static_cast<sqlite3_int64*>(n);
    return SQLITE_OK;
}

int read_weights(const Fts5ExtensionApi* api, Fts5Context* fts, Weights& out) {
    sqlite3_int64 n_chunks = 0;
    sqlite3_int64 n_words = 0;
    int result = api->xRowCount(fts, &n_chunks);
    if (result == SQLITE_OK) result = api->xColumnTotalSize(fts, 0, &n_words);
    if (result != SQLITE_OK) return result;
    if (n_chunks <= 0 || n_words < 0) return SQLITE_CORRUPT_VTAB;
    out.average_size = std::max(static_cast<double>(n_words) / static_cast<double>(n_chunks), 1.0);
    const int n_phrases = api->xPhraseCount(fts);
    for (int i = 0; i < n_phrases && result == SQLITE_OK; ++i) {
        sqlite3_int64 n_with = 0;
        result = api->xQueryPhrase(fts, i, &n_with, count_row);
        // A file that was tampered with may have more chunks with a word than chunks.
        const auto without = static_cast<double>(std::max(n_chunks - n_with, sqlite3_int64{0}));
        out.idf.push_back(std::log(1 + (without + 0.5) / (static_cast<double>(n_with) + 0.5)));
    }
    out.hits.resize(out.idf.size());
    return result;
}

int score_chunk(const Fts5ExtensionApi* api, Fts5Context* fts, Weights& weights, double& out) {
    int size = 0;
    int n_hits = 0;
    int result = api->xColumnSize(fts, 0, &size);
    if (result == SQLITE_OK) result = api->xInstCount(fts, &n_hits);
    std::fill(weights.hits.begin(), weights.hits.end(), 0.0);
    for (int i = 0; i < n_hits && result == SQLITE_OK; ++i) {
        int phrase = 0;
        int column = 0;
        int word = 0;
        result = api->xInst(fts, i, &phrase, &column, &word);
        if (result == SQLITE_OK) weights.hits.at(static_cast<size_t>(phrase)) += 1;
    }
    const double length = kK1 * (1 - kB + kB * std::max(size, 0) / weights.average_size);
    for (size_t i = 0; i < weights.idf.size(); ++i) {
        out += weights.idf[i] * weights.hits[i] * (kK1 + 1) / (weights.hits[i] + length);
    }
    return result;
}

void bm25(const Fts5ExtensionApi* api, Fts5Context* fts, sqlite3_context* context, int,
          sqlite3_value**) {
    try {
        auto* weights = static_cast<Weights*>(api->xGetAuxdata(fts, 0));
        int result = SQLITE_OK;
        if (!weights) {
            auto made = std::make_unique<Weights>();
            result = read_weights(api, fts, *made);
            weights = made.release();
            const auto drop = [](void* p) { delete static_cast<Weights*>(p); };
            // Takes it over, also when it fails.
            const int kept = api->xSetAuxdata(fts, weights, drop);
            if (result == SQLITE_OK) result = kept;
        }
        double score = 0;
        if (result == SQLITE_OK) result = score_chunk(api, fts, *weights, score);
        if (result != SQLITE_OK) return sqlite3_result_error_code(context, result);
        sqlite3_result_double(context, score);
    } catch (const std::bad_alloc&) {
        sqlite3_result_error_nomem(context);
    } catch (...) {
        sqlite3_result_error_code(context, SQLITE_CORRUPT_VTAB);
    }
}

}  // namespace

int register_bm25(sqlite3* db) {
    sqlite3_stmt* ask = nullptr;
    fts5_api* api = nullptr;
    const int result = sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &ask, nullptr);
    if (result != SQLITE_OK) return result;
    sqlite3_bind_pointer(ask, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    sqlite3_step(ask);
    const int finished = sqlite3_finalize(ask);
    if (finished != SQLITE_OK) return finished;
    if (!api || api->iVersion < 2) return SQLITE_INTERNAL;
    return api->xCreateFunction(api, "alv_bm25", nullptr, bm25, nullptr);
}

}  // namespace alv::knowledge
