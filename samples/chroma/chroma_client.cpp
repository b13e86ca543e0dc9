#include "chroma_client.h"

#include <curl/curl.h>

#include <algorithm>
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

// Runs the transfer; between its turns it looks whether it is still wanted.
CURLcode perform(CURL* curl, const std::atomic<bool>& cancelled) {
    const std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> owner(curl_multi_init(),
                                                              curl_multi_cleanup);
    CURLM* const multi = owner.get();
    if (!multi || curl_multi_add_handle(multi, curl) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
    CURLcode code = CURLE_OK;
    int n_running = 1;
    while (n_running > 0 && code == CURLE_OK) {
        if (cancelled) code = CURLE_ABORTED_BY_CALLBACK;
        if (code != CURLE_OK || curl_multi_perform(multi, &n_running) != CURLM_OK) break;
        if (n_running > 0) curl_multi_poll(multi, nullptr, 0, 50, nullptr);
    }
    int n_left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &n_left)) {
        if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    curl_multi_remove_handle(multi, curl);
    return n_running > 0 && code == CURLE_OK ? CURLE_ABORTED_BY_CALLBACK : code;
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

// Null where it is no JSON, or nested so deep that nobody meant it: what writes JSON recurses.
json parse(const std::string& body) {
    constexpr int kDeepest = 32;
    bool is_too_deep = false;
    json parsed = json::parse(
        body,
        [&](int depth, json::parse_event_t, const json&) {
            is_too_deep = is_too_deep || depth > kDeepest;
            return depth <= kDeepest;
        },
        false);
    return is_too_deep ? json() : parsed;
}

// {"error": "...", "message": "..."}, or the body's beginning: of printable ASCII alone, since
// nobody knows what a server sends.
std::string reason(const std::string& body) {
    const json answer = parse(body);
    std::string text = body;
    if (answer.is_object() && answer.contains("message") && answer["message"].is_string()) {
        text = answer["message"];
    }
    text.resize(std::min<size_t>(text.size(), 200));
    for (char& c : text) {
        if (c < 0x20 || c > 0x7e) c = '?';
    }
    return text;
}

json parse(const std::string& body, const char* what) {
    json answer = parse(body);
    if (!answer.is_object()) {
        throw Error(ALV_STATUS_CORRUPT_FILE, std::string("the server's ") + what + " is no JSON");
    }
    return answer;
}

std::string space_of(const json& collection) {
    const json& configuration = collection.value("configuration_json", json::object());
    for (const char* index : {"hnsw", "spann"}) {
        if (configuration.is_object() && configuration.contains(index) &&
            configuration[index].is_object() && configuration[index].contains("space") &&
            configuration[index]["space"].is_string()) {
            return configuration[index]["space"];
        }
    }
    return "l2";  // Chroma's own default
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
    Transfer transfer{{}, server_.max_body_bytes};
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
    const CURLcode code = perform(curl, cancelled);
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

Collection Client::collection(const std::string& name, bool make) const {
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
    return {parsed["id"], space_of(parsed)};
}

void Client::upsert(const Collection& collection, const std::vector<Document>& documents,
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
    request("/" + collection.id + "/upsert", &text, kNever);
}

std::vector<Found> Client::query(const Collection& collection, const std::vector<float>& vector,
                                 uint32_t k, const std::string& where,
                                 const std::atomic<bool>& cancelled) const {
    json body = {{"query_embeddings", json::array({vector})},
                 {"n_results", k},
                 {"include", {"documents", "metadatas", "distances"}}};
    if (!where.empty()) {
        body["where"] = parse(where);
        if (!body["where"].is_object()) {
            throw Error(ALV_STATUS_INVALID_ARGUMENT, "the filter is no JSON object");
        }
    }
    const std::string text = body.dump();
    const json answer = parse(request("/" + collection.id + "/query", &text, cancelled), "answer");
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
        const double distance = distances[i];
        one.score = 1 - (collection.space == "l2" ? distance / 2 : distance);
        if (metadatas[i].is_object() && metadatas[i].contains("source") &&
            metadatas[i]["source"].is_string()) {
            one.source = metadatas[i]["source"];
        }
        found.push_back(std::move(one));
    }
    return found;
}

}  // namespace chroma
