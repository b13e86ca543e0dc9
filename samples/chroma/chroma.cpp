// Knowledge from a Chroma server, by its HTTP API: start one with `chroma run`, then
//   chroma URL COLLECTION ingest EMBEDDING_MODEL FILE...          every line is a document
//   chroma URL COLLECTION search EMBEDDING_MODEL QUERY [FILTER]   FILTER: Chroma's "where", as JSON
//   chroma URL COLLECTION ask EMBEDDING_MODEL CHAT_MODEL QUESTION
// chroma_retriever.cpp is all that it takes to plug in a knowledge base.
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "chroma_retriever.h"

namespace {

using chroma::Error;

// The value, or an Error.
template <typename T>
T need(alviss::Result<T> result) {
    if (!result) throw Error(result.error().code(), std::string(result.error().message()));
    return std::move(*result);
}

alviss::Model open(const alviss::Runtime& runtime, const std::string& path) {
    alviss::Model model = need(alviss::Model::open(runtime, path));
    need(model.wait());
    return model;
}

std::vector<chroma::Document> read_lines(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw Error(ALV_STATUS_NOT_FOUND, path + " can't be read");
    std::vector<chroma::Document> documents;
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (line.empty()) continue;
        const std::string id = path + ":" + std::to_string(number);
        documents.push_back({id, line, nlohmann::json{{"source", path}, {"line", number}}.dump()});
    }
    return documents;
}

void ingest(const chroma::Client& client, const std::string& collection, alviss::Embedder& embedder,
            const std::vector<std::string>& paths) {
    const chroma::Collection made = client.collection(collection, true);
    for (const std::string& path : paths) {
        const std::vector<chroma::Document> documents = read_lines(path);
        std::vector<std::string> texts;
        for (const chroma::Document& document : documents) texts.push_back(document.text);
        client.upsert(made, documents, need(embedder.embed(texts)));
        std::printf("%s: %zu documents\n", path.c_str(), documents.size());
    }
}

void search(const std::shared_ptr<chroma::Retriever>& retriever, const std::string& text,
            const std::string& filter) {
    alv_query query = ALV_QUERY_INIT;
    query.k = 3;
    query.text = alviss::to_abi(text);
    query.filter = alviss::to_abi(filter);
    const auto passages = alviss::query(retriever, query, 30'000'000);
    if (!passages) throw Error(passages.error().code(), std::string(passages.error().message()));
    for (uint64_t i = 0; i < passages->size(); ++i) {
        const alv_passage& found = (*passages)[i];
        std::printf("%d. [Score: %.4f] %.*s\n", static_cast<int>(i) + 1, found.score,
                    static_cast<int>(found.text.size), found.text.data);
    }
}

void ask(const alviss::Model& model, const std::shared_ptr<chroma::Retriever>& retriever,
         const std::string& question) {
    alviss::Session session = need(alviss::Session::create(model));
    alv_retriever_options about = ALV_RETRIEVER_OPTIONS_INIT;
    about.k = 3;
    need(session.add_retriever(retriever, &about));
    need(session.append("user", question));
    alv_generation_options how = ALV_GENERATION_OPTIONS_INIT;
    how.max_tokens = 48;
    alviss::Generation reply = need(session.generate(&how));
    for (;;) {
        const alv_event& event = *need(reply.wait());
        if (event.type == ALV_EVENT_TEXT) {
            std::fwrite(event.text.data, 1, event.text.size, stdout);
        } else if (event.type == ALV_EVENT_CITATION && event.span_end == 0) {
            std::fprintf(stderr, "[read: %.*s, %.2f]\n", static_cast<int>(event.id.size),
                         event.id.data, static_cast<double>(event.score));
        } else if (event.type == ALV_EVENT_FAILED) {
            throw Error(alv_error_code(event.error),
                        std::string(alviss::to_view(alv_error_message(event.error))));
        } else if (event.type == ALV_EVENT_DONE) {
            std::puts("");
            return;
        }
    }
}

int run(const std::vector<std::string>& args) {
    const auto is = [&](const char* command, size_t least) {
        return args.size() >= least && args[2] == command;
    };
    const bool asks = is("ask", 6);
    if (!asks && !is("ingest", 5) && !is("search", 5)) {
        std::fputs("chroma URL COLLECTION ingest|search|ask EMBEDDING_MODEL ...: see chroma.cpp\n",
                   stderr);
        return 2;
    }
    const chroma::Client client({.url = args[0]});
    const alviss::Runtime runtime = need(alviss::Runtime::create());
    const alviss::Model embedding_model = open(runtime, args[3]);
    alviss::Embedder embedder = need(alviss::Embedder::create(embedding_model.get()));
    if (is("ingest", 5)) {
        ingest(client, args[1], embedder, {args.begin() + 4, args.end()});
        return 0;
    }
    const auto retriever = std::make_shared<chroma::Retriever>(
        client, client.collection(args[1], false), embedder.get());
    if (asks) {
        ask(open(runtime, args[4]), retriever, args[5]);
    } else {
        search(retriever, args[4], args.size() > 5 ? args[5] : "");
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "chroma: %s\n", error.what());
        return 1;
    }
}
