// In a forked child the parent's objects are dead, and say so.
#include "abi/host.h"

#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>

namespace alv::test {
namespace {

// The child's exit code: the number of the first check that failed, 0 if none.
int in_child(Host& host, alv_generation* generation) {
    const auto dead = [](alv_status status) { return status == ALV_STATUS_INVALID_STATE; };
    alv_runtime_info info = ALV_RUNTIME_INFO_INIT;
    if (!dead(alv_runtime_get_info(host.runtime, &info, nullptr))) return 1;
    if (!dead(alv_runtime_step(host.runtime, 1, nullptr, nullptr))) return 2;
    if (!dead(alv_model_wait(host.model, kLong, nullptr))) return 3;
    alv_tokens* tokens = nullptr;
    if (!dead(alv_model_tokenize(host.model, alv_str("x"), 0, &tokens, nullptr))) return 4;
    alv_generation* another = nullptr;
    if (!dead(alv_session_complete(host.session, alv_str("x"), nullptr, &another, nullptr)))
        return 5;
    const alv_event* event = nullptr;
    if (!dead(alv_generation_wait(generation, kLong, &event, nullptr))) return 6;
    alv_error* error = nullptr;
    if (!dead(alv_generation_cancel(generation, &error))) return 7;
    if (text_of(alv_error_message(error)).find("fork") == std::string::npos) return 8;
    alv_error_release(error);
    alv_generation_release(generation);
    alv_session_release(host.session);
    alv_model_release(host.model);
    alv_runtime_release(host.runtime);
    return 0;
}

TEST(Fork, TheChildsCallsFailAndTheParentGoesOn) {
    Host host;
    host.with_session();
    host.world->slice_time = std::chrono::milliseconds(5);
    alv_generation* generation = host.complete("hello", 5);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) _exit(in_child(host, generation));
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(read_all(generation).finish, ALV_FINISH_MAX_TOKENS);
    alv_generation_release(generation);
}

// It has no runtime to ask; its file and its threads stay the parent's all the same.
TEST(Fork, AKnowledgeBaseIsTheParents) {
    alv_knowledge* knowledge = nullptr;
    alv_retriever retriever = ALV_RETRIEVER_INIT;
    ASSERT_EQ(alv_knowledge_open(nullptr, &knowledge, nullptr), ALV_STATUS_OK);
    ASSERT_EQ(alv_knowledge_retriever(knowledge, &retriever, nullptr), ALV_STATUS_OK);
    alv_query query = ALV_QUERY_INIT;
    query.text = alv_str("x");
    alv_passages* passages = nullptr;
    ASSERT_EQ(alv_retriever_query(&retriever, &query, kLong, &passages, nullptr), ALV_STATUS_OK);
    alv_passages_release(passages);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        int code = 0;
        if (alv_knowledge_count(knowledge, nullptr, nullptr, nullptr) != ALV_STATUS_INVALID_STATE)
            code = 1;
        if (alv_retriever_query(&retriever, &query, kLong, &passages, nullptr) == ALV_STATUS_OK)
            code = 2;
        retriever.release(retriever.user_data);
        alv_knowledge_release(knowledge);
        _exit(code);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(alv_knowledge_count(knowledge, nullptr, nullptr, nullptr), ALV_STATUS_OK);
    retriever.release(retriever.user_data);
    alv_knowledge_release(knowledge);
}

}  // namespace
}  // namespace alv::test
#endif
