// Opens a file and, where that works, asks for everything a reader can be asked.
#pragma once

#include <memory>

#include "base/file.h"
#include "base/status.h"

namespace alv::gguf::test {

// The Status of opening. Aborts the process where an accepted file breaks a promise (a tensor
// outside the file, a lookup that misses): for the fuzzer and for tests alike.
Status exercise(const std::shared_ptr<const File>& file);

}  // namespace alv::gguf::test
