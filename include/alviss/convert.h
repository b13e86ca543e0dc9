/* Published models to GGUF. Needs no device and no runtime. */
#ifndef ALVISS_CONVERT_H
#define ALVISS_CONVERT_H

#include "status.h"
#include "string.h"

ALV_EXTERN_C_BEGIN

/* Matrices become F16. Since 0.1 */
#define ALV_CONVERT_F16 0u
/* Everything stays F32. Since 0.1 */
#define ALV_CONVERT_F32 1u

/* What to convert, and to what. Copied. Since 0.1 */
typedef struct alv_convert_options {
    uint32_t struct_size; /* sizeof(alv_convert_options) */
    uint32_t type;        /* ALV_CONVERT_... */
    alv_string input;  /* path of a folder with model.safetensors, config.json, vocab.txt and what
                          else the model was published with; or of the .safetensors file in it */
    alv_string output; /* path of the GGUF file: written whole or not at all */
} alv_convert_options;

/* The defaults, with nothing to convert yet. Since 0.1 */
#define ALV_CONVERT_OPTIONS_INIT \
    { sizeof(alv_convert_options), ALV_CONVERT_F16, ALV_STRING_INIT, ALV_STRING_INIT, }

/* Writes ALV_CONVERT_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_convert_options_init(alv_convert_options* out_options, uint32_t struct_size);

/* Converts a model. Encoders of the BERT family can be converted (mean or CLS pooling, WordPiece).
 * Takes as long as reading and writing the files. Errors: not found (names the file), unsupported
 * (names the model type or the setting), corrupt file (names the file, and the tensor or key),
 * limit exceeded (a value that F16 cannot hold), I/O error, invalid argument. Thread-safe. Since
 * 0.1 */
ALV_API alv_status alv_convert(const alv_convert_options* options, alv_error** out_error);

ALV_EXTERN_C_END

#endif
