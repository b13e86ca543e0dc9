#include "base/cpu_time.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <time.h>
#endif

namespace alv {

#ifdef _WIN32
uint64_t thread_cpu_ns() {
    FILETIME created, ended, kernel, user;
    if (!GetThreadTimes(GetCurrentThread(), &created, &ended, &kernel, &user)) return 0;
    const auto ns = [](const FILETIME& time) {
        return ((uint64_t{time.dwHighDateTime} << 32) | time.dwLowDateTime) * 100;
    };
    return ns(kernel) + ns(user);
}
#else
uint64_t thread_cpu_ns() {
    timespec now{};
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return 0;
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}
#endif

}  // namespace alv
