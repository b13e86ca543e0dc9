// tokenizer.ggml.* of a GGUF file as plain data for the text layer.
#pragma once

#include "base/status.h"
#include "gguf/reader.h"
#include "text/tokenizer.h"

namespace alv::model {

// Checks types and ranges only as far as reading needs; Tokenizer::create judges the rest. What the
// file does not say is as the peer (llama.cpp) has it. Errors: not found (a file without
// tokenizer), corrupt file (the message names the key).
Result<text::Vocabulary> read_vocabulary(const gguf::Reader& reader);

}  // namespace alv::model
