// alviss chat: a conversation, streamed. Replies go to standard output, all else to standard error.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "../demo_knowledge.h"
#include "../demo_tools.h"
#include "common.h"
#include "terminal.h"

namespace tool {
namespace {

struct Options {
    ModelOptions model;
    SamplingOptions sampling;
    std::string system;
    std::vector<std::string> prompt;
    bool goes_on = false;
    std::string tools;  // "demo" or none
    std::string web;    // of search_web
    // The smallest models would go on calling; larger ones need several.
    uint32_t tool_rounds = 1;
    std::string knowledge;  // a knowledge file, or texts
    ModelOptions embedder;  // no path: by words
};

bool is_sqlite(const std::string& path) {
    std::ifstream file(std::filesystem::u8path(path), std::ios::binary);
    char head[16] = {};
    file.read(head, sizeof head);
    return file && std::string_view(head, sizeof head) == std::string_view("SQLite format 3\0", 16);
}

class Chat {
  public:
    explicit Chat(const Options& options) : options_(options), loaded_(load(options.model)) {
        session_ = make<alv_session>(alv_session_create, loaded_.model.get(),
                                     static_cast<const alv_session_options*>(nullptr));
        if (options.tools == "demo") {
            const auto tools = make<alv_tools>(demo_tools_create,
                                               options.web.empty() ? nullptr : options.web.c_str());
            alv_tools_options use = ALV_TOOLS_OPTIONS_INIT;
            use.max_rounds = options.tool_rounds;
            call(alv_session_set_tools, session_.get(), tools.get(), &use);
        }
        if (!options.knowledge.empty()) {
            add_knowledge();
        }
        clear();
    }

    void clear() {
        call(alv_session_clear, session_.get());
        if (!options_.system.empty()) {
            call(alv_session_append, session_.get(), alv_str("system"), to_alv(options_.system));
        }
    }

    // A lost device is made anew once; the session then goes on from its messages. A message that
    // could not be answered is taken back.
    void answer(const std::string& message) {
        const uint64_t n_before = alv_session_message_count(session_.get());
        try {
            call(alv_session_append, session_.get(), alv_str("user"), to_alv(message));
            try {
                stream();
            } catch (const Failure& failure) {
                if (failure.status != ALV_STATUS_DEVICE_LOST) throw;
                tell("The device was lost; making it anew");
                call(alv_runtime_rebuild, loaded_.runtime.get(),
                     static_cast<const alv_vulkan_device*>(nullptr));
                wait_for(loaded_.model.get(), options_.model);
                if (embedder_model_) wait_for(embedder_model_.get(), options_.embedder);
                stream();
            }
        } catch (const Failure&) {
            call(alv_session_truncate, session_.get(), n_before);
            throw;
        }
    }

  private:
    // A file that `alviss ingest` made is used as it is; texts are read into memory.
    void add_knowledge() {
        Owned<alv_embedder> embedder;
        if (!options_.embedder.path.empty()) {
            embedder_model_ = load_beside(loaded_.runtime.get(), options_.embedder);
            embedder = make<alv_embedder>(alv_embedder_create, embedder_model_.get());
        }
        const bool is_file = is_sqlite(options_.knowledge);
        alv_knowledge_options how = ALV_KNOWLEDGE_OPTIONS_INIT;
        how.embedder = embedder.get();
        if (is_file) {
            how.flags = ALV_KNOWLEDGE_MUST_EXIST;
            how.path = to_alv(options_.knowledge);
        } else {
            how.chunk_size = 300;  // small models read little
            how.chunk_overlap = 50;
        }
        const auto knowledge = make<alv_knowledge>(alv_knowledge_open, &how);
        if (!is_file) {
            call(alv_knowledge_add_path, knowledge.get(), to_alv(options_.knowledge),
                 static_cast<const alv_knowledge_add_options*>(nullptr),
                 static_cast<alv_knowledge_progress*>(nullptr));
        }
        alv_retriever retriever = ALV_RETRIEVER_INIT;
        call(alv_knowledge_retriever, knowledge.get(), &retriever);
        call(alv_session_add_retriever, session_.get(),
             static_cast<const alv_retriever*>(&retriever),
             static_cast<const alv_retriever_options*>(nullptr));
    }

    void stream() {
        const alv_generation_options how = options_.sampling.to_alv();
        const auto generation = make<alv_generation>(alv_session_generate, session_.get(), &how);
        take_interrupt();  // one from before is not meant for this reply
        while (const alv_event* event = next(generation.get())) {
            if (event->type == ALV_EVENT_TEXT) {
                std::fwrite(event->text.data, 1, event->text.size, stdout);
                std::fflush(stdout);
            } else if (event->type == ALV_EVENT_TOOL_RESULT) {
                tell(std::string(view(event->name)) + ": " + std::string(view(event->text)));
            } else if (event->type == ALV_EVENT_CITATION && event->span_end == 0) {
                char name[256];
                demo_passage_name(event, name, sizeof name);
                tell(std::string("Read: ") + name);
            } else if (event->type == ALV_EVENT_DONE) {
                std::puts("");
                std::fflush(stdout);
                report(*event);
                return;
            } else if (event->type == ALV_EVENT_FAILED) {
                throw Failure(alv_error_code(event->error),
                              std::string(view(alv_error_message(event->error))));
            }
        }
    }

    // The next event; Ctrl-C cancels, and the event that says so follows.
    static const alv_event* next(alv_generation* generation) {
        for (;;) {
            const alv_event* event = nullptr;
            alv_error* error = nullptr;
            const alv_status status = alv_generation_wait(generation, 50'000, &event, &error);
            if (take_interrupt()) call(alv_generation_cancel, generation);
            if (status == ALV_STATUS_OK) return event;
            if (status != ALV_STATUS_TIMEOUT) fail(status, error);
            alv_error_release(error);
        }
    }

    static void report(const alv_event& done) {
        const alv_usage& usage = *done.usage;
        const double rate = usage.generated_tokens > 1 && usage.decode_ms > 0
                                ? (usage.generated_tokens - 1) / usage.decode_ms * 1e3
                                : 0;
        const char* note = "";
        switch (done.finish_reason) {
            case ALV_FINISH_MAX_TOKENS:
                note = "; cut off: --max-tokens";
                break;
            case ALV_FINISH_CONTEXT_FULL:
                note = "; the context is full: /clear starts anew";
                break;
            case ALV_FINISH_CANCELLED:
                note = "; cancelled";
                break;
            default:
                break;
        }
        std::fprintf(stderr, "[first token after %.2f s, %u tokens, %.1f tokens/s%s]\n",
                     usage.first_token_ms / 1e3, usage.generated_tokens, rate, note);
    }

    const Options& options_;
    Loaded loaded_;
    Owned<alv_model> embedder_model_;
    Owned<alv_session> session_;
};

void converse(Chat& chat) {
    const bool is_live = is_terminal_in();
    if (is_live) tell("Ctrl-C stops a reply. /clear forgets what was said, /quit leaves.");
    std::string line;
    for (;;) {
        if (is_live) std::fputs("\n> ", stderr);
        if (!std::getline(std::cin, line)) break;
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.empty()) continue;
        if (line == "/quit" || line == "/exit") break;
        try {
            if (line == "/clear") {
                chat.clear();
            } else {
                chat.answer(line);
            }
        } catch (const Failure& failure) {
            if (!is_live) throw;
            tell(failure.what());
        }
    }
    if (is_live) std::fputc('\n', stderr);
}

void chat(const Options& options) {
    catch_interrupts();
    Chat conversation(options);
    std::string prompt;
    for (const std::string& word : options.prompt) prompt += (prompt.empty() ? "" : " ") + word;
    if (!prompt.empty()) conversation.answer(prompt);
    if (prompt.empty() || options.goes_on) converse(conversation);
}

}  // namespace

void add_chat(CLI::App& app) {
    CLI::App* command = app.add_subcommand("chat", "Talks with a model");
    auto options = std::make_shared<Options>();
    SamplingOptions& sampling = options->sampling;
    sampling.max_tokens = 1024;
    // Mild: small models lose the thread at more.
    sampling.temperature = 0.4f;
    sampling.top_p = 0.9f;
    sampling.repeat_penalty = 1.05f;
    sampling.seed = std::random_device{}();
    options->model.add_to(*command);
    command->add_option(
        "PROMPT", options->prompt,
        "Ask this and end; without it, lines are read from the terminal or standard input");
    command->add_flag("-i,--interactive", options->goes_on, "Go on talking after PROMPT");
    command->add_option("--system", options->system,
                        "What the model is told before the conversation");
    command->add_option("--tools", options->tools, "Functions that the model may call")
        ->check(CLI::IsMember({"demo"}));
    command
        ->add_option("--tool-rounds", options->tool_rounds,
                     "Rounds of calls of a reply, after which the model has to answer")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command->add_option("--web", options->web, "Pages for the demo's search_web, one a line")
        ->check(CLI::ExistingFile);
    command
        ->add_option("--knowledge", options->knowledge,
                     "What the model reads where it fits the question: a file of alviss ingest, or "
                     "texts (.txt, .md, .jsonl, a folder)")
        ->check(CLI::ExistingPath)
        ->type_name("PATH");
    command
        ->add_option("--embedder", options->embedder.path,
                     "Embedding model (GGUF) for --knowledge; without it, words alone")
        ->check(CLI::ExistingFile)
        ->type_name("FILE");
    sampling.add_to(*command);
    command->callback([options] { chat(*options); });
}

}  // namespace tool
