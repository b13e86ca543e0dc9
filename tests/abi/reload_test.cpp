// A second load of the library, again and again: nothing of it stays behind, neither code nor a
// thread nor memory. (Memory: in a sanitized build LeakSanitizer says so at the end of the process,
// in every other the C library's count does.) ALVISS_RELOADS says how often; tests/run.sh --long
// sets it.
#include <alviss/alviss.h>
#include <gtest/gtest.h>

#ifdef __linux__
#include <dlfcn.h>
#include <malloc.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace alv::test {
namespace {

size_t n_threads() {
    size_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        static_cast<void>(entry);
        ++n;
    }
    return n;
}

template <typename F>
F* find(void* library, const char* name) {
    return reinterpret_cast<F*>(dlsym(library, name));
}

// Loads, uses and unloads the library once; `flags` of the runtime.
void use_once(uint32_t flags) {
    void* library = dlopen(ALV_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    const auto create = find<decltype(alv_runtime_create)>(library, "alv_runtime_create");
    const auto release = find<decltype(alv_runtime_release)>(library, "alv_runtime_release");
    const auto open = find<decltype(alv_model_open)>(library, "alv_model_open");
    const auto free_error = find<decltype(alv_error_release)>(library, "alv_error_release");
    ASSERT_TRUE(create && release && open && free_error);
    alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
    options.flags = flags;
    alv_runtime* runtime = nullptr;
    alv_error* error = nullptr;
    ASSERT_EQ(create(&options, &runtime, &error), ALV_STATUS_OK);
    alv_model_options nothing = ALV_MODEL_OPTIONS_INIT;
    nothing.path = alv_str("/no/such/model.gguf");
    nothing.flags = ALV_MODEL_TOKENIZER_ONLY;
    alv_model* model = nullptr;
    EXPECT_EQ(open(runtime, &nothing, &model, &error), ALV_STATUS_NOT_FOUND);
    free_error(error);
    release(runtime);
    ASSERT_EQ(dlclose(library), 0);
}

bool is_loaded() {
    void* library = dlopen(ALV_TEST_LIBRARY, RTLD_NOW | RTLD_NOLOAD);
    if (library) dlclose(library);
    return library != nullptr;
}

int n_reloads() {
    const char* wanted = std::getenv("ALVISS_RELOADS");
    return wanted ? std::atoi(wanted) : 20;
}

// What malloc has given out and not got back. (0 under AddressSanitizer, which has its own malloc.)
size_t heap_bytes() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

TEST(Reload, AgainAndAgainWithoutADevice) {
    use_once(ALV_RUNTIME_NO_DEVICE);  // what the first load leaves to the C library is its own
    const size_t threads = n_threads();
    const size_t heap = heap_bytes();
    const int n = n_reloads();
    ASSERT_GT(n, 0);
    for (int i = 0; i < n; ++i) {
        use_once(ALV_RUNTIME_NO_DEVICE);
        EXPECT_FALSE(is_loaded()) << "something of it stays behind";
        EXPECT_EQ(n_threads(), threads);
    }
    // The dynamic linker keeps some KB for as long as the process lives, however often.
    EXPECT_LE(heap_bytes(), heap + 16384);
}

TEST(Reload, AgainAndAgainWithADevice) {
    for (int i = 0; i < n_reloads(); ++i) {
        use_once(0);
        EXPECT_FALSE(is_loaded()) << "something of it stays behind";
    }
}

}  // namespace
}  // namespace alv::test
#endif
