// Vectors, the built-in knowledge base, and a base class for the host's own. C++17.
#ifndef ALVISS_KNOWLEDGE_HPP
#define ALVISS_KNOWLEDGE_HPP

#include "result.hpp"

namespace alviss {

// See embedder.h. Immutable, thread-safe. Since 0.1
class Embedder {
  public:
    // `model` has to be ready; the embedder keeps it.
    static Result<Embedder> create(alv_model* model) {
        return detail::make<Embedder, alv_embedder>(
            [&](auto** out, auto** error) { return alv_embedder_create(model, out, error); });
    }
    explicit Embedder(alv_embedder* owned) : handle_(owned) {}
    alv_embedder* get() const { return handle_.get(); }

    uint32_t dim() const { return alv_embedder_dim(get()); }
    uint32_t max_tokens() const { return alv_embedder_max_tokens(get()); }
    // One vector of dim() numbers a text, one after the other. Waits.
    Result<std::vector<float>> embed(const std::vector<std::string>& texts) {
        std::vector<alv_string> views;
        views.reserve(texts.size());
        for (const std::string& text : texts) views.push_back(to_abi(text));
        std::vector<float> vectors(texts.size() * dim());
        const Status status = detail::run([&](auto** error) {
            return alv_embedder_embed(get(), views.data(), views.size(), vectors.data(),
                                      vectors.size(), error);
        });
        if (!status) return status.error();
        return vectors;
    }

  private:
    detail::Owner<alv_embedder, alv_embedder_release> handle_;
};

// What a query found, best first. Immutable, thread-safe. Since 0.1
class Passages {
  public:
    explicit Passages(alv_passages* owned) : handle_(owned) {}
    alv_passages* get() const { return handle_.get(); }

    uint64_t size() const { return alv_passages_count(get()); }
    // Borrowed until the passages go; `index` is less than size().
    const alv_passage& operator[](uint64_t index) const { return *alv_passages_get(get(), index); }

  private:
    detail::Owner<alv_passages, alv_passages_release> handle_;
};

// One query in flight, as a Retriever sees it. It has failed when the last copy goes before it was
// finished. Thread-safe. Since 0.1
class Retrieval {
  public:
    explicit Retrieval(alv_retrieval* owned) : handle_(owned, alv_retrieval_release) {}
    alv_retrieval* get() const { return handle_.get(); }

    Status add(const alv_passage& passage) {
        return detail::run([&](auto** error) { return alv_retrieval_add(get(), &passage, error); });
    }
    Status add(std::string_view id, std::string_view text, double score,
               std::string_view source = {}) {
        alv_passage passage = ALV_PASSAGE_INIT;
        passage.id = to_abi(id);
        passage.text = to_abi(text);
        passage.source = to_abi(source);
        passage.score = score;
        return add(passage);
    }
    Status finish(alv_status status = ALV_STATUS_OK, std::string_view message = {}) {
        return detail::run([&](auto** error) {
            return alv_retrieval_finish(get(), status, to_abi(message), error);
        });
    }

  private:
    std::shared_ptr<alv_retrieval> handle_;
};

// The host's own knowledge: derive from it and hand it to Session::add_retriever. Threads and what
// may be called: see retriever.h. Since 0.1
class Retriever {
  public:
    virtual ~Retriever() = default;
    // Adds passages and finishes, at once or later from any thread; an exception fails the query.
    virtual void retrieve(Retrieval retrieval, const alv_query& query) = 0;
    // Nobody waits for this retrieval any more.
    virtual void cancel(alv_retrieval* retrieval) { static_cast<void>(retrieval); }
};

// Asks a retriever and waits. Since 0.1
inline Result<Passages> query(const alv_retriever& retriever, const alv_query& what,
                              uint64_t timeout_us = UINT64_MAX) {
    return detail::make<Passages, alv_passages>([&](auto** out, auto** error) {
        return alv_retriever_query(&retriever, &what, timeout_us, out, error);
    });
}

namespace detail {

// Holds the retriever until the library calls `release`; whoever hands it to a call that does not
// take it calls that itself.
inline alv_retriever to_vtable(std::shared_ptr<Retriever> retriever) {
    using Holder = std::shared_ptr<Retriever>;
    alv_retriever out = ALV_RETRIEVER_INIT;
    out.user_data = new Holder(std::move(retriever));
    out.retrieve = [](void* self, alv_retrieval* retrieval, const alv_query* what) -> alv_status {
        (*static_cast<Holder*>(self))->retrieve(Retrieval(alv_retrieval_retain(retrieval)), *what);
        return ALV_STATUS_OK;
    };
    out.cancel = [](void* self, alv_retrieval* retrieval) {
        (*static_cast<Holder*>(self))->cancel(retrieval);
    };
    out.release = [](void* self) { delete static_cast<Holder*>(self); };
    return out;
}

}  // namespace detail

// The same of a Retriever. Since 0.1
inline Result<Passages> query(std::shared_ptr<Retriever> retriever, const alv_query& what,
                              uint64_t timeout_us = UINT64_MAX) {
    const alv_retriever calls = detail::to_vtable(std::move(retriever));
    auto passages = query(calls, what, timeout_us);
    calls.release(calls.user_data);
    return passages;
}

// See knowledge.h. Thread-safe. Since 0.1
class Knowledge {
  public:
    static Result<Knowledge> open(const alv_knowledge_options& options) {
        return detail::make<Knowledge, alv_knowledge>(
            [&](auto** out, auto** error) { return alv_knowledge_open(&options, out, error); });
    }
    // An empty path: in memory.
    static Result<Knowledge> open(const Embedder& embedder, std::string_view path = {}) {
        alv_knowledge_options options = ALV_KNOWLEDGE_OPTIONS_INIT;
        options.embedder = embedder.get();
        options.path = to_abi(path);
        return open(options);
    }
    explicit Knowledge(alv_knowledge* owned) : handle_(owned) {}
    alv_knowledge* get() const { return handle_.get(); }

    Status add_text(std::string_view id, std::string_view text,
                    const alv_knowledge_add_options* options = nullptr) {
        return detail::run([&](auto** error) {
            return alv_knowledge_add_text(get(), to_abi(id), to_abi(text), options, error);
        });
    }
    Result<alv_knowledge_progress> add_path(std::string_view path,
                                            const alv_knowledge_add_options* options = nullptr) {
        return detail::fill(
            alv_knowledge_progress ALV_KNOWLEDGE_PROGRESS_INIT, [&](auto* out, auto** error) {
                return alv_knowledge_add_path(get(), to_abi(path), options, out, error);
            });
    }
    Status remove(std::string_view id) {
        return detail::run(
            [&](auto** error) { return alv_knowledge_remove(get(), to_abi(id), error); });
    }
    Result<uint64_t> document_count() const {
        uint64_t n = 0;
        const Status status = detail::run(
            [&](auto** error) { return alv_knowledge_count(get(), &n, nullptr, error); });
        if (!status) return status.error();
        return n;
    }
    Result<Passages> search(const alv_query& what, uint32_t mode = ALV_KNOWLEDGE_HYBRID) const {
        return detail::make<Passages, alv_passages>([&](auto** out, auto** error) {
            return alv_knowledge_search(get(), &what, mode, out, error);
        });
    }
    Result<Passages> search(std::string_view text, uint32_t k = 0,
                            uint32_t mode = ALV_KNOWLEDGE_HYBRID) const {
        alv_query what = ALV_QUERY_INIT;
        what.text = to_abi(text);
        what.k = k;
        return search(what, mode);
    }

  private:
    detail::Owner<alv_knowledge, alv_knowledge_release> handle_;
};

}  // namespace alviss

#endif
