// Options that name a model's file.
#pragma once

#include "alviss/model.h"
#include "api/file.h"
#include "gguf/reader.h"

namespace alv::api {

Result<alv_model_options> read_model_options(const alv_model_options* options);
Result<std::shared_ptr<const gguf::Reader>> open_reader(const alv_model_options& options);

}  // namespace alv::api
