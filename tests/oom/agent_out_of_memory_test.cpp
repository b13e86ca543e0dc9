// Host memory runs out among tools, retrievers, filters, saved conversations, schemas, embedders
// and knowledge. What the fake model and the host's own functions take does not count.
#include <alviss/knowledge.h>
#include <gtest/gtest.h>

#include "abi/talk.h"
#include "api/call.h"
#include "oom/sweep.h"

namespace alv::test {
namespace {

// A runtime with a fake model; made before memory runs out.
class OnAModel : public Scenario {
  public:
    OnAModel(uint32_t flags, uint32_t embedding_dim) : file_(local::test::fake_gguf()) {
        auto world = std::make_shared<FakeWorld>();
        world->embedding_dim = embedding_dim;
        world->context = 4096;
        world->pool_tokens = 8192;
        world->next = [next = talking(answer)](std::span<const text::TokenId> context,
                                               const model::SamplerParams& params) {
            const Spared spared;
            return next(context, params);
        };
        alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
        options.flags = flags;
        EXPECT_TRUE(
            api::create_runtime(&options, local::test::fake_backend(world), {}, &runtime_).ok());
        alv_model_options model = ALV_MODEL_OPTIONS_INIT;
        model.data = file_.data();
        model.data_size = file_.size();
        EXPECT_EQ(alv_model_open(runtime_, &model, &model_, nullptr), ALV_STATUS_OK);
        EXPECT_EQ(alv_model_wait(model_, kPatience, nullptr), ALV_STATUS_OK);
    }
    ~OnAModel() override {
        alv_model_release(model_);
        alv_runtime_release(runtime_);
    }

  protected:
    // Calls `now` once, then says what it read.
    static std::string answer(const std::string& prompt) {
        const size_t at = prompt.rfind("Result of now: ");
        if (at == prompt.npos) return R"({"function": "now", "parameters": {"zone": "UTC"}})";
        return "It is " + prompt.substr(at + 15, prompt.find('|', at) - at - 15) + ", says [1].";
    }

    std::vector<uint8_t> file_;
    alv_runtime* runtime_ = nullptr;
    alv_model* model_ = nullptr;
};

class Agent : public OnAModel {
  public:
    explicit Agent(uint32_t flags) : OnAModel(flags, 0) {}
    ~Agent() override {
        alv_bytes_release(saved_);
        alv_generation_release(generation_);
        alv_filter_release(filter_);
        alv_tools_release(tools_);
        alv_session_release(other_);
        alv_session_release(session_);
    }
    void run() override {
        step("session", [&] { return alv_session_create(model_, nullptr, &session_, out()); }) &&
            step("tools", [&] { return alv_tools_create(&tools_, out()); }) &&
            step("add tool", [&] { return add_tool(); }) &&
            step("set tools",
                 [&] { return alv_session_set_tools(session_, tools_, nullptr, out()); }) &&
            step("filter", [&] { return make_filter(); }) &&
            step("add filter", [&] { return add_filter(); }) &&
            step("retriever", [&] { return add_retriever(); }) &&
            step("limits", [&] { return alv_session_set_limits(session_, 4, 400, out()); }) &&
            step("append", [&] { return append(); }) &&
            step("reply", [&] { return reply(session_, nullptr); }) &&
            step("save", [&] { return save(); }) &&
            step("fork", [&] { return alv_session_fork(session_, &other_, out()); }) &&
            step("restore", [&] { return restore(); }) && step("schema", [&] {
                return reply(other_, R"({"type": "object", "properties": {
                "n": {"type": "integer", "maximum": 99}, "s": {"type": "string", "maxLength": 3}},
                "required": ["n", "s"]})");
            });
    }

  private:
    static alv_status call(void*, alv_tool_call* call) {
        while (alv_tool_call_reply(call, alv_str("noon"), 0, nullptr) ==
               ALV_STATUS_OUT_OF_HOST_MEMORY) {
            fail_no_allocation();
        }
        return ALV_STATUS_OK;
    }
    static alv_status retrieve(void*, alv_retrieval* retrieval, const alv_query*) {
        alv_passage passage = ALV_PASSAGE_INIT;
        passage.id = alv_str("7");
        passage.text = alv_str("Clocks tell the time.");
        while (alv_retrieval_add(retrieval, &passage, nullptr) != ALV_STATUS_OK) {
            fail_no_allocation();
        }
        return alv_retrieval_finish(retrieval, ALV_STATUS_OK, alv_str(""), nullptr);
    }
    alv_status add_tool() {
        alv_tool tool = ALV_TOOL_INIT;
        tool.name = alv_str("now");
        tool.description = alv_str("The time");
        tool.parameters =
            alv_str(R"({"type": "object", "properties": {"zone": {"enum": ["UTC", "CET"]}}})");
        tool.callback = call;
        return alv_tools_add(tools_, &tool, out());
    }
    alv_status make_filter() {
        const alv_string word = alv_str("noon");
        const alv_string pattern = alv_str("\\bmidnight\\b");
        alv_filter_list_options options = ALV_FILTER_LIST_OPTIONS_INIT;
        options.words = &word;
        options.n_words = 1;
        options.patterns = &pattern;
        options.n_patterns = 1;
        options.replacement = alv_str("twelve");
        return alv_filter_create_list(&options, &filter_, out());
    }
    alv_status add_filter() {
        return alv_session_add_filter(session_, filter_, ALV_FILTER_INPUT | ALV_FILTER_OUTPUT,
                                      out());
    }
    alv_status add_retriever() {
        alv_retriever retriever = ALV_RETRIEVER_INIT;
        retriever.retrieve = retrieve;
        return alv_session_add_retriever(session_, &retriever, nullptr, out());
    }
    alv_status append() {
        return alv_session_append(session_, alv_str("user"), alv_str("Is it noon or midnight?"),
                                  out());
    }
    alv_status reply(alv_session* session, const char* schema) {
        alv_generation_release(std::exchange(generation_, nullptr));
        alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
        options.max_tokens = 200;
        options.response_schema = alv_str(schema);
        const alv_status started = alv_session_generate(session, &options, &generation_, out());
        if (started != ALV_STATUS_OK) return started;
        const alv_status status = read(generation_, said_);
        const Spared spared;
        if (status == ALV_STATUS_OK) result += said_ + "\n";
        return status;
    }
    alv_status save() {
        const alv_status status = alv_session_save(session_, &saved_, out());
        const Spared spared;
        if (status == ALV_STATUS_OK) result += text_of(alv_bytes_text(saved_));
        return status;
    }
    // Into the fork, whose tools and retrievers go: what follows is one reply that keeps a schema.
    alv_status restore() {
        const alv_status status = alv_session_restore(other_, alv_bytes_text(saved_), out());
        if (status != ALV_STATUS_OK) return status;
        const alv_status cleared = alv_session_clear_filters(other_, out());
        if (cleared != ALV_STATUS_OK) return cleared;
        return alv_session_set_tools(other_, nullptr, nullptr, out());
    }

    alv_session* session_ = nullptr;
    alv_session* other_ = nullptr;
    alv_tools* tools_ = nullptr;
    alv_filter* filter_ = nullptr;
    alv_generation* generation_ = nullptr;
    alv_bytes* saved_ = nullptr;
    std::string said_;
};

class Knowledge : public OnAModel {
  public:
    explicit Knowledge(uint32_t flags) : OnAModel(flags, 8) {}
    ~Knowledge() override {
        alv_embedding_release(embedding_);
        alv_knowledge_release(knowledge_);
        alv_embedder_release(embedder_);
    }
    void run() override {
        step("embedder", [&] { return alv_embedder_create(model_, &embedder_, out()); }) &&
            step("embed", [&] { return embed(); }) && step("start", [&] { return start(); }) &&
            step("open", [&] { return open(); }) &&
            step("add", [&] { return add("a", "The tavern sells cider and bread."); }) &&
            step("add more", [&] { return add("b", "The forge sells swords.\n\nAnd shields."); }) &&
            step("change", [&] { return add("a", "The tavern sells cider only."); }) &&
            step("search", [&] { return search(); }) &&
            step("remove", [&] { return alv_knowledge_remove(knowledge_, alv_str("a"), out()); }) &&
            step("search again", [&] { return search(); });
    }

  private:
    alv_status embed() {
        const alv_string texts[] = {alv_str("first"), alv_str("second")};
        float vectors[16] = {};
        const alv_status status = alv_embedder_embed(embedder_, texts, 2, vectors, 16, out());
        const Spared spared;
        for (const float value : vectors) {
            if (status == ALV_STATUS_OK) result += std::to_string(value) + " ";
        }
        return status;
    }
    alv_status start() {
        alv_embedding_release(std::exchange(embedding_, nullptr));
        const alv_string text = alv_str("third");
        const alv_status started =
            alv_embedder_start(embedder_, &text, 1, nullptr, &embedding_, out());
        return started != ALV_STATUS_OK ? started
                                        : alv_embedding_wait(embedding_, kPatience, out());
    }
    alv_status open() {
        alv_knowledge_options options = ALV_KNOWLEDGE_OPTIONS_INIT;
        options.embedder = embedder_;
        return alv_knowledge_open(&options, &knowledge_, out());
    }
    alv_status add(const char* id, const char* text) {
        alv_knowledge_add_options how = ALV_KNOWLEDGE_ADD_OPTIONS_INIT;
        how.metadata = alv_str(R"({"place": "town"})");
        return alv_knowledge_add_text(knowledge_, alv_str(id), alv_str(text), &how, out());
    }
    alv_status search() {
        alv_query query = ALV_QUERY_INIT;
        query.text = alv_str("who sells cider?");
        query.filter = alv_str(R"({"place": "town"})");
        alv_passages* passages = nullptr;
        const alv_status status =
            alv_knowledge_search(knowledge_, &query, ALV_KNOWLEDGE_HYBRID, &passages, out());
        const Spared spared;
        for (uint64_t i = 0; i < alv_passages_count(passages); ++i) {
            result += text_of(alv_passages_get(passages, i)->id) + " ";
        }
        alv_passages_release(passages);
        return status;
    }

    alv_embedder* embedder_ = nullptr;
    alv_embedding* embedding_ = nullptr;
    alv_knowledge* knowledge_ = nullptr;
};

TEST(OutOfMemory, AmongToolsPassagesFiltersAndSchemas) {
    fail_each([] { return std::make_unique<Agent>(ALV_RUNTIME_HOST_STEPPED); }, 13);
}

TEST(OutOfMemory, AmongToolsPassagesFiltersAndSchemasWithAWorker) {
    fail_each([] { return std::make_unique<Agent>(0); }, 17);
}

TEST(OutOfMemory, InAKnowledgeBase) {
    fail_each([] { return std::make_unique<Knowledge>(ALV_RUNTIME_HOST_STEPPED); }, 1);
}

TEST(OutOfMemory, InAKnowledgeBaseWithAWorker) {
    fail_each([] { return std::make_unique<Knowledge>(0); }, 3);
}

}  // namespace
}  // namespace alv::test
