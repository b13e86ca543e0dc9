// A host's vtable as an engine::Retriever, and passages on their way to a host.
#pragma once

#include <memory>
#include <vector>

#include "alviss/retriever.h"
#include "engine/retriever.h"

namespace alv::api {

// Takes the vtable over: `release` is called when the retriever and its retrievals are gone. With
// an invalid argument it was not taken.
Result<std::shared_ptr<engine::Retriever>> take_retriever(const alv_retriever* given);

// The query of a host; k is 4 unless it says otherwise.
Result<engine::Query> read_query(const alv_query* given);

alv_passages* make_passages(std::vector<engine::Passage> passages);

}  // namespace alv::api
