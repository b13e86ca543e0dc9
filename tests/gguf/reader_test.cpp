#include "gguf/reader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <string>
#include <thread>

#include "gguf/raw_file.h"

namespace alv::gguf::test {
namespace {

std::shared_ptr<const Reader> open_bytes(Bytes bytes) {
    auto owner = std::make_shared<const Bytes>(std::move(bytes));
    auto opened = Reader::open(open_memory_file(*owner, owner));
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return opened.ok() ? *opened : nullptr;
}

template <typename T>
void expect_error(const Result<T>& result, Code code, const std::string& key) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), code) << result.status().message();
    EXPECT_NE(result.status().message().find(key), std::string::npos) << result.status().message();
}

TEST(Reader, DirectoryOfTheValidFile) {
    const auto reader = open_bytes(valid_file().build());
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->version(), 3U);
    EXPECT_EQ(reader->alignment(), 32U);
    EXPECT_EQ(reader->entries().size(), valid_file().entries.size());
    EXPECT_EQ(reader->entries()[0].key, "general.architecture") << "in the file's order";
    ASSERT_EQ(reader->tensors().size(), 4U);

    const TensorInfo* two = reader->find_tensor("two");
    ASSERT_NE(two, nullptr);
    EXPECT_EQ(two->type, DType::kQ4_0);
    EXPECT_EQ(two->n_dims, 2U);
    EXPECT_EQ(two->dims, (std::array<uint64_t, 4>{64, 3, 1, 1}));
    EXPECT_EQ(two->n_elements, 192U);
    EXPECT_EQ(two->size_bytes, 6U * 18);
    const uint64_t data = (valid_file().header().size() + 31) / 32 * 32;
    EXPECT_EQ(two->offset, data + 128) << "from the start of the file";
    EXPECT_EQ(reader->find_tensor("nine"), nullptr);
    EXPECT_EQ(reader->find("nine"), nullptr);
}

TEST(Reader, ScalarsOfEveryType) {
    const auto reader = open_bytes(valid_file().build());
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(*reader->get_uint("t.u8"), 200U);
    EXPECT_EQ(*reader->get_uint("t.u16"), 60000U);
    EXPECT_EQ(*reader->get_uint("t.u32"), 4000000000U);
    EXPECT_EQ(*reader->get_uint("t.u64"), UINT64_MAX);
    EXPECT_EQ(*reader->get_uint("t.bool"), 1U);
    for (const char* key : {"t.i8", "t.i16", "t.i32", "t.i64"}) {
        expect_error(reader->get_uint(key), Code::kCorruptFile, key);
    }
    EXPECT_EQ(*reader->get_float("t.i8"), -100.0);
    EXPECT_EQ(*reader->get_float("t.i16"), -30000.0);
    EXPECT_EQ(*reader->get_float("t.i32"), -2000000000.0);
    EXPECT_EQ(*reader->get_float("t.i64"), -9223372036854775808.0);
    EXPECT_EQ(*reader->get_float("t.u64"), 18446744073709551615.0);
    EXPECT_EQ(*reader->get_float("t.f32"), 1.5);
    EXPECT_EQ(*reader->get_float("t.f64"), -2.25);
    EXPECT_TRUE(*reader->get_bool("t.bool"));
    EXPECT_EQ(*reader->get_string("general.architecture"), "llama");
}

TEST(Reader, WrongTypesNameTheKey) {
    const auto reader = open_bytes(valid_file().build());
    ASSERT_NE(reader, nullptr);
    expect_error(reader->get_uint("t.f32"), Code::kCorruptFile, "t.f32");
    expect_error(reader->get_uint("a.4"), Code::kCorruptFile, "a.4");
    expect_error(reader->get_uint("general.architecture"), Code::kCorruptFile, "architecture");
    expect_error(reader->get_float("t.bool"), Code::kCorruptFile, "t.bool");
    expect_error(reader->get_float("a.text"), Code::kCorruptFile, "a.text");
    expect_error(reader->get_bool("t.u8"), Code::kCorruptFile, "t.u8");
    expect_error(reader->get_string("t.u8"), Code::kCorruptFile, "t.u8");
    expect_error(reader->get_string("a.text"), Code::kCorruptFile, "a.text");
    expect_error(reader->get_strings("general.architecture"), Code::kCorruptFile, "architecture");
    expect_error(reader->get_strings("a.4"), Code::kCorruptFile, "a.4");
    expect_error(reader->get_floats("t.f32"), Code::kCorruptFile, "t.f32");
    expect_error(reader->get_floats("a.text"), Code::kCorruptFile, "a.text");
    expect_error(reader->get_floats("a.7"), Code::kCorruptFile, "a.7");
    expect_error(reader->get_ints("a.6"), Code::kCorruptFile, "a.6");
    expect_error(reader->get_ints("t.i32"), Code::kCorruptFile, "t.i32");
}

TEST(Reader, MissingKeysAndFallbacks) {
    const auto reader = open_bytes(valid_file().build());
    ASSERT_NE(reader, nullptr);
    expect_error(reader->get_uint("nine"), Code::kNotFound, "nine");
    expect_error(reader->get_strings("nine"), Code::kNotFound, "nine");
    EXPECT_EQ(*reader->get_uint_or("nine", 9), 9U);
    EXPECT_EQ(*reader->get_float_or("nine", 0.5), 0.5);
    EXPECT_EQ(*reader->get_bool_or("nine", true), true);
    EXPECT_EQ(*reader->get_string_or("nine", "z"), "z");
    EXPECT_EQ(*reader->get_uint_or("t.u8", 9), 200U);
    expect_error(reader->get_uint_or("t.f32", 9), Code::kCorruptFile, "t.f32");
    expect_error(reader->get_string_or("t.f32", ""), Code::kCorruptFile, "t.f32");
}

TEST(Reader, Arrays) {
    RawFile file;
    Bytes ints, floats, huge, texts;
    for (const int16_t value : std::vector<int16_t>{-3, 0, 32767}) put(ints, value);
    for (const double value : {0.5, -1e300}) put(floats, value);
    put<uint64_t>(huge, 1ULL << 63);
    for (const std::string& text :
         {std::string("a"), std::string(), std::string("\0", 1), std::string("\xE2\x96\x81the")}) {
        put_text(texts, text);
    }
    file.entries = {array_entry("ints", 3, 3, ints),  array_entry("floats", 12, 2, floats),
                    array_entry("huge", 10, 1, huge), array_entry("texts", 8, 4, texts),
                    array_entry("none", 8, 0, {}),    array_entry("flags", 7, 2, {0, 1})};
    const auto reader = open_bytes(file.build());
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(*reader->get_ints("ints"), (std::vector<int64_t>{-3, 0, 32767}));
    EXPECT_EQ(*reader->get_floats("ints"), (std::vector<float>{-3, 0, 32767}));
    EXPECT_EQ(*reader->get_floats("floats"),
              (std::vector<float>{0.5F, -std::numeric_limits<float>::infinity()}));
    EXPECT_EQ(*reader->get_ints("flags"), (std::vector<int64_t>{0, 1}));
    expect_error(reader->get_ints("huge"), Code::kCorruptFile, "huge");
    EXPECT_EQ(*reader->get_strings("texts"),
              (std::vector<std::string>{"a", "", std::string("\0", 1), "\xE2\x96\x81the"}));
    EXPECT_TRUE(reader->get_strings("none")->empty());
    EXPECT_EQ(reader->find("texts")->count, 4U);
    EXPECT_EQ(reader->find("texts")->element_type, ValueType::kString);
}

TEST(Reader, Version2IsReadAlike) {
    RawFile file = valid_file();
    file.version = 2;
    const auto reader = open_bytes(file.build());
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->version(), 2U);
    EXPECT_EQ(reader->tensors().size(), 4U);
}

TEST(Reader, AlignmentMovesTheData) {
    RawFile file = valid_file();
    file.entries[1] = scalar_entry<uint32_t>("general.alignment", 4, 8);
    file.alignment = 8;
    const auto reader = open_bytes(file.build());
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->alignment(), 8U);
    EXPECT_EQ(reader->tensors()[0].offset, (file.header().size() + 7) / 8 * 8);
}

TEST(Reader, NoTensorsAndNoMetadata) {
    const auto reader = open_bytes(RawFile().header());
    ASSERT_NE(reader, nullptr);
    EXPECT_TRUE(reader->entries().empty());
    EXPECT_TRUE(reader->tensors().empty());
}

TEST(Reader, NoFileIsAnError) {
    EXPECT_EQ(Reader::open(nullptr).status().code(), Code::kInvalidArgument);
    EXPECT_EQ(Reader::open(open_memory_file({})).status().code(), Code::kCorruptFile);
}

// A message is for a log line: a key's control characters and length must not get into it.
TEST(Reader, MessagesAreFitToPrint) {
    RawFile file;
    file.entries = {scalar_entry<uint8_t>("line\nbreak\x1B[31m" + std::string(5000, 'k'), 7, 9)};
    const Bytes bytes = file.header();
    const auto opened = Reader::open(open_memory_file(bytes));
    ASSERT_FALSE(opened.ok());
    EXPECT_LT(opened.status().message().size(), 200U);
    EXPECT_EQ(opened.status().message().find('\n'), std::string::npos);
    EXPECT_EQ(opened.status().message().find('\x1B'), std::string::npos);
}

TEST(Reader, ManyThreadsReadAtOnce) {
    const auto reader = open_bytes(valid_file().build());
    ASSERT_NE(reader, nullptr);
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) {
                if (*reader->get_uint("t.u32") != 4000000000U) ++wrong;
                if (reader->get_strings("a.text")->size() != 3) ++wrong;
                if (reader->find_tensor("four") != &reader->tensors()[3]) ++wrong;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace alv::gguf::test
