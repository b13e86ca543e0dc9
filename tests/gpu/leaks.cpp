#include "gpu/gpu_test.h"

#if defined(__SANITIZE_ADDRESS__)

#include <sanitizer/lsan_interface.h>

namespace {
bool g_leaks_on_purpose = false;
}

// Asked when the process ends.
extern "C" __attribute__((visibility("default"))) int __lsan_is_turned_off() {
    return g_leaks_on_purpose ? 1 : 0;
}

void alv::gpu::leak_on_purpose() {
    g_leaks_on_purpose = true;
}
bool alv::gpu::nothing_leaked() {
    return g_leaks_on_purpose || __lsan_do_recoverable_leak_check() == 0;
}

#else

void alv::gpu::leak_on_purpose() {}
bool alv::gpu::nothing_leaked() {
    return true;
}

#endif
