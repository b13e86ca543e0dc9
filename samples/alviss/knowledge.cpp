// alviss ingest and alviss search: a knowledge file from texts, and what it answers.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common.h"
#include "terminal.h"

namespace tool {
namespace {

struct Options {
    ModelOptions model;
    std::string file;
    // ingest
    std::vector<std::string> paths;
    std::string metadata;
    uint32_t chunk_size = 0;
    uint32_t chunk_overlap = 0;
    bool by_tokens = false;
    bool prune = false;
    // search
    std::string query;
    std::string filter;
    uint32_t k = 4;
    std::string mode = "hybrid";
    bool is_json = false;
};

struct Opened {
    Loaded loaded;
    Owned<alv_embedder> embedder;
    Owned<alv_knowledge> knowledge;
};

Opened open(const Options& options, uint32_t flags) {
    Opened out;
    if (!options.model.path.empty()) {
        out.loaded = load(options.model);
        out.embedder = make<alv_embedder>(alv_embedder_create, out.loaded.model.get());
    }
    alv_knowledge_options how = ALV_KNOWLEDGE_OPTIONS_INIT;
    how.flags = flags;
    how.path = to_alv(options.file);
    how.embedder = out.embedder.get();
    how.chunk_size = options.chunk_size;
    how.chunk_overlap = options.chunk_overlap;
    out.knowledge = make<alv_knowledge>(alv_knowledge_open, &how);
    return out;
}

alv_status show(void* bar, const alv_knowledge_progress* progress) {
    if (take_interrupt()) return ALV_STATUS_CANCELLED;
    const double total = static_cast<double>(progress->total_documents);
    const double share = total > 0 ? static_cast<double>(progress->documents) / total : 0;
    static_cast<ProgressBar*>(bar)->show(share, std::to_string(progress->chunks) + " chunks");
    return ALV_STATUS_OK;
}

void ingest(const Options& options) {
    catch_interrupts();
    const Opened opened = open(options, options.by_tokens ? ALV_KNOWLEDGE_SPLIT_BY_TOKENS : 0);
    for (const std::string& path : options.paths) {
        ProgressBar bar("Reading " + path, options.model.is_quiet);
        alv_knowledge_add_options how = ALV_KNOWLEDGE_ADD_OPTIONS_INIT;
        how.flags = options.prune ? ALV_KNOWLEDGE_PRUNE : 0;
        how.metadata = to_alv(options.metadata);
        how.progress = show;
        how.user_data = &bar;
        alv_knowledge_progress done = ALV_KNOWLEDGE_PROGRESS_INIT;
        call(alv_knowledge_add_path, opened.knowledge.get(), to_alv(path), &how, &done);
        std::printf("%s: %llu documents, %llu unchanged, %llu removed, %llu chunks %s\n",
                    path.c_str(), static_cast<unsigned long long>(done.documents),
                    static_cast<unsigned long long>(done.unchanged),
                    static_cast<unsigned long long>(done.removed),
                    static_cast<unsigned long long>(done.chunks),
                    opened.embedder ? "embedded" : "added");
        if (done.truncated > 0) {
            tell(std::to_string(done.truncated) +
                 " chunks are longer than the model reads: take a smaller --chunk-size");
        }
    }
    uint64_t documents = 0;
    uint64_t chunks = 0;
    call(alv_knowledge_count, opened.knowledge.get(), &documents, &chunks);
    std::printf("%s: %llu documents, %llu chunks\n", options.file.c_str(),
                static_cast<unsigned long long>(documents),
                static_cast<unsigned long long>(chunks));
}

void search(const Options& options) {
    const Opened opened = open(options, ALV_KNOWLEDGE_MUST_EXIST);
    alv_query query = ALV_QUERY_INIT;
    query.k = options.k;
    query.text = to_alv(options.query);
    query.filter = to_alv(options.filter);
    const uint32_t mode = options.mode == "vector"  ? ALV_KNOWLEDGE_VECTOR
                          : options.mode == "words" ? ALV_KNOWLEDGE_WORDS
                                                    : ALV_KNOWLEDGE_HYBRID;
    const auto passages =
        make<alv_passages>(alv_knowledge_search, opened.knowledge.get(), &query, mode);
    nlohmann::ordered_json list = nlohmann::json::array();
    for (uint64_t i = 0; i < alv_passages_count(passages.get()); ++i) {
        const alv_passage* one = alv_passages_get(passages.get(), i);
        if (!options.is_json) {
            std::printf("%llu. %.4f  %s\n   %s\n", static_cast<unsigned long long>(i) + 1,
                        one->score, std::string(view(one->id)).c_str(),
                        std::string(view(one->text)).c_str());
            continue;
        }
        list.push_back({{"id", view(one->id)},
                        {"text", view(one->text)},
                        {"source", view(one->source)},
                        {"score", one->score},
                        {"metadata", nlohmann::ordered_json::parse(view(one->metadata))}});
    }
    if (options.is_json) std::puts(list.dump().c_str());
}

void add_common(CLI::App& command, Options& options) {
    options.model.add_to(command)->required(false)->description(
        "Embedding model (GGUF); without it, words alone");
    command.add_option("-k,--knowledge", options.file, "The knowledge file")
        ->required()
        ->type_name("FILE");
}

}  // namespace

void add_ingest(CLI::App& app) {
    CLI::App* command = app.add_subcommand("ingest", "Adds files and folders to a knowledge file");
    auto options = std::make_shared<Options>();
    add_common(*command, *options);
    command->add_option("paths", options->paths, "Text, Markdown, JSONL, or folders of these")
        ->required()
        ->type_name("PATH");
    command->add_option("--chunk-size", options->chunk_size, "Longest chunk; 0: 800, overlap 100");
    command->add_option("--chunk-overlap", options->chunk_overlap, "What chunks share");
    command->add_flag("--tokens", options->by_tokens, "Chunk sizes are tokens, not characters");
    command->add_option("--metadata", options->metadata, "A JSON object for all of it");
    command->add_flag("--prune", options->prune, "Remove what is gone from the folders");
    command->callback([options] { ingest(*options); });
}

void add_search(CLI::App& app) {
    CLI::App* command = app.add_subcommand("search", "Finds passages in a knowledge file");
    auto options = std::make_shared<Options>();
    add_common(*command, *options);
    command->add_option("query", options->query, "What is asked")->required();
    command->add_option("-n,--passages", options->k, "At most so many")->capture_default_str();
    command->add_option("--filter", options->filter, "A JSON object over the metadata");
    command->add_option("--mode", options->mode, "What it goes by")
        ->check(CLI::IsMember({"hybrid", "vector", "words"}))
        ->capture_default_str();
    command->add_flag("--json", options->is_json, "As JSON");
    command->callback([options] { search(*options); });
}

}  // namespace tool
