/* A C99 host: each header alone is enough, every INIT macro initializes its struct. */
#include <alviss/vulkan.h>

#include <alviss/alviss.h>

#include "init_values.h"

#define COPY(type, macro)                                       \
    void abi_init_c_##type(void* out_) {                        \
        const type value = macro;                               \
        unsigned char* out = out_;                              \
        const unsigned char* in = (const unsigned char*)&value; \
        size_t i;                                               \
        for (i = 0; i < sizeof value; ++i) out[i] = in[i];      \
    }                                                           \
    size_t abi_size_c_##type(void) {                            \
        return sizeof(type);                                    \
    }

#define DECLARE(type, macro)           \
    void abi_init_c_##type(void* out); \
    size_t abi_size_c_##type(void);

ALV_TEST_STRUCTS(DECLARE)
ALV_TEST_STRUCTS(COPY)

/* alv_str() and a literal make the same string. */
int abi_c_string(void);
int abi_c_string(void) {
    const alv_string empty = ALV_STRING_INIT;
    const alv_string text = alv_str("abc");
    const alv_string none = alv_str(NULL);
    return empty.data == NULL && empty.size == 0 && text.size == ALV_STRING_NUL &&
           text.data[2] == 'c' && none.data == NULL && none.size == 0;
}
