// alviss tokenize: the token ids of a text. The text is the user's own, so special tokens are
// parsed.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common.h"

namespace tool {
namespace {

struct Options {
    ModelOptions model;
    std::string text_file;
    bool add_bos = false;
    bool is_json = false;
};

std::string escaped(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void tokenize(const Options& options) {
    const std::string text = read_file(options.text_file);
    const Loaded loaded = load_tokenizer(options.model.path);
    uint32_t flags = ALV_TOKENIZE_PARSE_SPECIAL;
    if (options.add_bos) flags |= ALV_TOKENIZE_ADD_BOS;
    const auto tokens =
        make<alv_tokens>(alv_model_tokenize, loaded.model.get(), to_alv(text), flags);
    const int32_t* ids = alv_tokens_data(tokens.get());
    const std::vector<int32_t> list(ids, ids + alv_tokens_count(tokens.get()));
    if (options.is_json) {
        std::puts(nlohmann::json{{"tokens", list}}.dump().c_str());
        return;
    }
    for (const int32_t id : list) {
        const auto piece = make<alv_bytes>(alv_model_token_bytes, loaded.model.get(), id,
                                           ALV_DETOKENIZE_RENDER_SPECIAL);
        const std::string bytes(view(alv_bytes_text(piece.get())));
        std::printf("%d\t%s\n", id, escaped(bytes).c_str());
    }
}

}  // namespace

void add_tokenize(CLI::App& app) {
    CLI::App* command = app.add_subcommand("tokenize", "Prints the tokens of a text");
    auto options = std::make_shared<Options>();
    options->model.add_to(*command);
    command->add_option("-f,--text-file", options->text_file, "The text, read as it is")
        ->required()
        ->type_name("FILE");
    command->add_flag("--bos", options->add_bos, "Put the model's BOS token first");
    command->add_flag("--json", options->is_json, "As JSON");
    command->footer("No device is used: --device is accepted and not looked at.");
    command->callback([options] { tokenize(*options); });
}

}  // namespace tool
