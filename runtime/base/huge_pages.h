// A hint to the operating system.
#pragma once

#include <cstddef>

namespace alv {

// These bytes will be read through again and again: large pages would save address translations.
// Does nothing where the system knows no such hint. Nothing of the contents changes.
void prefer_huge_pages(void* data, size_t size_bytes);

}  // namespace alv
