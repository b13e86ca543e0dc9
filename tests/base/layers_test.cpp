// Reads the #include lines of runtime/ and fails on one that goes against the order of the layers
// (runtime/README.md), names Vulkan outside the folders that may, or reaches include/ from below
// api.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace alv {
namespace {

namespace fs = std::filesystem;

// In pipeline order; a layer may use itself and what stands behind it here.
const std::vector<std::pair<std::string, std::vector<std::string>>> kLayers{
    {"base", {}},
    {"gguf", {"base"}},
    {"text", {"base"}},
    {"schema", {"base"}},
    {"convert", {"base", "gguf"}},
    {"gpu", {"base"}},
    {"ops", {"base", "gpu"}},
    {"model", {"base", "gguf", "text", "gpu", "ops"}},
    {"engine", {"base"}},
    {"local", {"base", "gguf", "text", "schema", "gpu", "ops", "model", "engine"}},
    {"remote", {"base", "schema", "engine"}},
    {"knowledge", {"base", "engine"}},
    {"agent", {"base", "schema", "engine", "knowledge"}},
    {"api",
     {"base", "gguf", "text", "schema", "convert", "gpu", "ops", "model", "engine", "local",
      "remote", "knowledge", "agent"}},
};

const std::vector<std::string>* allowed_for(std::string_view layer) {
    for (const auto& [name, allowed] : kLayers) {
        if (name == layer) return &allowed;
    }
    return nullptr;
}

bool contains(const std::vector<std::string>& list, std::string_view item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

// The path an #include line names, or nothing.
std::string included(std::string_view line) {
    const auto skip_blanks = [&] {
        while (!line.empty() && (line[0] == ' ' || line[0] == '\t')) line.remove_prefix(1);
    };
    skip_blanks();
    if (line.empty() || line[0] != '#') return {};
    line.remove_prefix(1);
    skip_blanks();
    if (!line.starts_with("include")) return {};
    line.remove_prefix(7);
    skip_blanks();
    if (line.empty() || (line[0] != '"' && line[0] != '<')) return {};
    const size_t end = line.find(line[0] == '"' ? '"' : '>', 1);
    return std::string(line.substr(1, end == std::string_view::npos ? end : end - 1));
}

bool is_vulkan(std::string_view path) {
    return path.starts_with("vulkan/") || path.starts_with("vk_video/") || path == "volk.h" ||
           path == "alviss/vulkan.h";
}

// What is wrong with the line in runtime/<layer>/<file>, or nothing.
std::string complaint(const std::string& layer, const std::string& file, const std::string& line) {
    const std::string path = included(line);
    if (path.empty()) return {};
    if (is_vulkan(path) && layer != "gpu" && !(layer == "api" && file.starts_with("vulkan"))) {
        return "names Vulkan outside runtime/gpu and runtime/api/vulkan*";
    }
    if (path.starts_with("alviss/") && layer != "api") return "only api names include/";
    if (path.find("..") != std::string::npos) return "includes are relative to runtime/";
    const std::string target = path.substr(0, path.find('/'));
    if (path.find('/') == std::string::npos || allowed_for(target) == nullptr) return {};
    if (target == layer || contains(*allowed_for(layer), target)) return {};
    return layer + " may not use " + target;
}

struct Source {
    std::string layer, file;
    fs::path path;
};

std::vector<Source> sources_of(const fs::path& runtime) {
    std::vector<Source> sources;
    for (const auto& entry : fs::recursive_directory_iterator(runtime)) {
        const auto extension = entry.path().extension();
        if (extension != ".h" && extension != ".hpp" && extension != ".cpp" && extension != ".c" &&
            extension != ".inc") {
            continue;
        }
        const fs::path relative = fs::relative(entry.path(), runtime);
        sources.push_back({relative.begin()->string(), relative.filename().string(), entry.path()});
    }
    return sources;
}

const fs::path kRuntime = fs::path(ALV_TEST_SOURCE_DIR).parent_path() / "runtime";

TEST(Layers, NoIncludeGoesAgainstTheOrder) {
    const auto sources = sources_of(kRuntime);
    ASSERT_GT(sources.size(), 20U) << "runtime/ was not found at " << kRuntime;
    for (const Source& source : sources) {
        ASSERT_NE(allowed_for(source.layer), nullptr) << source.path << " is in no layer";
        std::ifstream in(source.path);
        ASSERT_TRUE(in.is_open()) << source.path;
        std::string line;
        for (int number = 1; std::getline(in, line); ++number) {
            const std::string wrong = complaint(source.layer, source.file, line);
            EXPECT_TRUE(wrong.empty())
                << source.path.string() << ":" << number << ": " << line << "\n    " << wrong;
        }
    }
}

TEST(Layers, EveryFolderOfRuntimeIsALayer) {
    for (const auto& entry : fs::directory_iterator(kRuntime)) {
        if (!entry.is_directory()) continue;
        EXPECT_NE(allowed_for(entry.path().filename().string()), nullptr) << entry.path();
    }
}

// A layer stands on layers above it in the table only, so the table itself has no back edge.
TEST(Layers, TheTableHasAnOrder) {
    std::vector<std::string> above;
    for (const auto& [name, allowed] : kLayers) {
        for (const std::string& target : allowed) EXPECT_TRUE(contains(above, target)) << name;
        above.push_back(name);
    }
}

TEST(Layers, TheCheckFindsWhatItIsFor) {
    EXPECT_EQ(complaint("gguf", "reader.cpp", "#include \"text/tokenizer.h\""),
              "gguf may not use text");
    EXPECT_NE(complaint("base", "file.cpp", "  #  include <gguf/reader.h>"), "");
    EXPECT_NE(complaint("ops", "rope.cpp", "#include <vulkan/vulkan.h>"), "");
    EXPECT_NE(complaint("api", "model.cpp", "#include <vulkan/vulkan_core.h>"), "");
    EXPECT_NE(complaint("model", "load.cpp", "#include \"alviss/model.h\""), "");
    EXPECT_NE(complaint("model", "load.cpp", "#include \"../base/file.h\""), "");
    EXPECT_NE(complaint("agent", "loop.cpp", "#include \"model/decoder.h\""), "");
    EXPECT_EQ(complaint("gpu", "device.cpp", "#include <vulkan/vulkan.h>"), "");
    EXPECT_EQ(complaint("api", "vulkan.cpp", "#include <vulkan/vulkan_core.h>"), "");
    EXPECT_EQ(complaint("model", "load.cpp", "#include \"gguf/reader.h\""), "");
    EXPECT_EQ(complaint("model", "load.cpp", "#include <sys/mman.h>"), "");
    EXPECT_EQ(complaint("base", "file.cpp", "// #include \"gguf/reader.h\""), "");
}

}  // namespace
}  // namespace alv
