// From the options that name a file to an open one.
#pragma once

#include <memory>

#include "alviss/model.h"
#include "base/file.h"
#include "base/status.h"

namespace alv::api {

// Opens the one of path, data and file that is set. A host's file is closed by its last owner; with
// an invalid argument it was not taken.
Result<std::shared_ptr<const File>> open_source(const alv_model_options& options);

}  // namespace alv::api
