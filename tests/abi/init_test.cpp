// ALV_X_INIT in C, in C++, and alv_x_init() give the same bytes.
#include <alviss/alviss.h>
#include <alviss/vulkan.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "init_values.h"

extern "C" {
#define DECLARE(type, macro)           \
    void abi_init_c_##type(void* out); \
    size_t abi_size_c_##type(void);
ALV_TEST_STRUCTS(DECLARE)
int abi_c_string(void);
}

namespace {

using Bytes = std::vector<unsigned char>;

#define COMPARE(type, macro)                                                                 \
    TEST(Init, type) {                                                                       \
        const type in_cpp = macro;                                                           \
        const auto* first = reinterpret_cast<const unsigned char*>(&in_cpp);                 \
        const Bytes expected(first, first + sizeof(type));                                   \
        ASSERT_EQ(abi_size_c_##type(), sizeof(type));                                        \
        Bytes in_c(sizeof(type), 0xAA);                                                      \
        abi_init_c_##type(in_c.data());                                                      \
        EXPECT_EQ(in_c, expected);                                                           \
        Bytes by_function(sizeof(type) + 64, 0xAA);                                          \
        type##_init(reinterpret_cast<type*>(by_function.data()), sizeof(type));              \
        EXPECT_EQ(Bytes(by_function.begin(), by_function.begin() + sizeof(type)), expected); \
        EXPECT_EQ(by_function[sizeof(type)], 0xAA) << "wrote past the struct";               \
        /* A host with a longer and one with a shorter struct. */                            \
        type##_init(reinterpret_cast<type*>(by_function.data()), sizeof(type) + 16);         \
        for (size_t i = 4; i < sizeof(type); ++i) EXPECT_EQ(by_function[i], expected[i]);    \
        for (size_t i = 0; i < 16; ++i) EXPECT_EQ(by_function[sizeof(type) + i], 0);         \
        EXPECT_EQ(by_function[sizeof(type) + 16], 0xAA);                                     \
        Bytes shorter(sizeof(type), 0xAA);                                                   \
        type##_init(reinterpret_cast<type*>(shorter.data()), 8);                             \
        uint32_t size = 0;                                                                   \
        std::memcpy(&size, shorter.data(), sizeof size);                                     \
        EXPECT_EQ(size, 8u);                                                                 \
        for (size_t i = 8; i < sizeof(type); ++i) EXPECT_EQ(shorter[i], 0xAA);               \
        type##_init(nullptr, sizeof(type));                                                  \
    }

ALV_TEST_STRUCTS(COMPARE)

TEST(Init, Strings) {
    EXPECT_TRUE(abi_c_string());
}

}  // namespace
