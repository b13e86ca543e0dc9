// The object behind alv_knowledge; tests open one on an embedder of their own.
#pragma once

#include <memory>

#include "alviss/knowledge.h"
#include "api/handles.h"
#include "engine/engine.h"
#include "knowledge/knowledge.h"

struct alv_knowledge {
    std::shared_ptr<alv::api::RuntimeCore> core;  // of the embedder, if there is one
    int64_t pid = alv::api::process_id();
    std::shared_ptr<alv::knowledge::Knowledge> knowledge;
};

namespace alv::api {

// alv_knowledge_open with the embedder taken from `embedder`; `options` are whole and checked but
// for their values. `name` is what the file remembers of the model.
Status open_knowledge(const alv_knowledge_options& options,
                      std::shared_ptr<engine::Embedder> embedder, std::string name,
                      std::shared_ptr<RuntimeCore> core, alv_knowledge** out_knowledge);

}  // namespace alv::api
