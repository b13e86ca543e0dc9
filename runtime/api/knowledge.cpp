#include "api/knowledge.h"

#include <map>
#include <mutex>
#include <set>

#include "api/retriever.h"
#include "api/versioned.h"
#include "knowledge/fusion.h"

namespace alv::api {
namespace {

alv_knowledge_progress to_abi(const knowledge::Progress& from) {
    alv_knowledge_progress out = ALV_KNOWLEDGE_PROGRESS_INIT;
    out.documents = from.documents;
    out.total_documents = from.total;
    out.unchanged = from.unchanged;
    out.removed = from.removed;
    out.chunks = from.chunks;
    out.truncated = from.truncated;
    return out;
}

// The host's callback: says whether to go on, and remembers when it threw.
struct HostProgress {
    const alv_knowledge_add_options& options;
    bool threw = false;

    bool operator()(const knowledge::Progress& progress) {
        if (!options.progress) return true;
        alv_knowledge_progress told = to_abi(progress);
        told.current = view_of(progress.current);
        try {
            return options.progress(options.user_data, &told) == ALV_STATUS_OK;
        } catch (...) {
            threw = true;
            return false;
        }
    }
    Status status_of(Status status) const {
        if (!threw || status.code() != Code::kCancelled) return status;
        return Status(Code::kCallbackFailed, "the progress callback threw an exception");
    }
};

struct AddOptions {
    alv_knowledge_add_options abi;
    std::string source;
    std::string metadata;
};

Result<AddOptions> read_add_options(const alv_knowledge_add_options* given, uint32_t known) {
    const alv_knowledge_add_options defaults = ALV_KNOWLEDGE_ADD_OPTIONS_INIT;
    AddOptions out{};
    ALV_ASSIGN_OR_RETURN(out.abi, read_struct(given, defaults, "alv_knowledge_add_options"));
    ALV_RETURN_IF_ERROR(check_flags(out.abi.flags, known, "alv_knowledge_add_options.flags"));
    ALV_ASSIGN_OR_RETURN(const std::string_view source, read_string(out.abi.source, "source"));
    ALV_ASSIGN_OR_RETURN(const std::string_view metadata,
                         read_string(out.abi.metadata, "metadata"));
    out.source = source;
    out.metadata = metadata;
    return out;
}

Status add_text(alv_knowledge& handle, alv_string id, alv_string text,
                const alv_knowledge_add_options* given) {
    ALV_ASSIGN_OR_RETURN(const AddOptions options, read_add_options(given, ALV_KNOWLEDGE_MARKDOWN));
    ALV_ASSIGN_OR_RETURN(const std::string_view key, read_string(id, "id"));
    ALV_ASSIGN_OR_RETURN(const std::string_view what, read_string(text, "text"));
    const bool markdown = (options.abi.flags & ALV_KNOWLEDGE_MARKDOWN) != 0;
    std::vector<knowledge::Document> documents;
    documents.push_back({std::string(key), std::string(what), options.source, options.metadata,
                         markdown ? knowledge::Format::kMarkdown : knowledge::Format::kText});
    HostProgress progress{options.abi};
    // The callback may let the last handle go.
    const std::shared_ptr<knowledge::Knowledge> kept = handle.knowledge;
    return progress.status_of(kept->add(std::move(documents), std::ref(progress)).status());
}

Status add_path(alv_knowledge& handle, alv_string path, const alv_knowledge_add_options* given,
                alv_knowledge_progress* out_result) {
    constexpr uint32_t kFlags = ALV_KNOWLEDGE_MARKDOWN | ALV_KNOWLEDGE_PRUNE;
    ALV_ASSIGN_OR_RETURN(const AddOptions options, read_add_options(given, kFlags));
    ALV_ASSIGN_OR_RETURN(const std::string_view view, read_string(path, "path"));
    if (view.empty()) return invalid_argument("path is empty");
    if (view.find('\0') != view.npos) return invalid_argument("path has a NUL byte");
    HostProgress progress{options.abi};
    const std::shared_ptr<knowledge::Knowledge> kept = handle.knowledge;
    const bool prune = (options.abi.flags & ALV_KNOWLEDGE_PRUNE) != 0;
    Result<knowledge::Progress> result =
        kept->add_path(std::string(view), options.metadata, prune, std::ref(progress));
    if (!result.ok()) return progress.status_of(std::move(result).status());
    return out_result ? fill_struct(out_result, to_abi(*result), "alv_knowledge_progress")
                      : ok_status();
}

Status search(alv_knowledge& handle, const alv_query* given, uint32_t mode,
              alv_passages** out_passages) {
    ALV_ASSIGN_OR_RETURN(const engine::Query query, read_query(given));
    if (mode > ALV_KNOWLEDGE_WORDS) {
        return invalid_argument("mode is none of ALV_KNOWLEDGE_HYBRID, _VECTOR and _WORDS");
    }
    const std::shared_ptr<knowledge::Knowledge> kept = handle.knowledge;
    ALV_ASSIGN_OR_RETURN(const std::vector<knowledge::Hit> hits,
                         kept->search(knowledge::Search{query.text, query.k, query.filter_json,
                                                        static_cast<knowledge::Mode>(mode)}));
    std::vector<engine::Passage> passages;
    for (const knowledge::Hit& hit : hits) passages.push_back(knowledge::to_passage(hit));
    *out_passages = make_passages(std::move(passages));
    return ok_status();
}

// Searches on their way, by the retrieval that waits for each.
class Asks {
  public:
    void begin(alv_retrieval* retrieval) {
        const std::lock_guard lock(mutex_);
        tickets_[retrieval] = nullptr;
    }
    // Nothing if it is over already; cancels if that was asked for meanwhile.
    void set(alv_retrieval* retrieval, const std::shared_ptr<engine::Ticket>& ticket) {
        bool is_cancelled = false;
        {
            const std::lock_guard lock(mutex_);
            const auto found = tickets_.find(retrieval);
            if (found != tickets_.end()) found->second = ticket;
            is_cancelled = cancelled_.erase(retrieval) > 0;
        }
        if (is_cancelled) ticket->cancel();
    }
    void cancel(alv_retrieval* retrieval) {
        std::shared_ptr<engine::Ticket> ticket;
        {
            const std::lock_guard lock(mutex_);
            const auto found = tickets_.find(retrieval);
            if (found == tickets_.end()) return;
            ticket = found->second;
            if (!ticket) cancelled_.insert(retrieval);
        }
        if (ticket) ticket->cancel();
    }
    void end(alv_retrieval* retrieval) {
        const std::lock_guard lock(mutex_);
        tickets_.erase(retrieval);
        cancelled_.erase(retrieval);
    }

  private:
    std::mutex mutex_;
    std::map<alv_retrieval*, std::shared_ptr<engine::Ticket>> tickets_;  // null: not there yet
    std::set<alv_retrieval*> cancelled_;                                 // before it was there
};

// The built-in provider behind the public vtable.
struct Provider {
    std::shared_ptr<RuntimeCore> core;
    std::shared_ptr<engine::Retriever> retriever;
    std::shared_ptr<Asks> asks = std::make_shared<Asks>();
    int64_t pid = process_id();
};

// One answer on its way: holds the retrieval until the end.
void answer(alv_retrieval* retrieval, const Result<std::vector<engine::Passage>>& result) {
    if (result.ok()) {
        for (const engine::Passage& from : *result) {
            alv_passage passage = ALV_PASSAGE_INIT;
            passage.id = view_of(from.id);
            passage.text = view_of(from.text);
            passage.source = view_of(from.source);
            passage.metadata = view_of(from.metadata_json);
            passage.score = from.score;
            // One that is too large for a retrieval is left out.
            static_cast<void>(alv_retrieval_add(retrieval, &passage, nullptr));
        }
    }
    const Status status = result.status();
    static_cast<void>(alv_retrieval_finish(retrieval, static_cast<alv_status>(status.code()),
                                           view_of(status.message()), nullptr));
    alv_retrieval_release(retrieval);
}

alv_status provide(void* user_data, alv_retrieval* retrieval, const alv_query* asked) noexcept {
    return call(__func__, nullptr, [&]() -> Status {
        auto* provider = static_cast<Provider*>(user_data);
        ALV_RETURN_IF_ERROR(check_process(provider->pid));
        ALV_ASSIGN_OR_RETURN(engine::Query query, read_query(asked));
        const std::shared_ptr<Asks> asks = provider->asks;
        asks->begin(retrieval);
        alv_retrieval_retain(retrieval);
        Result<std::shared_ptr<engine::Ticket>> ticket = provider->retriever->submit(
            std::move(query),
            [asks, retrieval](const Result<std::vector<engine::Passage>>& result) {
                asks->end(retrieval);
                answer(retrieval, result);
            });
        if (ticket.ok()) {
            asks->set(retrieval, *ticket);
        } else {
            asks->end(retrieval);
            answer(retrieval, std::move(ticket).status());
        }
        return ok_status();
    });
}

void cancel_provided(void* user_data, alv_retrieval* retrieval) noexcept {
    auto* provider = static_cast<Provider*>(user_data);
    if (provider->pid != process_id()) return;
    call_plain([&]() -> int {
        const std::shared_ptr<Asks> asks = provider->asks;
        asks->cancel(retrieval);
        return 0;
    });
}

void release_provider(void* user_data) noexcept {
    auto* provider = static_cast<Provider*>(user_data);
    if (provider->pid != process_id()) return;
    call_plain([&]() -> int {
        delete provider;
        return 0;
    });
}

}  // namespace

Status open_knowledge(const alv_knowledge_options& options,
                      std::shared_ptr<engine::Embedder> embedder, std::string name,
                      std::shared_ptr<RuntimeCore> core, alv_knowledge** out_knowledge) {
    constexpr uint32_t kFlags =
        ALV_KNOWLEDGE_MUST_EXIST | ALV_KNOWLEDGE_SPLIT_BY_TOKENS | ALV_KNOWLEDGE_EXACT;
    ALV_RETURN_IF_ERROR(check_flags(options.flags, kFlags, "alv_knowledge_options.flags"));
    ALV_ASSIGN_OR_RETURN(const std::string_view path, read_string(options.path, "path"));
    knowledge::Options inner;
    inner.path = path;
    inner.create = (options.flags & ALV_KNOWLEDGE_MUST_EXIST) == 0;
    inner.embedder = std::move(embedder);
    inner.embedder_name = std::move(name);
    inner.split_by_tokens = (options.flags & ALV_KNOWLEDGE_SPLIT_BY_TOKENS) != 0;
    inner.exact = (options.flags & ALV_KNOWLEDGE_EXACT) != 0;
    if (options.chunk_size != 0) {
        inner.split.chunk_size = options.chunk_size;
        inner.split.chunk_overlap = options.chunk_overlap;
    }
    auto handle = std::make_unique<alv_knowledge>();
    handle->core = std::move(core);
    ALV_ASSIGN_OR_RETURN(handle->knowledge, knowledge::Knowledge::open(std::move(inner)));
    *out_knowledge = handle.release();
    return ok_status();
}

}  // namespace alv::api

using namespace alv;
using namespace alv::api;

void alv_knowledge_options_init(alv_knowledge_options* out_options, uint32_t struct_size) {
    const alv_knowledge_options defaults = ALV_KNOWLEDGE_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

void alv_knowledge_progress_init(alv_knowledge_progress* out_progress, uint32_t struct_size) {
    const alv_knowledge_progress defaults = ALV_KNOWLEDGE_PROGRESS_INIT;
    init_struct(out_progress, struct_size, defaults);
}

void alv_knowledge_add_options_init(alv_knowledge_add_options* out_options, uint32_t struct_size) {
    const alv_knowledge_add_options defaults = ALV_KNOWLEDGE_ADD_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

alv_status alv_knowledge_open(const alv_knowledge_options* given, alv_knowledge** out_knowledge,
                              alv_error** out_error) {
    if (out_knowledge) *out_knowledge = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(out_knowledge);
        const alv_knowledge_options defaults = ALV_KNOWLEDGE_OPTIONS_INIT;
        ALV_ASSIGN_OR_RETURN(const alv_knowledge_options options,
                             read_struct(given, defaults, "alv_knowledge_options"));
        const alv_embedder* embedder = options.embedder;
        if (!embedder) return open_knowledge(options, nullptr, {}, nullptr, out_knowledge);
        ALV_RETURN_IF_ERROR(check_process(*embedder->core));
        return open_knowledge(options, embedder->embedder, embedder->embedder->name(),
                              embedder->core, out_knowledge);
    });
}

void alv_knowledge_release(alv_knowledge* knowledge) {
    if (!knowledge || knowledge->pid != process_id()) return;
    call_plain([&]() -> int {
        delete knowledge;
        return 0;
    });
}

alv_status alv_knowledge_add_text(alv_knowledge* knowledge, alv_string id, alv_string text,
                                  const alv_knowledge_add_options* options, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(knowledge);
        ALV_RETURN_IF_ERROR(check_process(knowledge->pid));
        return add_text(*knowledge, id, text, options);
    });
}

alv_status alv_knowledge_add_path(alv_knowledge* knowledge, alv_string path,
                                  const alv_knowledge_add_options* options,
                                  alv_knowledge_progress* out_result, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(knowledge);
        ALV_RETURN_IF_ERROR(check_process(knowledge->pid));
        return add_path(*knowledge, path, options, out_result);
    });
}

alv_status alv_knowledge_remove(alv_knowledge* knowledge, alv_string id, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(knowledge);
        ALV_RETURN_IF_ERROR(check_process(knowledge->pid));
        ALV_ASSIGN_OR_RETURN(const std::string_view key, read_string(id, "id"));
        return knowledge->knowledge->remove(std::string(key));
    });
}

alv_status alv_knowledge_count(alv_knowledge* knowledge, uint64_t* out_documents,
                               uint64_t* out_chunks, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(knowledge);
        ALV_RETURN_IF_ERROR(check_process(knowledge->pid));
        ALV_ASSIGN_OR_RETURN(const knowledge::Counts counts, knowledge->knowledge->counts());
        if (out_documents) *out_documents = counts.documents;
        if (out_chunks) *out_chunks = counts.chunks;
        return ok_status();
    });
}

alv_status alv_knowledge_search(alv_knowledge* knowledge, const alv_query* query, uint32_t mode,
                                alv_passages** out_passages, alv_error** out_error) {
    if (out_passages) *out_passages = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(knowledge);
        ALV_REQUIRE(out_passages);
        ALV_RETURN_IF_ERROR(check_process(knowledge->pid));
        return search(*knowledge, query, mode, out_passages);
    });
}

alv_status alv_knowledge_retriever(alv_knowledge* knowledge, alv_retriever* out_retriever,
                                   alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(knowledge);
        ALV_REQUIRE(out_retriever);
        ALV_RETURN_IF_ERROR(check_process(knowledge->pid));
        auto provider = std::make_unique<Provider>();
        provider->core = knowledge->core;
        ALV_ASSIGN_OR_RETURN(provider->retriever, knowledge->knowledge->retriever());
        alv_retriever out = ALV_RETRIEVER_INIT;
        out.user_data = provider.get();
        out.retrieve = provide;
        out.cancel = cancel_provided;
        out.release = release_provider;
        ALV_RETURN_IF_ERROR(fill_struct(out_retriever, out, "alv_retriever"));
        // NOLINTNEXTLINE(bugprone-unused-return-value): the vtable owns it now
        static_cast<void>(provider.release());
        return ok_status();  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)
    });
}
