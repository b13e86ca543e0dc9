#include "gguf/alloc_counter.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

thread_local bool counting = false;
thread_local size_t counted_bytes = 0;
thread_local size_t largest_bytes = 0;

void* counted_new(size_t size) {
    if (counting) {
        counted_bytes += size;
        largest_bytes = std::max(largest_bytes, size);
    }
    return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

// The array and nothrow forms of the library end here.
void* operator new(size_t size) {
    if (void* memory = counted_new(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
    std::free(memory);
}

namespace alv::gguf::test {

AllocCounter::AllocCounter() {
    counted_bytes = 0;
    largest_bytes = 0;
    counting = true;
}
AllocCounter::~AllocCounter() {
    counting = false;
}
size_t AllocCounter::bytes() const {
    return counted_bytes;
}
size_t AllocCounter::largest() const {
    return largest_bytes;
}

}  // namespace alv::gguf::test
