/* Every versioned struct with its INIT macro: F(type, macro). The init function of `type` is
 * type##_init. Read by C and by C++. */
#ifndef ALV_TEST_INIT_VALUES_H
#define ALV_TEST_INIT_VALUES_H

#define ALV_TEST_STRUCTS(F)                                  \
    F(alv_file, ALV_FILE_INIT)                               \
    F(alv_device_info, ALV_DEVICE_INFO_INIT)                 \
    F(alv_runtime_options, ALV_RUNTIME_OPTIONS_INIT)         \
    F(alv_runtime_info, ALV_RUNTIME_INFO_INIT)               \
    F(alv_counters, ALV_COUNTERS_INIT)                       \
    F(alv_model_progress, ALV_MODEL_PROGRESS_INIT)           \
    F(alv_model_options, ALV_MODEL_OPTIONS_INIT)             \
    F(alv_model_info, ALV_MODEL_INFO_INIT)                   \
    F(alv_memory_plan, ALV_MEMORY_PLAN_INIT)                 \
    F(alv_gguf_entry, ALV_GGUF_ENTRY_INIT)                   \
    F(alv_gguf_tensor, ALV_GGUF_TENSOR_INIT)                 \
    F(alv_session_options, ALV_SESSION_OPTIONS_INIT)         \
    F(alv_usage, ALV_USAGE_INIT)                             \
    F(alv_generation_options, ALV_GENERATION_OPTIONS_INIT)   \
    F(alv_query, ALV_QUERY_INIT)                             \
    F(alv_passage, ALV_PASSAGE_INIT)                         \
    F(alv_retriever, ALV_RETRIEVER_INIT)                     \
    F(alv_embedding_options, ALV_EMBEDDING_OPTIONS_INIT)     \
    F(alv_convert_options, ALV_CONVERT_OPTIONS_INIT)         \
    F(alv_vulkan_device, ALV_VULKAN_DEVICE_INIT)             \
    F(alv_retriever_options, ALV_RETRIEVER_OPTIONS_INIT)     \
    F(alv_grounding_options, ALV_GROUNDING_OPTIONS_INIT)     \
    F(alv_tool, ALV_TOOL_INIT)                               \
    F(alv_tools_options, ALV_TOOLS_OPTIONS_INIT)             \
    F(alv_filter_options, ALV_FILTER_OPTIONS_INIT)           \
    F(alv_filter_list_options, ALV_FILTER_LIST_OPTIONS_INIT) \
    F(alv_knowledge_options, ALV_KNOWLEDGE_OPTIONS_INIT)     \
    F(alv_knowledge_progress, ALV_KNOWLEDGE_PROGRESS_INIT)   \
    F(alv_knowledge_add_options, ALV_KNOWLEDGE_ADD_OPTIONS_INIT)

#endif
