// An encoder of the BERT family (Devlin et al. 2019) to GGUF, with the names that llama.cpp uses.
#pragma once

#include "base/status.h"
#include "convert/convert.h"
#include "convert/model_folder.h"
#include "convert/safetensors.h"
#include "gguf/writer.h"

namespace alv::convert {

// `config` is config.json. Puts keys, vocabulary and tensors into `writer`; what the tensors are
// made of is read when it is written.
Status convert_bert(const ModelFolder& folder, const Json& config,
                    const std::shared_ptr<const Safetensors>& weights, Precision precision,
                    gguf::Writer& writer);

}  // namespace alv::convert
