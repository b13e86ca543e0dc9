// sizeof and offsetof of each struct, against layout.txt: an ABI does not change by accident. To
// record a change on purpose, take the lines that the failing test prints.
#include <alviss/alviss.h>
#include <alviss/vulkan.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <sstream>

namespace {

#define BEGIN(type) out << #type << " " << sizeof(type) << " align " << alignof(type) << "\n"
#define FIELD(type, field) \
    out << "  " << #field << " " << offsetof(type, field) << " " << sizeof(type::field) << "\n"

void structs_of_files_and_devices(std::ostream& out) {
    BEGIN(alv_string);
    FIELD(alv_string, data);
    FIELD(alv_string, size);
    BEGIN(alv_file);
    FIELD(alv_file, struct_size);
    FIELD(alv_file, reserved);
    FIELD(alv_file, size_bytes);
    FIELD(alv_file, user_data);
    FIELD(alv_file, read);
    FIELD(alv_file, close);
    BEGIN(alv_device_info);
    FIELD(alv_device_info, struct_size);
    FIELD(alv_device_info, usable);
    FIELD(alv_device_info, type);
    FIELD(alv_device_info, features);
    FIELD(alv_device_info, vendor_id);
    FIELD(alv_device_info, device_id);
    FIELD(alv_device_info, api_version);
    FIELD(alv_device_info, subgroup_size);
    FIELD(alv_device_info, uuid);
    FIELD(alv_device_info, memory_bytes);
    FIELD(alv_device_info, max_binding_bytes);
    FIELD(alv_device_info, name);
    FIELD(alv_device_info, driver);
    FIELD(alv_device_info, refusal);
    FIELD(alv_device_info, tier);
    BEGIN(alv_vulkan_device);
    FIELD(alv_vulkan_device, struct_size);
    FIELD(alv_vulkan_device, queue_family);
    FIELD(alv_vulkan_device, instance);
    FIELD(alv_vulkan_device, physical_device);
    FIELD(alv_vulkan_device, device);
    FIELD(alv_vulkan_device, queue);
    FIELD(alv_vulkan_device, get_instance_proc_addr);
    FIELD(alv_vulkan_device, api_version);
    FIELD(alv_vulkan_device, n_enabled_extensions);
    FIELD(alv_vulkan_device, enabled_extensions);
    FIELD(alv_vulkan_device, enabled_features);
    FIELD(alv_vulkan_device, lock_queue);
    FIELD(alv_vulkan_device, unlock_queue);
    FIELD(alv_vulkan_device, user_data);
}

void structs_of_runtimes_and_models(std::ostream& out) {
    BEGIN(alv_runtime_options);
    FIELD(alv_runtime_options, struct_size);
    FIELD(alv_runtime_options, flags);
    FIELD(alv_runtime_options, device_uuid);
    FIELD(alv_runtime_options, device_name);
    FIELD(alv_runtime_options, vulkan);
    FIELD(alv_runtime_options, submit_budget_us);
    FIELD(alv_runtime_options, log);
    FIELD(alv_runtime_options, log_user_data);
    FIELD(alv_runtime_options, log_level);
    FIELD(alv_runtime_options, reserved);
    FIELD(alv_runtime_options, pipeline_cache_path);
    FIELD(alv_runtime_options, pipeline_cache_data);
    FIELD(alv_runtime_options, pipeline_cache_size);
    BEGIN(alv_runtime_info);
    FIELD(alv_runtime_info, struct_size);
    FIELD(alv_runtime_info, has_device);
    FIELD(alv_runtime_info, device_lost);
    FIELD(alv_runtime_info, models);
    FIELD(alv_runtime_info, weights_bytes);
    FIELD(alv_runtime_info, kv_bytes);
    FIELD(alv_runtime_info, scratch_bytes);
    FIELD(alv_runtime_info, allocated_bytes);
    FIELD(alv_runtime_info, budget_bytes);
    BEGIN(alv_counters);
    FIELD(alv_counters, struct_size);
    FIELD(alv_counters, reserved);
    FIELD(alv_counters, submits);
    FIELD(alv_counters, dispatches);
    FIELD(alv_counters, busy_us);
    FIELD(alv_counters, longest_submit_us);
    FIELD(alv_counters, host_us);
    BEGIN(alv_op_time);
    FIELD(alv_op_time, struct_size);
    FIELD(alv_op_time, reserved);
    FIELD(alv_op_time, name);
    FIELD(alv_op_time, calls);
    FIELD(alv_op_time, device_us);
    BEGIN(alv_model_progress);
    FIELD(alv_model_progress, struct_size);
    FIELD(alv_model_progress, state);
    FIELD(alv_model_progress, stage);
    FIELD(alv_model_progress, fraction);
    FIELD(alv_model_progress, done);
    FIELD(alv_model_progress, total);
    BEGIN(alv_model_options);
    FIELD(alv_model_options, struct_size);
    FIELD(alv_model_options, flags);
    FIELD(alv_model_options, path);
    FIELD(alv_model_options, data);
    FIELD(alv_model_options, data_size);
    FIELD(alv_model_options, file);
    FIELD(alv_model_options, kv_tokens);
    FIELD(alv_model_options, reserved);
    FIELD(alv_model_options, progress);
    FIELD(alv_model_options, progress_user_data);
    BEGIN(alv_model_info);
    FIELD(alv_model_info, struct_size);
    FIELD(alv_model_info, has_chat_template);
    FIELD(alv_model_info, architecture);
    FIELD(alv_model_info, name);
    FIELD(alv_model_info, parameters);
    FIELD(alv_model_info, file_bytes);
    FIELD(alv_model_info, n_vocab);
    FIELD(alv_model_info, n_layers);
    FIELD(alv_model_info, dim);
    FIELD(alv_model_info, n_heads);
    FIELD(alv_model_info, n_kv_heads);
    FIELD(alv_model_info, train_context);
    FIELD(alv_model_info, kv_tokens);
    FIELD(alv_model_info, bos_token);
    FIELD(alv_model_info, eos_token);
    FIELD(alv_model_info, add_bos);
    FIELD(alv_model_info, load_ms);
    BEGIN(alv_message);
    FIELD(alv_message, role);
    FIELD(alv_message, content);
    BEGIN(alv_memory_plan);
    FIELD(alv_memory_plan, struct_size);
    FIELD(alv_memory_plan, fits);
    FIELD(alv_memory_plan, weights_bytes);
    FIELD(alv_memory_plan, kv_bytes);
    FIELD(alv_memory_plan, scratch_bytes);
    FIELD(alv_memory_plan, staging_bytes);
    FIELD(alv_memory_plan, host_bytes);
    FIELD(alv_memory_plan, budget_bytes);
    FIELD(alv_memory_plan, max_kv_tokens);
    BEGIN(alv_convert_options);
    FIELD(alv_convert_options, struct_size);
    FIELD(alv_convert_options, type);
    FIELD(alv_convert_options, input);
    FIELD(alv_convert_options, output);
    BEGIN(alv_embedding_options);
    FIELD(alv_embedding_options, struct_size);
    FIELD(alv_embedding_options, reserved);
    FIELD(alv_embedding_options, callback);
    FIELD(alv_embedding_options, user_data);
    BEGIN(alv_gguf_entry);
    FIELD(alv_gguf_entry, struct_size);
    FIELD(alv_gguf_entry, is_array);
    FIELD(alv_gguf_entry, key);
    FIELD(alv_gguf_entry, type);
    FIELD(alv_gguf_entry, count);
    BEGIN(alv_gguf_tensor);
    FIELD(alv_gguf_tensor, struct_size);
    FIELD(alv_gguf_tensor, n_dims);
    FIELD(alv_gguf_tensor, name);
    FIELD(alv_gguf_tensor, type);
    FIELD(alv_gguf_tensor, dims);
    FIELD(alv_gguf_tensor, offset);
    FIELD(alv_gguf_tensor, size_bytes);
}

void structs_of_sessions_and_generations(std::ostream& out) {
    BEGIN(alv_session_options);
    FIELD(alv_session_options, struct_size);
    FIELD(alv_session_options, flags);
    FIELD(alv_session_options, context_tokens);
    FIELD(alv_session_options, reserved);
    BEGIN(alv_token_logprob);
    FIELD(alv_token_logprob, token);
    FIELD(alv_token_logprob, logprob);
    BEGIN(alv_usage);
    FIELD(alv_usage, struct_size);
    FIELD(alv_usage, prompt_tokens);
    FIELD(alv_usage, reused_tokens);
    FIELD(alv_usage, generated_tokens);
    FIELD(alv_usage, queue_ms);
    FIELD(alv_usage, prefill_ms);
    FIELD(alv_usage, first_token_ms);
    FIELD(alv_usage, decode_ms);
    FIELD(alv_usage, drafted_tokens);
    FIELD(alv_usage, accepted_tokens);
    BEGIN(alv_event);
    FIELD(alv_event, struct_size);
    FIELD(alv_event, type);
    FIELD(alv_event, text);
    FIELD(alv_event, token);
    FIELD(alv_event, logprob);
    FIELD(alv_event, top);
    FIELD(alv_event, n_top);
    FIELD(alv_event, prompt_tokens);
    FIELD(alv_event, n_prompt_tokens);
    FIELD(alv_event, done);
    FIELD(alv_event, total);
    FIELD(alv_event, finish_reason);
    FIELD(alv_event, reserved);
    FIELD(alv_event, usage);
    FIELD(alv_event, error);
    FIELD(alv_event, id);
    FIELD(alv_event, name);
    FIELD(alv_event, span_begin);
    FIELD(alv_event, span_end);
    FIELD(alv_event, score);
    FIELD(alv_event, failed);
    BEGIN(alv_generation_options);
    FIELD(alv_generation_options, struct_size);
    FIELD(alv_generation_options, flags);
    FIELD(alv_generation_options, max_tokens);
    FIELD(alv_generation_options, top_k);
    FIELD(alv_generation_options, temperature);
    FIELD(alv_generation_options, top_p);
    FIELD(alv_generation_options, min_p);
    FIELD(alv_generation_options, repeat_penalty);
    FIELD(alv_generation_options, penalty_window);
    FIELD(alv_generation_options, n_top_logprobs);
    FIELD(alv_generation_options, seed);
    FIELD(alv_generation_options, stop);
    FIELD(alv_generation_options, n_stop);
    FIELD(alv_generation_options, callback);
    FIELD(alv_generation_options, user_data);
    FIELD(alv_generation_options, response_schema);
    FIELD(alv_generation_options, grammar);
}

void structs_of_knowledge(std::ostream& out) {
    BEGIN(alv_query);
    FIELD(alv_query, struct_size);
    FIELD(alv_query, k);
    FIELD(alv_query, text);
    FIELD(alv_query, filter);
    BEGIN(alv_passage);
    FIELD(alv_passage, struct_size);
    FIELD(alv_passage, reserved);
    FIELD(alv_passage, id);
    FIELD(alv_passage, text);
    FIELD(alv_passage, source);
    FIELD(alv_passage, metadata);
    FIELD(alv_passage, score);
    BEGIN(alv_retriever);
    FIELD(alv_retriever, struct_size);
    FIELD(alv_retriever, reserved);
    FIELD(alv_retriever, user_data);
    FIELD(alv_retriever, retrieve);
    FIELD(alv_retriever, cancel);
    FIELD(alv_retriever, release);
    BEGIN(alv_knowledge_options);
    FIELD(alv_knowledge_options, struct_size);
    FIELD(alv_knowledge_options, flags);
    FIELD(alv_knowledge_options, path);
    FIELD(alv_knowledge_options, embedder);
    FIELD(alv_knowledge_options, chunk_size);
    FIELD(alv_knowledge_options, chunk_overlap);
    BEGIN(alv_knowledge_progress);
    FIELD(alv_knowledge_progress, struct_size);
    FIELD(alv_knowledge_progress, reserved);
    FIELD(alv_knowledge_progress, documents);
    FIELD(alv_knowledge_progress, total_documents);
    FIELD(alv_knowledge_progress, unchanged);
    FIELD(alv_knowledge_progress, removed);
    FIELD(alv_knowledge_progress, chunks);
    FIELD(alv_knowledge_progress, truncated);
    FIELD(alv_knowledge_progress, current);
    BEGIN(alv_knowledge_add_options);
    FIELD(alv_knowledge_add_options, struct_size);
    FIELD(alv_knowledge_add_options, flags);
    FIELD(alv_knowledge_add_options, source);
    FIELD(alv_knowledge_add_options, metadata);
    FIELD(alv_knowledge_add_options, progress);
    FIELD(alv_knowledge_add_options, user_data);
}

void structs_of_agents(std::ostream& out) {
    BEGIN(alv_tool);
    FIELD(alv_tool, struct_size);
    FIELD(alv_tool, flags);
    FIELD(alv_tool, name);
    FIELD(alv_tool, description);
    FIELD(alv_tool, parameters);
    FIELD(alv_tool, timeout_ms);
    FIELD(alv_tool, max_result_bytes);
    FIELD(alv_tool, callback);
    FIELD(alv_tool, drop);
    FIELD(alv_tool, user_data);
    FIELD(alv_tool, release);
    FIELD(alv_tool, examples);
    BEGIN(alv_tools_options);
    FIELD(alv_tools_options, struct_size);
    FIELD(alv_tools_options, flags);
    FIELD(alv_tools_options, choice);
    FIELD(alv_tools_options, max_rounds);
    FIELD(alv_tools_options, max_calls);
    FIELD(alv_tools_options, time_limit_ms);
    FIELD(alv_tools_options, tool_name);
    BEGIN(alv_filter_text);
    FIELD(alv_filter_text, struct_size);
    FIELD(alv_filter_text, last);
    FIELD(alv_filter_text, before);
    FIELD(alv_filter_text, window);
    BEGIN(alv_filter_options);
    FIELD(alv_filter_options, struct_size);
    FIELD(alv_filter_options, lookback_bytes);
    FIELD(alv_filter_options, callback);
    FIELD(alv_filter_options, user_data);
    FIELD(alv_filter_options, release);
    BEGIN(alv_filter_list_options);
    FIELD(alv_filter_list_options, struct_size);
    FIELD(alv_filter_list_options, flags);
    FIELD(alv_filter_list_options, words);
    FIELD(alv_filter_list_options, n_words);
    FIELD(alv_filter_list_options, patterns);
    FIELD(alv_filter_list_options, n_patterns);
    FIELD(alv_filter_list_options, replacement);
    BEGIN(alv_prompt_variable);
    FIELD(alv_prompt_variable, name);
    FIELD(alv_prompt_variable, value);
    BEGIN(alv_retriever_options);
    FIELD(alv_retriever_options, struct_size);
    FIELD(alv_retriever_options, k);
    FIELD(alv_retriever_options, name);
    FIELD(alv_retriever_options, filter);
    BEGIN(alv_grounding_options);
    FIELD(alv_grounding_options, struct_size);
    FIELD(alv_grounding_options, token_budget);
    FIELD(alv_grounding_options, timeout_ms);
    FIELD(alv_grounding_options, reserved);
    FIELD(alv_grounding_options, prompt_template);
}

TEST(Layout, IsTheRecordedOne) {
    static_assert(sizeof(void*) == 8, "layout.txt was recorded for 64-bit targets");
    std::ostringstream now;
    structs_of_files_and_devices(now);
    structs_of_runtimes_and_models(now);
    structs_of_sessions_and_generations(now);
    structs_of_knowledge(now);
    structs_of_agents(now);
    std::ifstream file(ALV_TEST_SOURCE_DIR "/abi/layout.txt");
    std::stringstream recorded;
    recorded << file.rdbuf();
    EXPECT_EQ(now.str(), recorded.str());
}

// A field that layout_test does not list would escape it: the listed ones have to fill the struct.
TEST(Layout, NoFieldIsMissingAndNoGapIsHidden) {
    std::ifstream file(ALV_TEST_SOURCE_DIR "/abi/layout.txt");
    std::string line;
    std::string name;
    size_t size = 0;
    size_t end = 0;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        if (line[0] != ' ') {
            EXPECT_EQ(end, size) << name;
            words >> name >> size;
            end = 0;
            continue;
        }
        std::string field;
        size_t offset = 0;
        size_t field_size = 0;
        words >> field >> offset >> field_size;
        EXPECT_EQ(offset, end) << name << "." << field;
        end = offset + field_size;
    }
    EXPECT_EQ(end, size) << name;
    EXPECT_FALSE(name.empty());
}

}  // namespace
