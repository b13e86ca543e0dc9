#include "api/bytes.h"

#include "api/call.h"

const void* alv_bytes_data(const alv_bytes* bytes) {
    return bytes ? bytes->bytes.c_str() : "";
}

uint64_t alv_bytes_size(const alv_bytes* bytes) {
    return bytes ? bytes->bytes.size() : 0;
}

alv_string alv_bytes_text(const alv_bytes* bytes) {
    return bytes ? alv::api::view_of(bytes->bytes) : alv_string{"", 0};
}

void alv_bytes_release(alv_bytes* bytes) {
    delete bytes;
}

const int32_t* alv_tokens_data(const alv_tokens* tokens) {
    return tokens && !tokens->tokens.empty() ? tokens->tokens.data() : nullptr;
}

uint64_t alv_tokens_count(const alv_tokens* tokens) {
    return tokens ? tokens->tokens.size() : 0;
}

void alv_tokens_release(alv_tokens* tokens) {
    delete tokens;
}
