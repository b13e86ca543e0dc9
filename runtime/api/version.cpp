#include "alviss/version.h"

#define ALV_TEXT_INNER(x) #x
#define ALV_TEXT(x) ALV_TEXT_INNER(x)

const char* alv_version(void) {
    return ALV_TEXT(ALV_VERSION_MAJOR) "." ALV_TEXT(ALV_VERSION_MINOR) "." ALV_TEXT(
        ALV_VERSION_PATCH);
}

uint32_t alv_abi_version(void) {
    return ALV_ABI_VERSION;
}
