// Where passages come from: a knowledge base of the host's, or the built-in one. Interface only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"

namespace alv::engine {

// All text is UTF-8, whoever gave it.
struct Passage {
    std::string id;             // unique in its retriever, never empty
    std::string text;           // never empty
    std::string metadata_json;  // a JSON object, or empty
    std::string source;         // where it comes from, for people: a path, a title; or empty
    double score = 0;           // higher is better; comparable within one retriever only
};

struct Query {
    std::string text;
    uint32_t k = 0;           // at most this many passages, at least 1
    std::string filter_json;  // a JSON object in the retriever's own language, or empty
};

// Thread-safe.
class Retriever {
  public:
    // At most k passages, best first, ids not repeated; or why there are none.
    using Done = std::function<void(Result<std::vector<Passage>>)>;

    virtual ~Retriever() = default;
    // Returns at once or after the work is done. `done` is called once, by any thread, with no lock
    // held, perhaps before this returns; never when this fails. Ticket::cancel lets it come soon,
    // as `cancelled`.
    virtual Result<std::shared_ptr<Ticket>> submit(Query query, Done done) = 0;
};

}  // namespace alv::engine
