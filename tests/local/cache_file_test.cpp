#include "local/cache_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace alv::local {
namespace {

std::string temp_path(const std::string& name) {
    return (std::filesystem::path(testing::TempDir()) / name).string();
}

TEST(CacheFile, WhatIsWrittenIsRead) {
    const std::string path = temp_path("alv_cache_roundtrip");
    const std::vector<uint8_t> bytes = {1, 2, 0, 255};
    ASSERT_TRUE(write_cache_file(path, bytes).ok());
    EXPECT_EQ(read_cache_file(path), bytes);
    ASSERT_TRUE(write_cache_file(path, std::vector<uint8_t>{9}).ok());
    EXPECT_EQ(read_cache_file(path), std::vector<uint8_t>{9});
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
    std::filesystem::remove(path);
}

TEST(CacheFile, AMissingFileIsAMiss) {
    EXPECT_TRUE(read_cache_file(temp_path("alv_cache_that_is_not_there")).empty());
    EXPECT_TRUE(read_cache_file(testing::TempDir()).empty());
}

TEST(CacheFile, AFolderThatIsNotThereIsAnIoError) {
    const std::string path = temp_path("alv_no_such_folder") + "/cache";
    EXPECT_EQ(write_cache_file(path, std::vector<uint8_t>{1}).code(), Code::kIoError);
}

}  // namespace
}  // namespace alv::local
