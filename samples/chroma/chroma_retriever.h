// A collection of a Chroma server as a retriever: what a host writes to plug in its own knowledge.
#pragma once

#include <alviss/alviss.hpp>
#include <memory>
#include <string>

#include "chroma_client.h"

namespace chroma {

// Queries are embedded by `embedder`, which has to outlive the retriever and whatever uses it (a
// retriever's end may not call the library). They are answered one after the other, by a thread of
// the retriever's own; a query that is cancelled ends its request.
class Retriever : public alviss::Retriever {
  public:
    Retriever(Client client, Collection collection, alv_embedder* embedder);
    ~Retriever() override;
    Retriever(const Retriever&) = delete;
    Retriever& operator=(const Retriever&) = delete;

    void retrieve(alviss::Retrieval retrieval, const alv_query& query) override;
    void cancel(alv_retrieval* retrieval) override;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace chroma
