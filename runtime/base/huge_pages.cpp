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
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t skipped = (page - reinterpret_cast<uintptr_t>(data) % page) % page;
    if (size_bytes < skipped + page) return;
    const size_t whole = (size_bytes - skipped) / page * page;
    static_cast<void>(madvise(static_cast<char*>(data) + skipped, whole, MADV_HUGEPAGE));
#endif
}

}  // namespace alv
