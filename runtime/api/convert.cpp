#include "alviss/convert.h"

#include "api/call.h"
#include "api/versioned.h"
#include "convert/convert.h"

using namespace alv;
using namespace alv::api;

static_assert(ALV_CONVERT_F16 == static_cast<uint32_t>(convert::Precision::kF16) &&
              ALV_CONVERT_F32 == static_cast<uint32_t>(convert::Precision::kF32));

void alv_convert_options_init(alv_convert_options* out_options, uint32_t struct_size) {
    const alv_convert_options defaults = ALV_CONVERT_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

alv_status alv_convert(const alv_convert_options* options, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(options);
        const alv_convert_options defaults = ALV_CONVERT_OPTIONS_INIT;
        ALV_ASSIGN_OR_RETURN(const alv_convert_options read,
                             read_struct(options, defaults, "alv_convert_options"));
        ALV_ASSIGN_OR_RETURN(const std::string_view input, read_string(read.input, "input"));
        ALV_ASSIGN_OR_RETURN(const std::string_view output, read_string(read.output, "output"));
        if (input.empty() || output.empty()) {
            return invalid_argument("alv_convert_options needs an input and an output");
        }
        if (read.type > ALV_CONVERT_F32) {
            return invalid_argument("alv_convert_options.type is unknown: " +
                                    std::to_string(read.type));
        }
        return convert::convert(std::string(input), std::string(output),
                                static_cast<convert::Precision>(read.type));
    });
}
