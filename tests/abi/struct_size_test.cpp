// Structs of older and newer hosts.
#include <cstring>

#include "abi/host.h"

namespace alv::test {
namespace {

// Passes `bytes` as an alv_session_options, the smallest options struct.
alv_status create_with(Host& host, const std::vector<unsigned char>& bytes, std::string* message) {
    alv_session* session = nullptr;
    Failure failure;
    const alv_status status =
        alv_session_create(host.model, reinterpret_cast<const alv_session_options*>(bytes.data()),
                           &session, failure.out());
    *message = failure.message();
    alv_session_release(session);
    return status;
}

std::vector<unsigned char> options_of_size(uint32_t struct_size, size_t n_bytes) {
    std::vector<unsigned char> bytes(n_bytes, 0);
    std::memcpy(bytes.data(), &struct_size, sizeof struct_size);
    return bytes;
}

TEST(StructSize, AnOlderHostsShorterStructGetsTheDefaults) {
    Host host;
    host.with_model();
    std::string message;
    EXPECT_EQ(create_with(host, options_of_size(8, 8), &message), ALV_STATUS_OK) << message;
}

TEST(StructSize, ANewerHostsLongerStructWorksWhileItsNewFieldsAreZero) {
    Host host;
    host.with_model();
    std::string message;
    EXPECT_EQ(create_with(host, options_of_size(64, 64), &message), ALV_STATUS_OK) << message;
    auto bytes = options_of_size(64, 64);
    bytes[40] = 1;
    EXPECT_EQ(create_with(host, bytes, &message), ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_NE(message.find("byte 40"), std::string::npos) << message;
}

TEST(StructSize, ASizeThatNoStructHasIsRefused) {
    Host host;
    host.with_model();
    std::string message;
    for (const uint32_t size :
         {0u, 1u, 4u, 7u, 9u, 12u, 15u, 20u, 5000u, 0x80000000u, 0xFFFFFFF8u, 0xFFFFFFFFu}) {
        EXPECT_EQ(create_with(host, options_of_size(size, 16), &message),
                  ALV_STATUS_INVALID_ARGUMENT)
            << size;
        EXPECT_NE(message.find("struct_size"), std::string::npos) << message;
    }
}

TEST(StructSize, EveryStructThatIsReadIsChecked) {
    Host host;
    host.with_session();
    alv_runtime_options runtime = ALV_RUNTIME_OPTIONS_INIT;
    runtime.struct_size = 3;
    alv_runtime* made = nullptr;
    EXPECT_EQ(alv_runtime_create(&runtime, &made, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    alv_model_options model = host.model_options();
    model.struct_size = 3;
    alv_model* opened = nullptr;
    EXPECT_EQ(alv_model_open(host.runtime, &model, &opened, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    alv_gguf* gguf = nullptr;
    EXPECT_EQ(alv_gguf_open(&model, &gguf, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    alv_generation_options generate = ALV_GENERATION_OPTIONS_INIT;
    generate.struct_size = 3;
    alv_generation* generation = nullptr;
    EXPECT_EQ(alv_session_complete(host.session, alv_str("x"), &generate, &generation, nullptr),
              ALV_STATUS_INVALID_ARGUMENT);
}

TEST(StructSize, EveryStructThatIsFilledInIsChecked) {
    Host host;
    host.with_session();
    alv_runtime_info runtime = {};
    EXPECT_EQ(alv_runtime_get_info(host.runtime, &runtime, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    alv_model_info model = {};
    EXPECT_EQ(alv_model_get_info(host.model, &model, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    alv_model_progress progress = {};
    EXPECT_EQ(alv_model_get_progress(host.model, &progress, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    alv_generation* generation = host.complete("x", 1);
    alv_usage usage = {};
    EXPECT_EQ(alv_generation_get_usage(generation, &usage, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    alv_generation_release(generation);
}

TEST(StructSize, AnOlderHostsInfoIsNotOverrun) {
    Host host;
    host.with_model();
    std::vector<unsigned char> bytes(sizeof(alv_model_info), 0xAA);
    auto* info = reinterpret_cast<alv_model_info*>(bytes.data());
    info->struct_size = 24;
    ASSERT_EQ(alv_model_get_info(host.model, info, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(text_of(info->architecture), "fake");
    EXPECT_EQ(info->struct_size, 24u);
    for (size_t i = 24; i < bytes.size(); ++i) EXPECT_EQ(bytes[i], 0xAA);
}

TEST(StructSize, ReservedFieldsAndUnknownFlagsAreRefused) {
    Host host;
    host.with_model();
    alv_session_options options = ALV_SESSION_OPTIONS_INIT;
    options.reserved = 1;
    alv_session* session = nullptr;
    EXPECT_EQ(alv_session_create(host.model, &options, &session, nullptr),
              ALV_STATUS_INVALID_ARGUMENT);
    options.reserved = 0;
    options.flags = 0x80;
    EXPECT_EQ(alv_session_create(host.model, &options, &session, nullptr),
              ALV_STATUS_INVALID_ARGUMENT);
    alv_runtime_options runtime = ALV_RUNTIME_OPTIONS_INIT;
    runtime.flags = 0x80;
    alv_runtime* made = nullptr;
    EXPECT_EQ(alv_runtime_create(&runtime, &made, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    runtime.flags = 0;
    runtime.log_level = 5;
    EXPECT_EQ(alv_runtime_create(&runtime, &made, nullptr), ALV_STATUS_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace alv::test
