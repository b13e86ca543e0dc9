#include "gguf/writer.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "gguf/reader.h"

namespace alv::gguf {
namespace {

std::vector<uint8_t> counting_bytes(size_t size) {
    std::vector<uint8_t> bytes(size);
    std::iota(bytes.begin(), bytes.end(), uint8_t{1});
    return bytes;
}

Result<std::shared_ptr<const Reader>> read_back(const Writer& writer) {
    ALV_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, writer.build());
    auto owner = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
    return Reader::open(open_memory_file(*owner, owner));
}

TEST(Writer, WhatIsWrittenIsReadBack) {
    Writer writer;
    writer.add_uint8("u8", 200);
    writer.add_int8("i8", -100);
    writer.add_uint16("u16", 60000);
    writer.add_int16("i16", -30000);
    writer.add_uint32("u32", 4000000000U);
    writer.add_int32("i32", -2000000000);
    writer.add_uint64("u64", UINT64_MAX);
    writer.add_int64("i64", INT64_MIN);
    writer.add_float32("f32", 0.1F);
    writer.add_float64("f64", 0.1);
    writer.add_bool("bool", true);
    writer.add_string("text", "\xC3\xA4");
    writer.add_strings("texts", std::vector<std::string>{"a", "", std::string("\0", 1)});
    writer.add_float32s("floats", std::vector<float>{1.5F, -2});
    writer.add_int32s("ints", std::vector<int32_t>{-1, 7});
    writer.add_uint8s("bytes", std::vector<uint8_t>{0, 255});
    writer.add_tensor("odd", DType::kI8, {33}, counting_bytes(33));
    writer.add_tensor("blocks", DType::kQ4_1, {64, 2}, counting_bytes(80));

    const auto reader = read_back(writer);
    ASSERT_TRUE(reader.ok()) << reader.status().message();
    const Reader& r = **reader;
    EXPECT_EQ(r.version(), 3U);
    EXPECT_EQ(*r.get_uint("u8"), 200U);
    EXPECT_EQ(*r.get_float("i8"), -100);
    EXPECT_EQ(*r.get_uint("u16"), 60000U);
    EXPECT_EQ(*r.get_float("i16"), -30000);
    EXPECT_EQ(*r.get_uint("u32"), 4000000000U);
    EXPECT_EQ(*r.get_float("i32"), -2000000000);
    EXPECT_EQ(*r.get_uint("u64"), UINT64_MAX);
    EXPECT_EQ(*r.get_float("i64"), -9223372036854775808.0);
    EXPECT_EQ(*r.get_float("f32"), static_cast<double>(0.1F));
    EXPECT_EQ(*r.get_float("f64"), 0.1);
    EXPECT_TRUE(*r.get_bool("bool"));
    EXPECT_EQ(*r.get_string("text"), "\xC3\xA4");
    EXPECT_EQ(*r.get_strings("texts"), (std::vector<std::string>{"a", "", std::string("\0", 1)}));
    EXPECT_EQ(*r.get_floats("floats"), (std::vector<float>{1.5F, -2}));
    EXPECT_EQ(*r.get_ints("ints"), (std::vector<int64_t>{-1, 7}));
    EXPECT_EQ(*r.get_ints("bytes"), (std::vector<int64_t>{0, 255}));

    ASSERT_EQ(r.tensors().size(), 2U);
    for (const auto& [name, size] : {std::pair<const char*, size_t>{"odd", 33}, {"blocks", 80}}) {
        const TensorInfo* tensor = r.find_tensor(name);
        ASSERT_NE(tensor, nullptr);
        const auto data = r.file().read(tensor->offset, tensor->size_bytes);
        ASSERT_TRUE(data.ok());
        EXPECT_EQ(std::vector<uint8_t>(data->bytes.begin(), data->bytes.end()),
                  counting_bytes(size));
    }
}

TEST(Writer, AlignmentIsKept) {
    for (const uint32_t alignment : {8U, 64U, 4096U}) {
        Writer writer(alignment);
        writer.add_tensor("a", DType::kI8, {1}, {7});
        writer.add_tensor("b", DType::kI8, {1}, {8});
        const auto reader = read_back(writer);
        ASSERT_TRUE(reader.ok()) << reader.status().message();
        EXPECT_EQ((*reader)->alignment(), alignment);
        EXPECT_EQ((*reader)->find_tensor("b")->offset - (*reader)->find_tensor("a")->offset,
                  alignment);
        EXPECT_EQ((*reader)->file().size() % alignment, 0U);
    }
}

TEST(Writer, ATensorMayComeInPieces) {
    Writer writer;
    writer.add_tensor("a", DType::kF32, {256}, [](const Sink& sink) {
        for (int i = 0; i < 4; ++i) ALV_RETURN_IF_ERROR(sink(counting_bytes(256)));
        return ok_status();
    });
    const auto reader = read_back(writer);
    ASSERT_TRUE(reader.ok()) << reader.status().message();
    EXPECT_EQ((*reader)->file().read((*reader)->tensors()[0].offset + 768, 1)->bytes[0], 1);
    EXPECT_EQ(*writer.build(), *writer.build()) << "write() may be called again";
}

TEST(Writer, RefusesWhatMakesNoValidFile) {
    struct Case {
        const char* word;
        std::function<void(Writer&)> fill;
    };
    const auto tensor = [](const char* name, DType type, std::vector<uint64_t> dims, size_t size) {
        return [=](Writer& w) { w.add_tensor(name, type, dims, counting_bytes(size)); };
    };
    const std::string long_key(65536, 'k');
    const std::vector<Case> cases{
        {"key", [](Writer& w) { w.add_bool("", true); }},
        {"key", [](Writer& w) { w.add_bool("\xFF", true); }},
        {"key", [](Writer& w) { w.add_bool(std::string_view("a\0b", 3), true); }},
        {"key", [&](Writer& w) { w.add_bool(long_key, true); }},
        {"twice", [](Writer& w) { w.add_bool("a", true), w.add_uint8("a", 1); }},
        {"\"a\"", [](Writer& w) { w.add_string("a", "\xC3"); }},
        {"\"a\"", [](Writer& w) { w.add_string("a", std::string_view("\0", 1)); }},
        {"\"a\"", [](Writer& w) { w.add_strings("a", std::vector<std::string>{"\xFF"}); }},
        {"tensor", tensor("", DType::kI8, {1}, 1)},
        {"n_dims", tensor("a", DType::kI8, {}, 1)},
        {"n_dims", tensor("a", DType::kI8, {1, 1, 1, 1, 1}, 1)},
        {"dims[1]", tensor("a", DType::kI8, {1, 0}, 0)},
        {"block", tensor("a", DType::kQ4_0, {16, 2}, 18)},
        {"overflows", tensor("a", DType::kF32, {1ULL << 32, 1ULL << 32}, 4)},
        {"3 bytes of data", tensor("a", DType::kI8, {4}, 3)},
        {"5 bytes of data", tensor("a", DType::kI8, {4}, 5)},
    };
    for (const Case& c : cases) {
        Writer writer;
        c.fill(writer);
        const auto built = writer.build();
        ASSERT_FALSE(built.ok()) << c.word;
        EXPECT_EQ(built.status().code(), Code::kInvalidArgument);
        EXPECT_NE(built.status().message().find(c.word), std::string::npos)
            << built.status().message();
    }
    for (const uint32_t alignment : {0U, 1U, 12U, 1U << 31}) {
        EXPECT_EQ(Writer(alignment).build().status().code(), Code::kInvalidArgument) << alignment;
    }
    Writer twice;
    twice.add_tensor("a", DType::kI8, {1}, {1});
    twice.add_tensor("a", DType::kI8, {1}, {1});
    EXPECT_EQ(twice.build().status().code(), Code::kInvalidArgument);
}

TEST(Writer, ErrorsOfSinkAndProducerComeBack) {
    Writer writer;
    writer.add_bool("a", true);
    writer.add_tensor("t", DType::kI8, {40}, counting_bytes(40));
    for (int failing = 0; failing < 3; ++failing) {  // header, data, padding
        int call = 0;
        const Status status = writer.write([&](std::span<const uint8_t>) {
            return call++ == failing ? io_error("ENOSPC") : ok_status();
        });
        EXPECT_EQ(status.code(), Code::kIoError) << failing;
        EXPECT_EQ(call, failing + 1) << "stops at the first error";
    }
    writer.add_tensor("u", DType::kI8, {1}, [](const Sink&) { return cancelled("stop"); });
    EXPECT_EQ(writer.build().status().code(), Code::kCancelled);
}

}  // namespace
}  // namespace alv::gguf
