#include "abi/header_functions.h"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace alv::test {

std::set<std::string> header_functions() {
    std::set<std::string> names;
    const std::filesystem::path folder =
        std::filesystem::path(ALV_TEST_SOURCE_DIR).parent_path() / "include" / "alviss";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".h" || entry.path().filename() == "export.h") continue;
        std::ifstream file(entry.path());
        std::stringstream text;
        text << file.rdbuf();
        const std::string source = text.str();
        for (size_t at = source.find("ALV_API "); at != std::string::npos;
             at = source.find("ALV_API ", at + 1)) {
            const size_t end = source.find('(', at);
            size_t begin = end;
            const auto is_name = [&](char c) { return std::isalnum(c) || c == '_'; };
            while (is_name(source[begin - 1])) --begin;
            names.insert(source.substr(begin, end - begin));
        }
    }
    return names;
}

}  // namespace alv::test
