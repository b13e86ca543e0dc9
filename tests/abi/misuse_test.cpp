// Every function with NULL where something has to be: a status and a message, no crash.
#include <alviss/vulkan.h>

#include <functional>
#include <map>

#include "abi/header_functions.h"
#include "abi/host.h"

namespace alv::test {
namespace {

struct Objects {
    alv_runtime* runtime;
    alv_model* model;
    alv_session* session;
    alv_generation* generation;
};

using Call = std::function<alv_status(alv_error**)>;

// Calls that lack one argument each; all must say which.
std::map<std::string, std::vector<Call>> calls_with_null(Host& host, const Objects& o) {
    static alv_runtime_info runtime_info;
    static alv_device_info device_info;
    static alv_counters counters;
    static const alv_op_time_callback on_op = [](void*, const alv_op_time*) {};
    static alv_model_options model_options;
    static alv_model* model;
    static alv_session* session;
    static alv_generation* generation;
    static alv_tokens* tokens;
    static alv_bytes* bytes;
    static alv_gguf* gguf;
    static alv_usage usage;
    static alv_model_info info;
    static alv_model_progress progress;
    static alv_memory_plan plan;
    static alv_gguf_entry entry;
    static alv_gguf_tensor tensor;
    static const alv_event* event;
    static const int32_t ids[1] = {65};
    static alv_embedder* embedder;
    static alv_embedding* embedding;
    static uint32_t count;
    static float number;
    static const float* numbers;
    static uint64_t n_numbers;
    static const alv_knowledge_options knowledge_options = ALV_KNOWLEDGE_OPTIONS_INIT;
    static const alv_query query = ALV_QUERY_INIT;
    static const alv_passage passage = ALV_PASSAGE_INIT;
    static const alv_retriever empty_retriever = ALV_RETRIEVER_INIT;
    static alv_retriever retriever = ALV_RETRIEVER_INIT;
    retriever.retrieve = [](void*, alv_retrieval* retrieval, const alv_query*) {
        return alv_retrieval_finish(retrieval, ALV_STATUS_OK, alv_str(nullptr), nullptr);
    };
    static alv_passages* passages;
    model_options = host.model_options();
    static alv_bytes* text;
    static alv_tools* tools;
    static alv_filter* filter;
    static const alv_tool tool = ALV_TOOL_INIT;
    static const alv_filter_options filter_options = ALV_FILTER_OPTIONS_INIT;
    static const alv_filter_list_options list_options = ALV_FILTER_LIST_OPTIONS_INIT;
    static const alv_prompt_variable variable = {ALV_STRING_INIT, {nullptr, 1}};
    const alv_string x = alv_str("x");
    return {
        {"alv_device_list_create", {[](auto e) { return alv_device_list_create(nullptr, e); }}},
        {"alv_device_list_get",
         {[](auto e) { return alv_device_list_get(nullptr, 0, &device_info, e); }}},
        {"alv_runtime_create", {[](auto e) { return alv_runtime_create(nullptr, nullptr, e); }}},
        {"alv_runtime_get_info",
         {[](auto e) { return alv_runtime_get_info(nullptr, &runtime_info, e); },
          [o](auto e) { return alv_runtime_get_info(o.runtime, nullptr, e); }}},
        {"alv_runtime_get_device_info",
         {[](auto e) { return alv_runtime_get_device_info(nullptr, &device_info, e); },
          [o](auto e) { return alv_runtime_get_device_info(o.runtime, nullptr, e); }}},
        {"alv_runtime_get_counters",
         {[](auto e) { return alv_runtime_get_counters(nullptr, &counters, e); },
          [o](auto e) { return alv_runtime_get_counters(o.runtime, nullptr, e); }}},
        {"alv_runtime_reset_counters",
         {[](auto e) { return alv_runtime_reset_counters(nullptr, e); }}},
        {"alv_runtime_visit_op_times",
         {[](auto e) { return alv_runtime_visit_op_times(nullptr, on_op, nullptr, e); },
          [o](auto e) { return alv_runtime_visit_op_times(o.runtime, nullptr, nullptr, e); }}},
        {"alv_runtime_step", {[](auto e) { return alv_runtime_step(nullptr, 1, nullptr, e); }}},
        {"alv_runtime_dispatch",
         {[](auto e) { return alv_runtime_dispatch(nullptr, 1, nullptr, e); }}},
        {"alv_runtime_rebuild", {[](auto e) { return alv_runtime_rebuild(nullptr, nullptr, e); }}},
        {"alv_runtime_describe",
         {[](auto e) { return alv_runtime_describe(nullptr, &bytes, e); },
          [o](auto e) { return alv_runtime_describe(o.runtime, nullptr, e); }}},
        {"alv_runtime_pipeline_cache",
         {[](auto e) { return alv_runtime_pipeline_cache(nullptr, &bytes, e); },
          [o](auto e) { return alv_runtime_pipeline_cache(o.runtime, nullptr, e); }}},
        {"alv_model_open",
         {[](auto e) { return alv_model_open(nullptr, &model_options, &model, e); },
          [o](auto e) { return alv_model_open(o.runtime, nullptr, &model, e); },
          [o](auto e) { return alv_model_open(o.runtime, &model_options, nullptr, e); }}},
        {"alv_model_get_progress",
         {[](auto e) { return alv_model_get_progress(nullptr, &progress, e); },
          [o](auto e) { return alv_model_get_progress(o.model, nullptr, e); }}},
        {"alv_model_wait", {[](auto e) { return alv_model_wait(nullptr, 0, e); }}},
        {"alv_model_cancel", {[](auto e) { return alv_model_cancel(nullptr, e); }}},
        {"alv_model_get_info",
         {[](auto e) { return alv_model_get_info(nullptr, &info, e); },
          [o](auto e) { return alv_model_get_info(o.model, nullptr, e); }}},
        {"alv_model_tokenize",
         {[x](auto e) { return alv_model_tokenize(nullptr, x, 0, &tokens, e); },
          [x, o](auto e) { return alv_model_tokenize(o.model, x, 0, nullptr, e); },
          [o](auto e) {
              return alv_model_tokenize(o.model, {nullptr, 3}, 0, &tokens, e);
          }}},
        {"alv_model_detokenize",
         {[](auto e) { return alv_model_detokenize(nullptr, ids, 1, 0, &bytes, e); },
          [o](auto e) { return alv_model_detokenize(o.model, nullptr, 1, 0, &bytes, e); },
          [o](auto e) { return alv_model_detokenize(o.model, ids, 1, 0, nullptr, e); }}},
        {"alv_model_token_bytes",
         {[](auto e) { return alv_model_token_bytes(nullptr, 1, 0, &bytes, e); },
          [o](auto e) { return alv_model_token_bytes(o.model, 1, 0, nullptr, e); }}},
        {"alv_model_apply_template",
         {[](auto e) {
              return alv_model_apply_template(nullptr, nullptr, 0, 0, &bytes, nullptr, e);
          },
          [o](auto e) {
              return alv_model_apply_template(o.model, nullptr, 2, 0, &bytes, nullptr, e);
          }}},
        {"alv_memory_plan_query",
         {[](auto e) { return alv_memory_plan_query(nullptr, &model_options, &plan, e); },
          [o](auto e) { return alv_memory_plan_query(o.runtime, nullptr, &plan, e); },
          [o](auto e) { return alv_memory_plan_query(o.runtime, &model_options, nullptr, e); }}},
        {"alv_gguf_open",
         {[](auto e) { return alv_gguf_open(nullptr, &gguf, e); },
          [](auto e) { return alv_gguf_open(&model_options, nullptr, e); }}},
        {"alv_gguf_get_entry", {[](auto e) { return alv_gguf_get_entry(nullptr, 0, &entry, e); }}},
        {"alv_gguf_entry_json",
         {[](auto e) { return alv_gguf_entry_json(nullptr, 0, 1, &bytes, e); }}},
        {"alv_gguf_get_tensor",
         {[](auto e) { return alv_gguf_get_tensor(nullptr, 0, &tensor, e); }}},
        {"alv_embedder_create",
         {[](auto e) { return alv_embedder_create(nullptr, &embedder, e); },
          [o](auto e) { return alv_embedder_create(o.model, nullptr, e); }}},
        {"alv_embedder_count_tokens",
         {[x](auto e) { return alv_embedder_count_tokens(nullptr, x, &count, e); }}},
        {"alv_embedder_tokenize",
         {[x](auto e) { return alv_embedder_tokenize(nullptr, x, &tokens, e); }}},
        {"alv_embedder_embed",
         {[](auto e) { return alv_embedder_embed(nullptr, nullptr, 1, &number, 1, e); }}},
        {"alv_embedder_start",
         {[](auto e) { return alv_embedder_start(nullptr, nullptr, 1, nullptr, &embedding, e); }}},
        {"alv_embedding_wait", {[](auto e) { return alv_embedding_wait(nullptr, 0, e); }}},
        {"alv_embedding_get",
         {[](auto e) { return alv_embedding_get(nullptr, &numbers, &n_numbers, e); }}},
        {"alv_embedding_cancel", {[](auto e) { return alv_embedding_cancel(nullptr, e); }}},
        {"alv_convert", {[](auto e) { return alv_convert(nullptr, e); }}},
        {"alv_session_create",
         {[](auto e) { return alv_session_create(nullptr, nullptr, &session, e); },
          [o](auto e) { return alv_session_create(o.model, nullptr, nullptr, e); }}},
        {"alv_session_append",
         {[x](auto e) { return alv_session_append(nullptr, x, x, e); },
          [x, o](auto e) {
              return alv_session_append(o.session, {nullptr, 1}, x, e);
          },
          [x, o](auto e) {
              return alv_session_append(o.session, x, {nullptr, 1}, e);
          },
          [x, o](auto e) {
              return alv_session_append(o.session, {nullptr, 0}, x, e);
          }}},
        {"alv_session_get_message",
         {[](auto e) { return alv_session_get_message(nullptr, 0, &bytes, nullptr, e); }}},
        {"alv_session_truncate", {[](auto e) { return alv_session_truncate(nullptr, 0, e); }}},
        {"alv_session_clear", {[](auto e) { return alv_session_clear(nullptr, e); }}},
        {"alv_session_generate",
         {[](auto e) { return alv_session_generate(nullptr, nullptr, &generation, e); },
          [o](auto e) { return alv_session_generate(o.session, nullptr, nullptr, e); }}},
        {"alv_session_complete",
         {[x](auto e) { return alv_session_complete(nullptr, x, nullptr, &generation, e); },
          [x, o](auto e) { return alv_session_complete(o.session, x, nullptr, nullptr, e); },
          [o](auto e) {
              return alv_session_complete(o.session, {nullptr, 0}, nullptr, &generation, e);
          }}},
        {"alv_session_complete_tokens",
         {[](auto e) {
              return alv_session_complete_tokens(nullptr, ids, 1, nullptr, &generation, e);
          },
          [o](auto e) {
              return alv_session_complete_tokens(o.session, nullptr, 1, nullptr, &generation, e);
          },
          [o](auto e) {
              return alv_session_complete_tokens(o.session, ids, 0, nullptr, &generation, e);
          },
          [o](auto e) {
              return alv_session_complete_tokens(o.session, ids, 1, nullptr, nullptr, e);
          }}},
        {"alv_generation_poll",
         {[](auto e) { return alv_generation_poll(nullptr, &event, e); },
          [o](auto e) { return alv_generation_poll(o.generation, nullptr, e); }}},
        {"alv_generation_wait",
         {[](auto e) { return alv_generation_wait(nullptr, 0, &event, e); },
          [o](auto e) { return alv_generation_wait(o.generation, 0, nullptr, e); }}},
        {"alv_generation_cancel", {[](auto e) { return alv_generation_cancel(nullptr, e); }}},
        {"alv_generation_get_usage",
         {[](auto e) { return alv_generation_get_usage(nullptr, &usage, e); },
          [o](auto e) { return alv_generation_get_usage(o.generation, nullptr, e); }}},
        {"alv_session_set_system",
         {[x](auto e) { return alv_session_set_system(nullptr, x, e); },
          [o](auto e) {
              return alv_session_set_system(o.session, {nullptr, 1}, e);
          }}},
        {"alv_session_set_limits",
         {[](auto e) { return alv_session_set_limits(nullptr, 0, 0, e); }}},
        {"alv_session_pin",
         {[](auto e) { return alv_session_pin(nullptr, 0, 1, e); },
          [o](auto e) { return alv_session_pin(o.session, 0, 2, e); }}},
        {"alv_session_save",
         {[](auto e) { return alv_session_save(nullptr, &text, e); },
          [o](auto e) { return alv_session_save(o.session, nullptr, e); }}},
        {"alv_session_restore",
         {[x](auto e) { return alv_session_restore(nullptr, x, e); },
          [o](auto e) {
              return alv_session_restore(o.session, {nullptr, 1}, e);
          }}},
        {"alv_session_fork",
         {[](auto e) { return alv_session_fork(nullptr, &session, e); },
          [o](auto e) { return alv_session_fork(o.session, nullptr, e); }}},
        {"alv_tools_create", {[](auto e) { return alv_tools_create(nullptr, e); }}},
        {"alv_tools_add",
         {[](auto e) { return alv_tools_add(nullptr, &tool, e); },
          [](auto e) { return alv_tools_add(tools, nullptr, e); }}},
        {"alv_tools_remove", {[x](auto e) { return alv_tools_remove(nullptr, x, e); }}},
        {"alv_tool_call_reply", {[x](auto e) { return alv_tool_call_reply(nullptr, x, 0, e); }}},
        {"alv_session_set_tools",
         {[](auto e) { return alv_session_set_tools(nullptr, nullptr, nullptr, e); }}},
        {"alv_session_append_tool_result",
         {[x](auto e) { return alv_session_append_tool_result(nullptr, x, x, e); },
          [x, o](auto e) {
              return alv_session_append_tool_result(o.session, x, {nullptr, 1}, e);
          }}},
        {"alv_filter_replace", {[x](auto e) { return alv_filter_replace(nullptr, 0, 1, x, e); }}},
        {"alv_filter_stop", {[x](auto e) { return alv_filter_stop(nullptr, x, e); }}},
        {"alv_filter_hold", {[](auto e) { return alv_filter_hold(nullptr, 0, e); }}},
        {"alv_filter_create",
         {[](auto e) { return alv_filter_create(nullptr, &filter, e); },
          [](auto e) { return alv_filter_create(&filter_options, &filter, e); },
          [](auto e) { return alv_filter_create(&filter_options, nullptr, e); }}},
        {"alv_filter_create_list",
         {[](auto e) { return alv_filter_create_list(nullptr, &filter, e); },
          [](auto e) { return alv_filter_create_list(&list_options, &filter, e); },
          [](auto e) { return alv_filter_create_list(&list_options, nullptr, e); }}},
        {"alv_filter_apply",
         {[x](auto e) { return alv_filter_apply(nullptr, x, &text, nullptr, e); }}},
        {"alv_session_add_filter",
         {[](auto e) { return alv_session_add_filter(nullptr, nullptr, ALV_FILTER_INPUT, e); },
          [o](auto e) { return alv_session_add_filter(o.session, nullptr, 1, e); }}},
        {"alv_session_clear_filters",
         {[](auto e) { return alv_session_clear_filters(nullptr, e); }}},
        {"alv_prompt_render",
         {[x](auto e) { return alv_prompt_render(x, nullptr, 0, nullptr, e); },
          [x](auto e) { return alv_prompt_render(x, nullptr, 1, &text, e); },
          [x](auto e) { return alv_prompt_render(x, &variable, 1, &text, e); },
          [](auto e) {
              return alv_prompt_render({nullptr, 1}, nullptr, 0, &text, e);
          }}},
        {"alv_session_add_retriever",
         {[](auto e) { return alv_session_add_retriever(nullptr, &retriever, nullptr, e); },
          [o](auto e) { return alv_session_add_retriever(o.session, nullptr, nullptr, e); },
          [o](auto e) {
              return alv_session_add_retriever(o.session, &empty_retriever, nullptr, e);
          }}},
        {"alv_session_clear_retrievers",
         {[](auto e) { return alv_session_clear_retrievers(nullptr, e); }}},
        {"alv_session_set_grounding",
         {[](auto e) { return alv_session_set_grounding(nullptr, nullptr, e); }}},
        {"alv_retrieval_add",
         {[](auto e) { return alv_retrieval_add(nullptr, &passage, e); },
          [](auto e) { return alv_retrieval_add(nullptr, nullptr, e); }}},
        {"alv_retrieval_finish",
         {[x](auto e) { return alv_retrieval_finish(nullptr, ALV_STATUS_OK, x, e); }}},
        {"alv_knowledge_open",
         {[](auto e) { return alv_knowledge_open(&knowledge_options, nullptr, e); }}},
        {"alv_knowledge_add_text",
         {[x](auto e) { return alv_knowledge_add_text(nullptr, x, x, nullptr, e); }}},
        {"alv_knowledge_add_path",
         {[x](auto e) { return alv_knowledge_add_path(nullptr, x, nullptr, nullptr, e); }}},
        {"alv_knowledge_remove", {[x](auto e) { return alv_knowledge_remove(nullptr, x, e); }}},
        {"alv_knowledge_count",
         {[](auto e) { return alv_knowledge_count(nullptr, nullptr, nullptr, e); }}},
        {"alv_knowledge_search",
         {[](auto e) { return alv_knowledge_search(nullptr, &query, 0, &passages, e); }}},
        {"alv_knowledge_retriever",
         {[](auto e) { return alv_knowledge_retriever(nullptr, &retriever, e); }}},
        {"alv_retriever_query",
         {[](auto e) { return alv_retriever_query(nullptr, &query, 0, &passages, e); },
          [](auto e) { return alv_retriever_query(&empty_retriever, &query, 0, &passages, e); },
          [](auto e) { return alv_retriever_query(&retriever, nullptr, 0, &passages, e); },
          [](auto e) { return alv_retriever_query(&retriever, &query, 0, nullptr, e); }}},
    };
}

TEST(Misuse, NullIsAnInvalidArgumentWithAMessageAndASource) {
    Host host;
    host.with_session();
    alv_generation* generation = host.complete("x", 1);
    const Objects objects = {host.runtime, host.model, host.session, generation};
    for (const auto& [name, calls] : calls_with_null(host, objects)) {
        for (size_t i = 0; i < calls.size(); ++i) {
            Failure failure;
            EXPECT_EQ(calls[i](failure.out()), ALV_STATUS_INVALID_ARGUMENT) << name << " " << i;
            ASSERT_NE(failure.error, nullptr) << name;
            EXPECT_EQ(alv_error_code(failure.error), ALV_STATUS_INVALID_ARGUMENT);
            EXPECT_FALSE(failure.message().empty()) << name << " " << i;
            EXPECT_EQ(text_of(alv_error_source(failure.error)), name);
            EXPECT_EQ(calls[i](nullptr), ALV_STATUS_INVALID_ARGUMENT) << name << " " << i;
        }
    }
    read_all(generation);
    alv_generation_release(generation);
}

TEST(Misuse, WhatCannotFailTakesNull) {
    alv_error_release(nullptr);
    alv_bytes_release(nullptr);
    alv_tokens_release(nullptr);
    alv_device_list_release(nullptr);
    alv_runtime_release(nullptr);
    alv_model_release(nullptr);
    alv_gguf_release(nullptr);
    alv_session_release(nullptr);
    alv_generation_release(nullptr);
    alv_embedder_release(nullptr);
    alv_embedding_release(nullptr);
    EXPECT_EQ(alv_embedder_dim(nullptr), 0u);
    EXPECT_EQ(alv_embedder_max_tokens(nullptr), 0u);
    alv_tools_release(nullptr);
    alv_tool_call_release(nullptr);
    alv_filter_release(nullptr);
    EXPECT_EQ(alv_tools_count(nullptr), 0u);
    EXPECT_EQ(alv_tool_call_retain(nullptr), nullptr);
    EXPECT_EQ(alv_tool_call_id(nullptr).size, 0u);
    EXPECT_EQ(alv_tool_call_name(nullptr).size, 0u);
    EXPECT_EQ(alv_tool_call_arguments(nullptr).size, 0u);
    EXPECT_EQ(alv_tool_call_is_open(nullptr), 0u);
    EXPECT_EQ(alv_prompt_builtin({nullptr, 3}).size, 0u);
    alv_retrieval_release(nullptr);
    alv_passages_release(nullptr);
    alv_knowledge_release(nullptr);
    EXPECT_EQ(alv_retrieval_retain(nullptr), nullptr);
    EXPECT_EQ(alv_passages_count(nullptr), 0u);
    EXPECT_EQ(alv_passages_get(nullptr, 0), nullptr);
    EXPECT_EQ(alv_runtime_retain(nullptr), nullptr);
    EXPECT_EQ(alv_model_retain(nullptr), nullptr);
    EXPECT_EQ(alv_error_code(nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_error_message(nullptr).size, 0u);
    EXPECT_EQ(alv_error_source(nullptr).size, 0u);
    EXPECT_EQ(alv_bytes_size(nullptr), 0u);
    EXPECT_NE(alv_bytes_data(nullptr), nullptr);
    EXPECT_EQ(alv_bytes_text(nullptr).size, 0u);
    EXPECT_EQ(alv_tokens_count(nullptr), 0u);
    EXPECT_EQ(alv_tokens_data(nullptr), nullptr);
    EXPECT_EQ(alv_device_list_count(nullptr), 0u);
    EXPECT_EQ(alv_gguf_version(nullptr), 0u);
    EXPECT_EQ(alv_gguf_entry_count(nullptr), 0u);
    EXPECT_EQ(alv_gguf_tensor_count(nullptr), 0u);
    EXPECT_EQ(alv_session_message_count(nullptr), 0u);
    EXPECT_EQ(alv_session_context_tokens(nullptr), 0u);
    EXPECT_EQ(alv_session_cached_tokens(nullptr), 0u);
}

// Functions that are neither in the table above nor in the test above it.
TEST(Misuse, EveryFunctionOfTheHeadersIsTested) {
    Host host;
    const std::set<std::string> plain = {"alv_version",
                                         "alv_abi_version",
                                         "alv_status_name",
                                         "alv_finish_reason_name",
                                         "alv_error_code",
                                         "alv_error_message",
                                         "alv_error_source",
                                         "alv_error_release",
                                         "alv_bytes_data",
                                         "alv_bytes_size",
                                         "alv_bytes_text",
                                         "alv_bytes_release",
                                         "alv_tokens_data",
                                         "alv_tokens_count",
                                         "alv_tokens_release",
                                         "alv_device_list_count",
                                         "alv_device_list_release",
                                         "alv_runtime_retain",
                                         "alv_runtime_release",
                                         "alv_model_retain",
                                         "alv_model_release",
                                         "alv_gguf_release",
                                         "alv_gguf_version",
                                         "alv_gguf_entry_count",
                                         "alv_gguf_tensor_count",
                                         "alv_session_release",
                                         "alv_session_message_count",
                                         "alv_session_context_tokens",
                                         "alv_session_cached_tokens",
                                         "alv_generation_release",
                                         "alv_embedder_release",
                                         "alv_embedder_dim",
                                         "alv_embedder_max_tokens",
                                         "alv_embedding_release",
                                         "alv_retrieval_retain",
                                         "alv_retrieval_release",
                                         "alv_passages_count",
                                         "alv_passages_get",
                                         "alv_passages_release",
                                         "alv_knowledge_release",
                                         "alv_tools_release",
                                         "alv_tools_count",
                                         "alv_tool_call_retain",
                                         "alv_tool_call_release",
                                         "alv_tool_call_id",
                                         "alv_tool_call_name",
                                         "alv_tool_call_arguments",
                                         "alv_tool_call_is_open",
                                         "alv_filter_release",
                                         "alv_prompt_builtin"};
    const auto table = calls_with_null(host, {});
    for (const std::string& name : header_functions()) {
        const bool is_init = name.ends_with("_init");  // init_test
        EXPECT_TRUE(is_init || plain.contains(name) || table.contains(name)) << name;
    }
}

TEST(Misuse, TextThatIsNotUtf8IsRefusedWithTheByte) {
    Host host;
    host.with_session();
    const alv_string bad = {"ab\xC3(", 4};
    Failure failure;
    alv_tokens* tokens = nullptr;
    EXPECT_EQ(alv_model_tokenize(host.model, bad, 0, &tokens, failure.out()),
              ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_NE(failure.message().find("byte 2"), std::string::npos) << failure.message();
    EXPECT_EQ(alv_session_append(host.session, bad, alv_str("x"), nullptr),
              ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(alv_session_append(host.session, alv_str("x"), bad, nullptr),
              ALV_STATUS_INVALID_ARGUMENT);
    alv_generation* generation = nullptr;
    EXPECT_EQ(alv_session_complete(host.session, bad, nullptr, &generation, nullptr),
              ALV_STATUS_INVALID_ARGUMENT);
}

TEST(Misuse, ASuccessLeavesTheErrorAsItWas) {
    Host host;
    alv_error* const sentinel = reinterpret_cast<alv_error*>(0x10);
    alv_error* error = sentinel;
    alv_runtime_info info = ALV_RUNTIME_INFO_INIT;
    EXPECT_EQ(alv_runtime_get_info(host.runtime, &info, &error), ALV_STATUS_OK);
    EXPECT_EQ(error, sentinel);
}

TEST(Misuse, AFailureNullsTheHandle) {
    Host host;
    alv_model* model = reinterpret_cast<alv_model*>(0x10);
    alv_model_options options = ALV_MODEL_OPTIONS_INIT;
    EXPECT_EQ(alv_model_open(host.runtime, &options, &model, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(model, nullptr);
}

}  // namespace
}  // namespace alv::test
