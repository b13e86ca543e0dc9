// As much of Chroma's HTTP API (/api/v2) as a knowledge provider needs.
#pragma once

#include <alviss/alviss.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace chroma {

struct Error : std::runtime_error {
    Error(alv_status code, const std::string& message)
        : std::runtime_error(message), status(code) {}
    alv_status status;
};

struct Document {
    std::string id;
    std::string text;
    std::string metadata;  // a JSON object; may be empty
};

struct Found {
    Document document;
    std::string source;  // metadata's "source", if it has one
    double score = 0;    // cosine similarity, if the collection's vectors have length 1
};

struct Collection {
    std::string id;
    std::string space;  // of its distances: "cosine", "l2" (squared) or "ip"
};

struct Server {
    std::string url;  // http://127.0.0.1:8000
    std::chrono::milliseconds connect_timeout{2'000};
    std::chrono::milliseconds timeout{10'000};  // of one request, from its start to its end
    size_t max_body_bytes = 16u << 20;          // of an answer
    std::string tenant = "default_tenant";
    std::string database = "default_database";
};

// Each call is one or two requests, and throws Error: timeout, I/O error (no connection, a status
// that is no success, with what the server says), corrupt file (an answer that is none), limit
// exceeded (a body that is too large), not found, cancelled. Thread-safe. Proxies of the
// environment are not used.
class Client {
  public:
    explicit Client(Server server);

    // A collection by its name; `make` makes it, with cosine distance, if there is none.
    Collection collection(const std::string& name, bool make) const;
    // One vector a document, one after the other. What has the same id is replaced.
    void upsert(const Collection& collection, const std::vector<Document>& documents,
                const std::vector<float>& vectors) const;
    // The k nearest to a vector of length 1, best first. `where` is a JSON object in Chroma's
    // language, or empty. Ends within 50 ms after `cancelled` is set.
    std::vector<Found> query(const Collection& collection, const std::vector<float>& vector,
                             uint32_t k, const std::string& where,
                             const std::atomic<bool>& cancelled) const;

  private:
    std::string request(const std::string& path, const std::string* body,
                        const std::atomic<bool>& cancelled) const;

    Server server_;
    std::string base_;  // of the database's collections
};

}  // namespace chroma
