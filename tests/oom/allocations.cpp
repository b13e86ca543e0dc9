#include "oom/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

extern "C" const char __executable_start, etext;  // where the linker put our code

namespace alv::test {
namespace {

std::atomic<bool> armed{false};
std::atomic<uint64_t> first_failing{0};
std::atomic<uint64_t> last_failing{0};
std::atomic<uint64_t> seen{0};
std::atomic<uint64_t> failed{0};
std::atomic<int64_t> alive{0};
thread_local int spared = 0;

// Whether it is this program's own code that calls. Where a sanitizer shows the program's operator
// new to all libraries a driver's calls come here as well: those are not ours to fail or to count.
bool is_ours(const void* caller) {
    return caller >= &__executable_start && caller < &etext;
}

bool must_fail() {
    if (!armed.load(std::memory_order_relaxed) || spared != 0) return false;
    const uint64_t n = ++seen;
    if (n < first_failing || n > last_failing) return false;
    ++failed;
    return true;
}

void* allocate(size_t size, size_t alignment, const void* caller) {
    const bool ours = is_ours(caller);
    if (ours && must_fail()) return nullptr;
    const size_t wanted = size == 0 ? 1 : size;
    void* memory =
        alignment == 0
            ? std::malloc(wanted)
            : std::aligned_alloc(alignment, (wanted + alignment - 1) / alignment * alignment);
    if (memory && ours) ++alive;
    return memory;
}

void* allocate_or_throw(size_t size, size_t alignment, const void* caller) {
    if (void* memory = allocate(size, alignment, caller)) return memory;
    throw std::bad_alloc();
}

void release(void* memory, const void* caller) {
    if (!memory) return;
    if (is_ours(caller)) --alive;
    std::free(memory);
}

}  // namespace

void fail_allocation(uint64_t n, uint64_t run) {
    seen = 0;
    failed = 0;
    first_failing = n == 0 ? UINT64_MAX : n;
    last_failing = n == 0 ? 0 : n + run - 1;
    armed = true;
}
void fail_no_allocation() {
    armed = false;
}
uint64_t n_allocations() {
    return seen;
}
uint64_t n_failed() {
    return failed;
}
int64_t n_alive() {
    return alive;
}
Spared::Spared() {
    ++spared;
}
Spared::~Spared() {
    --spared;
}

}  // namespace alv::test

void* operator new(size_t size) {
    return alv::test::allocate_or_throw(size, 0, __builtin_return_address(0));
}
void* operator new[](size_t size) {
    return alv::test::allocate_or_throw(size, 0, __builtin_return_address(0));
}
void* operator new(size_t size, std::align_val_t alignment) {
    return alv::test::allocate_or_throw(size, static_cast<size_t>(alignment),
                                        __builtin_return_address(0));
}
void* operator new[](size_t size, std::align_val_t alignment) {
    return alv::test::allocate_or_throw(size, static_cast<size_t>(alignment),
                                        __builtin_return_address(0));
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
    return alv::test::allocate(size, 0, __builtin_return_address(0));
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
    return alv::test::allocate(size, 0, __builtin_return_address(0));
}
void operator delete(void* memory) noexcept {
    alv::test::release(memory, __builtin_return_address(0));
}
void operator delete[](void* memory) noexcept {
    alv::test::release(memory, __builtin_return_address(0));
}
void operator delete(void* memory, size_t) noexcept {
    alv::test::release(memory, __builtin_return_address(0));
}
void operator delete[](void* memory, size_t) noexcept {
    alv::test::release(memory, __builtin_return_address(0));
}
void operator delete(void* memory, std::align_val_t) noexcept {
    alv::test::release(memory, __builtin_return_address(0));
}
void operator delete[](void* memory, std::align_val_t) noexcept {
    alv::test::release(memory, __builtin_return_address(0));
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
    alv::test::release(memory, __builtin_return_address(0));
}
void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
    alv::test::release(memory, __builtin_return_address(0));
}
