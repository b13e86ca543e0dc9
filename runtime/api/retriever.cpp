#include "api/retriever.h"

#include "api/handles.h"
#include "api/retrieval.h"
#include "api/versioned.h"

namespace alv::api {
namespace {

constexpr uint32_t kDefaultK = 4;

class HostRetriever final : public engine::Retriever {
  public:
    explicit HostRetriever(std::shared_ptr<const HostVtable> vtable) : vtable_(std::move(vtable)) {}

    Result<std::shared_ptr<engine::Ticket>> submit(engine::Query query, Done done) override {
        return Retrieval::start(vtable_, query, std::move(done));
    }

  private:
    const std::shared_ptr<const HostVtable> vtable_;
};

Result<alv_retriever> read_retriever(const alv_retriever* given) {
    if (!given) return invalid_argument("retriever is NULL");
    const alv_retriever defaults = ALV_RETRIEVER_INIT;
    ALV_ASSIGN_OR_RETURN(const alv_retriever read, read_struct(given, defaults, "alv_retriever"));
    ALV_RETURN_IF_ERROR(check_reserved(read.reserved, "alv_retriever"));
    if (!read.retrieve) return invalid_argument("alv_retriever.retrieve is NULL");
    return read;
}

// Waits for one retrieval.
class Waiter {
  public:
    void set(Result<std::vector<engine::Passage>> result) {
        const std::lock_guard lock(mutex_);
        result_ = std::make_unique<Result<std::vector<engine::Passage>>>(std::move(result));
        changed_.notify_all();
    }
    bool wait(std::chrono::steady_clock::time_point deadline) {
        std::unique_lock lock(mutex_);
        const auto there = [&] { return result_ != nullptr; };
        if (deadline != std::chrono::steady_clock::time_point::max()) {
            return changed_.wait_until(lock, deadline, there);
        }
        changed_.wait(lock, there);
        return true;
    }
    Result<std::vector<engine::Passage>> take() {
        const std::lock_guard lock(mutex_);
        return std::move(*result_);
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::unique_ptr<Result<std::vector<engine::Passage>>> result_;
};

Status ask(const alv_retriever* given, const alv_query* asked, uint64_t timeout_us,
           alv_passages** out_passages) {
    ALV_REQUIRE(out_passages);
    ALV_ASSIGN_OR_RETURN(alv_retriever read, read_retriever(given));
    read.release = nullptr;
    ALV_ASSIGN_OR_RETURN(engine::Query query, read_query(asked));
    HostRetriever retriever(std::make_shared<const HostVtable>(read));
    const auto waiter = std::make_shared<Waiter>();
    ALV_ASSIGN_OR_RETURN(
        const std::shared_ptr<engine::Ticket> ticket,
        retriever.submit(std::move(query), [waiter](Result<std::vector<engine::Passage>> result) {
            waiter->set(std::move(result));
        }));
    if (!waiter->wait(deadline_after(timeout_us))) {
        ticket->cancel();
        return Status(Code::kTimeout, "the retriever has not finished in time; it was cancelled");
    }
    ALV_ASSIGN_OR_RETURN(std::vector<engine::Passage> passages, waiter->take());
    *out_passages = make_passages(std::move(passages));
    return ok_status();
}

}  // namespace

Result<std::shared_ptr<engine::Retriever>> take_retriever(const alv_retriever* given) {
    ALV_ASSIGN_OR_RETURN(const alv_retriever read, read_retriever(given));
    return std::shared_ptr<engine::Retriever>(
        std::make_shared<HostRetriever>(std::make_shared<const HostVtable>(read)));
}

Result<engine::Query> read_query(const alv_query* given) {
    if (!given) return invalid_argument("query is NULL");
    const alv_query defaults = ALV_QUERY_INIT;
    ALV_ASSIGN_OR_RETURN(const alv_query read, read_struct(given, defaults, "alv_query"));
    ALV_ASSIGN_OR_RETURN(const std::string_view text, read_string(read.text, "alv_query.text"));
    ALV_ASSIGN_OR_RETURN(const std::string_view filter,
                         read_string(read.filter, "alv_query.filter"));
    if (read.k > ALV_RETRIEVER_MAX_PASSAGES) {
        return limit_exceeded("alv_query.k is " + std::to_string(read.k) + ", at most " +
                              std::to_string(ALV_RETRIEVER_MAX_PASSAGES) + " are possible");
    }
    return engine::Query{std::string(text), read.k ? read.k : kDefaultK, std::string(filter)};
}

alv_passages* make_passages(std::vector<engine::Passage> passages) {
    auto out = std::make_unique<alv_passages>();
    out->passages = std::move(passages);
    for (const engine::Passage& passage : out->passages) {
        alv_passage view = ALV_PASSAGE_INIT;
        view.id = view_of(passage.id);
        view.text = view_of(passage.text);
        view.source = view_of(passage.source);
        view.metadata = view_of(passage.metadata_json);
        view.score = passage.score;
        out->views.push_back(view);
    }
    return out.release();
}

}  // namespace alv::api

using namespace alv;
using namespace alv::api;

void alv_query_init(alv_query* out_query, uint32_t struct_size) {
    const alv_query defaults = ALV_QUERY_INIT;
    init_struct(out_query, struct_size, defaults);
}

void alv_passage_init(alv_passage* out_passage, uint32_t struct_size) {
    const alv_passage defaults = ALV_PASSAGE_INIT;
    init_struct(out_passage, struct_size, defaults);
}

void alv_retriever_init(alv_retriever* out_retriever, uint32_t struct_size) {
    const alv_retriever defaults = ALV_RETRIEVER_INIT;
    init_struct(out_retriever, struct_size, defaults);
}

alv_status alv_retrieval_add(alv_retrieval* retrieval, const alv_passage* passage,
                             alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(retrieval);
        ALV_REQUIRE(passage);
        return retrieval->whole->add(*passage);
    });
}

alv_status alv_retrieval_finish(alv_retrieval* retrieval, alv_status status, alv_string message,
                                alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(retrieval);
        ALV_ASSIGN_OR_RETURN(const std::string_view said, read_string(message, "message"));
        return retrieval->whole->finish(status, said);
    });
}

alv_retrieval* alv_retrieval_retain(alv_retrieval* retrieval) {
    if (retrieval) ++retrieval->refs;
    return retrieval;
}

void alv_retrieval_release(alv_retrieval* retrieval) {
    if (!retrieval || --retrieval->refs != 0) return;
    call_plain([&]() -> int {
        retrieval->whole->abandoned();
        return 0;
    });
}

uint64_t alv_passages_count(const alv_passages* passages) {
    return passages ? passages->views.size() : 0;
}

const alv_passage* alv_passages_get(const alv_passages* passages, uint64_t index) {
    return passages && index < passages->views.size() ? &passages->views[index] : nullptr;
}

void alv_passages_release(alv_passages* passages) {
    call_plain([&]() -> int {
        delete passages;
        return 0;
    });
}

alv_status alv_retriever_query(const alv_retriever* retriever, const alv_query* query,
                               uint64_t timeout_us, alv_passages** out_passages,
                               alv_error** out_error) {
    if (out_passages) *out_passages = nullptr;
    return call(__func__, out_error,
                [&] { return ask(retriever, query, timeout_us, out_passages); });
}
