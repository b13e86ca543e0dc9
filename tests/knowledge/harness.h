// A knowledge base on the fake embedder, in a folder that goes with the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "knowledge/fake_embedder.h"
#include "knowledge/knowledge.h"

namespace alv::knowledge::test {

class Folder {
  public:
    Folder() {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        path_ = std::filesystem::path(ALV_TEST_BINARY_DIR) / "knowledge_tests" /
                (std::string(info->test_suite_name()) + "." + info->name());
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    void write(const std::string& name, const std::string& text) const {
        const std::filesystem::path path = path_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
    }

  private:
    std::filesystem::path path_;
};

inline Options options_at(const std::string& path,
                          std::shared_ptr<FakeEmbedder> embedder = nullptr) {
    Options options;
    options.path = path;
    options.embedder = embedder ? std::move(embedder) : std::make_shared<FakeEmbedder>();
    options.embedder_name = "fake";
    options.split.chunk_size = 100;
    options.split.chunk_overlap = 20;
    return options;
}

// For words alone.
inline Options words_at(const std::string& path) {
    Options options = options_at(path);
    options.embedder = nullptr;
    options.embedder_name.clear();
    return options;
}

inline std::shared_ptr<Knowledge> open_at(const std::string& path,
                                          std::shared_ptr<FakeEmbedder> embedder = nullptr) {
    auto opened = Knowledge::open(options_at(path, std::move(embedder)));
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return opened.ok() ? *opened : nullptr;
}

inline Document doc(std::string key, std::string text, std::string metadata = "") {
    return {std::move(key), std::move(text), "", std::move(metadata), Format::kText};
}

inline std::vector<std::string> keys_of(const Result<std::vector<Hit>>& hits) {
    EXPECT_TRUE(hits.ok()) << hits.status().message();
    std::vector<std::string> out;
    if (!hits.ok()) return out;
    for (const Hit& hit : *hits) out.push_back(hit.passage.document);
    return out;
}

}  // namespace alv::knowledge::test
