#include "base/huge_pages.h"

#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#endif

namespace alv {

void prefer_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] size_t size_bytes) {
#ifdef MADV_HUGEPAGE
    // Whole pages only; what the system says to it does not matter.
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const uintptr_t begin = (reinterpret_cast<uintptr_t>(data) + page - 1) / page * page;
    const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + size_bytes) / page * page;
    if (begin < end) {
        static_cast<void>(madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
    }
#endif
}

}  // namespace alv
