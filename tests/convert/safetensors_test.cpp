// The reader of safetensors: what is in a file, and each way in which a header can lie.
#include "convert/safetensors.h"

#include <gtest/gtest.h>

#include "convert/small_bert.h"

namespace alv::convert::test {
namespace {

Result<Safetensors> open(const std::string& bytes) {
    auto owner = std::make_shared<std::string>(bytes);
    return Safetensors::open(
        open_memory_file({reinterpret_cast<const uint8_t*>(owner->data()), owner->size()}, owner));
}

TEST(Safetensors, EveryFloatTypeIsRead) {
    const std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                               R"("b":{"dtype":"F16","shape":[1,2],"data_offsets":[8,12]},)"
                               R"("c":{"dtype":"BF16","shape":[],"data_offsets":[12,14]},)"
                               R"("d":{"dtype":"I64","shape":[0],"data_offsets":[14,14]}})";
    const std::string data("\x00\x00\x80\x3F\x00\x00\x00\xC0\x00\x3C\x00\xC0\x80\x3F", 14);
    const auto file = open(safetensors_file(header, data));
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ(file->size(), 4u);
    std::vector<float> values;
    ASSERT_TRUE(file->read(*file->find("a"), 0, 2, values).ok());
    EXPECT_EQ(values, (std::vector<float>{1, -2}));
    ASSERT_TRUE(file->read(*file->find("b"), 1, 1, values).ok());
    EXPECT_EQ(values, std::vector<float>{-2});
    ASSERT_TRUE(file->read(*file->find("c"), 0, 1, values).ok());
    EXPECT_EQ(values, std::vector<float>{1});
    EXPECT_EQ(file->read(*file->find("d"), 0, 0, values).code(), Code::kUnsupported);
    EXPECT_EQ(file->find("e"), nullptr);
}

TEST(Safetensors, AFileCutAnywhereIsCorrupt) {
    SafetensorsBuilder builder;
    builder.add("a", {3, 2});
    builder.add("b", {4});
    const std::string whole = builder.build();
    ASSERT_TRUE(open(whole).ok());
    for (size_t size = 0; size < whole.size(); ++size) {
        const auto file = open(whole.substr(0, size));
        ASSERT_FALSE(file.ok()) << size;
        EXPECT_EQ(file.status().code(), Code::kCorruptFile) << size;
    }
}

TEST(Safetensors, HeadersThatLieAreCorruptAndSayWhere) {
    const std::string a = R"({"weird":{"dtype":"F32",)";
    const std::vector<std::string> headers = {
        "",
        "x",
        "[]",
        "{",
        R"({"weird":1})",
        R"({"weird":{}})",
        a + R"("shape":[2]}})",
        a + R"("shape":2,"data_offsets":[0,8]}})",
        a + R"("shape":[-2],"data_offsets":[0,8]}})",
        a + R"("shape":[2.0],"data_offsets":[0,8]}})",
        a + R"("shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}})",
        a + R"("shape":[3],"data_offsets":[0,8]}})",
        a + R"("shape":[2],"data_offsets":[8,0]}})",
        a + R"("shape":[2],"data_offsets":[4,12]}})",
        a + R"("shape":[2],"data_offsets":[0,8,9]}})",
        a + R"("shape":[2],"data_offsets":["0","8"]}})",
        a + R"("shape":[18446744073709551615,18446744073709551615],"data_offsets":[0,8]}})",
        a + R"("shape":[4611686018427387904],"data_offsets":[0,0]}})",
        a + R"("shape":[2],"data_offsets":[18446744073709551608,18446744073709551615]}})",
        R"({"weird":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}})",
        R"({"weird":{"dtype":7,"shape":[2],"data_offsets":[0,8]}})",
        a + R"("shape":[2],"data_offsets":[0,8]},"weird2":{"dtype":"U8","shape":[1],)" +
            R"("data_offsets":[7,8]}})",
        std::string(1000, '{'),
    };
    for (const std::string& header : headers) {
        const auto file = open(safetensors_file(header, std::string(8, '\0')));
        ASSERT_FALSE(file.ok()) << header;
        EXPECT_EQ(file.status().code(), Code::kCorruptFile) << header;
        if (header.starts_with(a)) {
            EXPECT_NE(file.status().message().find("weird"), std::string::npos)
                << file.status().message();
        }
    }
    std::string huge(8, '\xFF');
    EXPECT_EQ(open(huge + "{}").status().code(), Code::kCorruptFile);
}

}  // namespace
}  // namespace alv::convert::test
