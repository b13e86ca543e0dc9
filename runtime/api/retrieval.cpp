#include "api/retrieval.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/call.h"
#include "api/versioned.h"

namespace alv::api {
namespace {

Status over() {
    return invalid_state("the retrieval is over: it was finished, cancelled or timed out");
}

Status too_large(const char* what, uint64_t size, uint64_t limit) {
    return limit_exceeded("the passage's " + std::string(what) + " has " + std::to_string(size) +
                          " bytes, at most " + std::to_string(limit) + " are possible");
}

// A JSON object, without building it.
bool is_json_object(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{' && nlohmann::json::accept(text);
}

Result<engine::Passage> read_passage(const alv_passage& given) {
    const alv_passage defaults = ALV_PASSAGE_INIT;
    ALV_ASSIGN_OR_RETURN(const alv_passage read, read_struct(&given, defaults, "alv_passage"));
    ALV_RETURN_IF_ERROR(check_reserved(read.reserved, "alv_passage"));
    ALV_ASSIGN_OR_RETURN(const std::string_view id, read_string(read.id, "alv_passage.id"));
    ALV_ASSIGN_OR_RETURN(const std::string_view text, read_string(read.text, "alv_passage.text"));
    ALV_ASSIGN_OR_RETURN(const std::string_view source,
                         read_string(read.source, "alv_passage.source"));
    ALV_ASSIGN_OR_RETURN(const std::string_view metadata,
                         read_string(read.metadata, "alv_passage.metadata"));
    if (id.empty()) return invalid_argument("alv_passage.id is empty");
    if (text.empty()) return invalid_argument("alv_passage.text is empty");
    if (!std::isfinite(read.score)) return invalid_argument("alv_passage.score is not finite");
    constexpr uint64_t kId = ALV_RETRIEVER_MAX_ID_BYTES;
    if (id.size() > kId) return too_large("id", id.size(), kId);
    if (source.size() > kId) return too_large("source", source.size(), kId);
    if (text.size() > ALV_RETRIEVER_MAX_TEXT_BYTES) {
        return too_large("text", text.size(), ALV_RETRIEVER_MAX_TEXT_BYTES);
    }
    if (metadata.size() > ALV_RETRIEVER_MAX_METADATA_BYTES) {
        return too_large("metadata", metadata.size(), ALV_RETRIEVER_MAX_METADATA_BYTES);
    }
    if (!metadata.empty() && !is_json_object(metadata)) {
        return invalid_argument("alv_passage.metadata is not a JSON object");
    }
    return engine::Passage{std::string(id), std::string(text), std::string(metadata),
                           std::string(source), read.score};
}

}  // namespace

HostVtable::~HostVtable() {
    if (!calls_.release) return;
    try {
        calls_.release(calls_.user_data);
    } catch (...) {
        // There is nobody left to tell.
    }
}

Result<std::shared_ptr<engine::Ticket>> Retrieval::start(std::shared_ptr<const HostVtable> vtable,
                                                         const engine::Query& query,
                                                         engine::Retriever::Done done) {
    const auto state = std::make_shared<Retrieval>(std::move(vtable), query.k, std::move(done));
    state->self_ = state;
    state->handle_.refs = 1;  // the callback's own
    alv_query asked = ALV_QUERY_INIT;
    asked.k = query.k;
    asked.text = view_of(query.text);
    asked.filter = view_of(query.filter_json);
    const alv_retriever& calls = state->vtable_->calls();
    try {
        const alv_status status = calls.retrieve(calls.user_data, &state->handle_, &asked);
        if (status != ALV_STATUS_OK) {
            state->fail_if_open("the retriever failed: ", status);
        }
    } catch (...) {
        state->fail_if_open("the retriever threw an exception");
    }
    alv_retrieval_release(&state->handle_);
    return std::shared_ptr<engine::Ticket>(state);
}

Status Retrieval::end(Status status) {
    return end_if_open(std::move(status)) ? ok_status() : over();
}

bool Retrieval::end_if_open(Status status) {
    engine::Retriever::Done done;
    std::vector<engine::Passage> passages;
    {
        const std::lock_guard lock(mutex_);
        if (!done_) return false;
        done = std::exchange(done_, nullptr);
        passages = std::move(passages_);
    }
    if (status.ok()) {
        done(std::move(passages));
    } else {
        done(std::move(status));
    }
    return true;
}

void Retrieval::fail_if_open(const char* message, alv_status status) noexcept {
    Status why(Code::kOutOfHostMemory, {});
    try {
        std::string text(message);
        if (status != ALV_STATUS_OK) text += alv_status_name(status);
        why = Status(Code::kCallbackFailed, std::move(text));
    } catch (const std::bad_alloc&) {
        // Then that is what it fails with.
    }
    // That it is over already is no failure here.
    static_cast<void>(end_if_open(std::move(why)));
}

void Retrieval::cancel() {
    // An owner for the callback, unless the last one just went, who then ends it.
    uint32_t refs = handle_.refs;
    do {
        if (refs == 0) return;
    } while (!handle_.refs.compare_exchange_weak(refs, refs + 1));
    const alv_retriever& calls = vtable_->calls();
    if (end_if_open(cancelled("the retrieval was cancelled")) && calls.cancel) {
        try {
            calls.cancel(calls.user_data, &handle_);
        } catch (...) {
            // It is cancelled all the same.
        }
    }
    alv_retrieval_release(&handle_);
}

Status Retrieval::add(const alv_passage& given) {
    ALV_ASSIGN_OR_RETURN(engine::Passage passage, read_passage(given));
    const uint64_t bytes = passage.id.size() + passage.text.size() + passage.source.size() +
                           passage.metadata_json.size();
    const std::lock_guard lock(mutex_);
    if (!done_) return over();
    if (passages_.size() >= k_) {
        return limit_exceeded("the query asked for " + std::to_string(k_) + " passages at most");
    }
    if (bytes_ + bytes > ALV_RETRIEVER_MAX_TOTAL_BYTES) {
        return limit_exceeded("all passages together have more than " +
                              std::to_string(ALV_RETRIEVER_MAX_TOTAL_BYTES) + " bytes");
    }
    if (passages_.size() == passages_.capacity()) passages_.reserve(passages_.size() * 2 + 1);
    if (!ids_.insert(passage.id).second) {
        return invalid_argument("the passage \"" + passage.id + "\" was added before");
    }
    bytes_ += bytes;
    passages_.push_back(std::move(passage));
    return ok_status();
}

Status Retrieval::finish(alv_status status, std::string_view message) {
    if (status == ALV_STATUS_OK) return end(ok_status());
    std::string said = std::string("the retriever failed: ") + alv_status_name(status);
    if (!message.empty()) said += ": " + std::string(message);
    return end(Status(Code::kCallbackFailed, std::move(said)));
}

void Retrieval::abandoned() {
    std::shared_ptr<Retrieval> self;
    {
        const std::lock_guard lock(mutex_);
        self = std::move(self_);
    }
    fail_if_open("the retriever let its retrieval go and had not finished it");
}

}  // namespace alv::api
