#include "alviss/status.h"

#include "api/call.h"

const char* alv_status_name(alv_status status) {
    switch (status) {
        case ALV_STATUS_OK:
            return "OK";
        case ALV_STATUS_INVALID_ARGUMENT:
            return "invalid argument";
        case ALV_STATUS_NOT_FOUND:
            return "not found";
        case ALV_STATUS_UNSUPPORTED:
            return "unsupported";
        case ALV_STATUS_OUT_OF_HOST_MEMORY:
            return "out of host memory";
        case ALV_STATUS_OUT_OF_DEVICE_MEMORY:
            return "out of device memory";
        case ALV_STATUS_DEVICE_LOST:
            return "device lost";
        case ALV_STATUS_CANCELLED:
            return "cancelled";
        case ALV_STATUS_WOULD_BLOCK:
            return "would block";
        case ALV_STATUS_TIMEOUT:
            return "timeout";
        case ALV_STATUS_CORRUPT_FILE:
            return "corrupt file";
        case ALV_STATUS_CALLBACK_FAILED:
            return "callback failed";
        case ALV_STATUS_LIMIT_EXCEEDED:
            return "limit exceeded";
        case ALV_STATUS_INVALID_STATE:
            return "invalid state";
        case ALV_STATUS_IO_ERROR:
            return "I/O error";
        case ALV_STATUS_INTERNAL:
            return "internal";
        default:
            return "unknown";
    }
}

alv_status alv_error_code(const alv_error* error) {
    return error ? error->code : ALV_STATUS_OK;
}

alv_string alv_error_message(const alv_error* error) {
    return error ? alv::api::view_of(error->message) : alv_string{"", 0};
}

alv_string alv_error_source(const alv_error* error) {
    return error ? alv::api::view_of(error->source) : alv_string{"", 0};
}

void alv_error_release(alv_error* error) {
    delete error;
}
