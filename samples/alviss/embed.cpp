// alviss embed: the vector of a text.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common.h"

namespace tool {
namespace {

struct Options {
    ModelOptions model;
    std::string text_file;
    bool is_json = false;
};

void embed(Options options) {
    const std::string text = read_file(options.text_file);
    options.model.is_quiet = options.is_json;
    const Loaded loaded = load(options.model);
    const auto embedder = make<alv_embedder>(alv_embedder_create, loaded.model.get());
    const auto tokens = make<alv_tokens>(alv_embedder_tokenize, embedder.get(), to_alv(text));
    const int32_t* ids = alv_tokens_data(tokens.get());
    const std::vector<int32_t> list(ids, ids + alv_tokens_count(tokens.get()));
    std::vector<float> vector(alv_embedder_dim(embedder.get()));
    const alv_string texts[] = {to_alv(text)};
    call(alv_embedder_embed, embedder.get(), &texts[0], uint64_t{1}, vector.data(),
         uint64_t{vector.size()});
    if (options.is_json) {
        std::puts(nlohmann::ordered_json{{"tokens", list}, {"embedding", vector}}.dump().c_str());
        return;
    }
    std::printf("%zu tokens, %zu numbers\n", list.size(), vector.size());
    for (const float value : vector) std::printf("%.6f\n", static_cast<double>(value));
}

}  // namespace

void add_embed(CLI::App& app) {
    CLI::App* command = app.add_subcommand("embed", "Makes a vector of a text");
    auto options = std::make_shared<Options>();
    options->model.add_to(*command);
    command->add_option("-f,--text-file", options->text_file, "The text, read as it is")
        ->required()
        ->type_name("FILE");
    command->add_flag("--json", options->is_json, "As JSON");
    command->footer(
        "The model is an embedding model, such as all-MiniLM-L6-v2: see alviss convert.");
    command->callback([options] { embed(*options); });
}

}  // namespace tool
