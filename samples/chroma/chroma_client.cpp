#include "chroma_client.h"

#include <curl/curl.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace chroma {
namespace {

using nlohmann::json;

const std::atomic<bool> kNever{false};

struct Transfer {
    std::string body;
    size_t max_bytes;
    const std::atomic<bool>* cancelled;
    bool is_too_large = false;
};

// No exception may go through curl.
size_t receive(char* data, size_t, size_t size, void* user_data) noexcept {
    auto* transfer = static_cast<Transfer*>(user_data);
    if (transfer->body.size() + size > transfer->max_bytes) {
        transfer->is_too_large = true;
        return 0;
    }
    try {
        transfer->body.append(data, size);
    } catch (...) {
        return 0;
    }
    return size;
}

int watch(void* user_data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    return static_cast<Transfer*>(user_data)->cancelled->load() ? 1 : 0;
}

[[noreturn]] void fail(CURLcode code, const Transfer& transfer, const std::string& url) {
    if (transfer.is_too_large) {
        throw Error(ALV_STATUS_LIMIT_EXCEEDED, url + ": the answer has more than " +
                                                   std::to_string(transfer.max_bytes) + " bytes");
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) throw Error(ALV_STATUS_CANCELLED, "cancelled");
    const bool timed_out = code == CURLE_OPERATION_TIMEDOUT;
    throw Error(timed_out ? ALV_STATUS_TIMEOUT : ALV_STATUS_IO_ERROR,
                url + ": " + curl_easy_strerror(code));
}

// {"error": "...", "message": "..."}, or the body's beginning.
std::string reason(const std::string& body) {
    const json answer = json::parse(body, nullptr, false);
    if (answer.is_object() && answer.contains("message") && answer["message"].is_string()) {
        return answer["message"];
    }
    return body.substr(0, 200);
}

json parse(const std::string& body, const char* what) {
    json answer = json::parse(body, nullptr, false);
    if (!answer.is_object()) {
        throw Error(ALV_STATUS_CORRUPT_FILE, std::string("the server's ") + what + " is no JSON");
    }
    return answer;
}

// Column `name` of the only row of a query's answer.
const json& column(const json& answer, const char* name) {
    if (!answer.contains(name) || !answer[name].is_array() || answer[name].size() != 1 ||
        !answer[name][0].is_array()) {
        throw Error(ALV_STATUS_CORRUPT_FILE, std::string("the server's answer has no ") + name);
    }
    return answer[name][0];
}

}  // namespace

Client::Client(Server server)
    : server_(std::move(server)),
      base_(server_.url + "/api/v2/tenants/" + server_.tenant + "/databases/" + server_.database +
            "/collections") {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) throw Error(ALV_STATUS_IO_ERROR, "libcurl does not start");
}

std::string Client::request(const std::string& path, const std::string* body,
                            const std::atomic<bool>& cancelled) const {
    const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(), curl_easy_cleanup);
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
    if (!handle || !headers) throw Error(ALV_STATUS_OUT_OF_HOST_MEMORY, "no memory for a request");
    Transfer transfer{{}, server_.max_body_bytes, &cancelled};
    const std::string url = base_ + path;
    CURL* const curl = handle.get();
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(server_.connect_timeout.count()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(server_.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->c_str());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) fail(code, transfer, url);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 404) throw Error(ALV_STATUS_NOT_FOUND, reason(transfer.body));
    if (status < 200 || status > 299) {
        throw Error(status == 400 ? ALV_STATUS_INVALID_ARGUMENT : ALV_STATUS_IO_ERROR,
                    "the server answers " + std::to_string(status) + ": " + reason(transfer.body));
    }
    return std::move(transfer.body);
}

std::string Client::collection(const std::string& name, bool make) const {
    std::string answer;
    if (make) {
        const std::string body = json{{"name", name},
                                      {"get_or_create", true},
                                      {"configuration", {{"hnsw", {{"space", "cosine"}}}}}}
                                     .dump();
        answer = request("", &body, kNever);
    } else {
        const std::unique_ptr<char, void (*)(void*)> escaped(
            curl_easy_escape(nullptr, name.c_str(), static_cast<int>(name.size())), curl_free);
        if (!escaped) throw Error(ALV_STATUS_OUT_OF_HOST_MEMORY, "no memory for a name");
        answer = request(std::string("/") + escaped.get(), nullptr, kNever);
    }
    const json parsed = parse(answer, "collection");
    if (!parsed.contains("id") || !parsed["id"].is_string()) {
        throw Error(ALV_STATUS_CORRUPT_FILE, "the server's collection has no id");
    }
    return parsed["id"];
}

void Client::upsert(const std::string& collection_id, const std::vector<Document>& documents,
                    const std::vector<float>& vectors) const {
    if (documents.empty()) return;
    const size_t dim = vectors.size() / documents.size();
    json body = {{"ids", json::array()},
                 {"documents", json::array()},
                 {"metadatas", json::array()},
                 {"embeddings", json::array()}};
    for (size_t i = 0; i < documents.size(); ++i) {
        const auto first = vectors.begin() + static_cast<long>(i * dim);
        body["ids"].push_back(documents[i].id);
        body["documents"].push_back(documents[i].text);
        body["metadatas"].push_back(
            documents[i].metadata.empty() ? json() : json::parse(documents[i].metadata));
        body["embeddings"].push_back(std::vector<float>(first, first + static_cast<long>(dim)));
    }
    const std::string text = body.dump();
    request("/" + collection_id + "/upsert", &text, kNever);
}

std::vector<Found> Client::query(const std::string& collection_id, const std::vector<float>& vector,
                                 uint32_t k, const std::string& where,
                                 const std::atomic<bool>& cancelled) const {
    json body = {{"query_embeddings", json::array({vector})},
                 {"n_results", k},
                 {"include", {"documents", "metadatas", "distances"}}};
    if (!where.empty()) {
        body["where"] = json::parse(where, nullptr, false);
        if (!body["where"].is_object()) {
            throw Error(ALV_STATUS_INVALID_ARGUMENT, "the filter is no JSON object");
        }
    }
    const std::string text = body.dump();
    const json answer = parse(request("/" + collection_id + "/query", &text, cancelled), "answer");
    const json& ids = column(answer, "ids");
    const json& documents = column(answer, "documents");
    const json& metadatas = column(answer, "metadatas");
    const json& distances = column(answer, "distances");
    if (documents.size() != ids.size() || metadatas.size() != ids.size() ||
        distances.size() != ids.size()) {
        throw Error(ALV_STATUS_CORRUPT_FILE, "the server's answer has columns of several lengths");
    }
    std::vector<Found> found;
    for (size_t i = 0; i < ids.size(); ++i) {
        if (!ids[i].is_string() || !documents[i].is_string() || !distances[i].is_number()) continue;
        Found one;
        one.document = {ids[i], documents[i], metadatas[i].is_object() ? metadatas[i].dump() : ""};
        one.score = 1 - distances[i].get<double>();
        if (metadatas[i].is_object() && metadatas[i].contains("source") &&
            metadatas[i]["source"].is_string()) {
            one.source = metadatas[i]["source"];
        }
        found.push_back(std::move(one));
    }
    return found;
}

}  // namespace chroma
