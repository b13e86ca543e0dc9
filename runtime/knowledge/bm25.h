// How well the words of a query fit a chunk.
#pragma once

struct sqlite3;

namespace alv::knowledge {

// Gives the connection alv_bm25(words): Okapi BM25 with k1 = 1.2 and b = 0.75, higher is better.
// A word counts log(1 + (N - n + 0.5) / (n + 0.5)) where n of N chunks have it. (SQLite's own bm25
// counts a word that half of the chunks have as nothing, which in a small knowledge base is most.)
// Gives a result code of SQLite's.
int register_bm25(sqlite3* db);

}  // namespace alv::knowledge
