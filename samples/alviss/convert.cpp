// alviss convert: a published model to GGUF.
#include <filesystem>

#include "common.h"
#include "terminal.h"

namespace tool {
namespace {

struct Options {
    std::string input;
    std::string output;
    bool is_f32 = false;
};

void convert(const Options& options) {
    alv_convert_options how = ALV_CONVERT_OPTIONS_INIT;
    how.input = to_alv(options.input);
    how.output = to_alv(options.output);
    how.type = options.is_f32 ? ALV_CONVERT_F32 : ALV_CONVERT_F16;
    call(alv_convert, &how);
    std::error_code failed;
    const uintmax_t size =
        std::filesystem::file_size(std::filesystem::u8path(options.output), failed);
    tell(options.output + ": " + human_bytes(failed ? 0 : size));
}

}  // namespace

void add_convert(CLI::App& app) {
    CLI::App* command = app.add_subcommand("convert", "Makes a GGUF file of a published model");
    auto options = std::make_shared<Options>();
    command->add_option("IN", options->input, "Folder with model.safetensors, or that file")
        ->required();
    command->add_option("OUT", options->output, "GGUF file to write")->required();
    command->add_flag("--f32", options->is_f32, "Keep F32; matrices become F16 otherwise");
    command->footer("Encoders of the BERT family can be converted, such as all-MiniLM-L6-v2.");
    command->callback([options] { convert(*options); });
}

}  // namespace tool
