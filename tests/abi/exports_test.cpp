// The headers, cmake/exports.txt and the symbol table of the library name the same functions.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "abi/header_functions.h"

namespace alv::test {
namespace {

std::set<std::string> listed() {
    std::set<std::string> names;
    std::ifstream file(ALV_TEST_EXPORTS);
    std::string line;
    while (std::getline(file, line)) {
        if (!line.empty() && line[0] != '#') names.insert(line);
    }
    return names;
}

TEST(Exports, TheListIsThatOfTheHeaders) {
    EXPECT_EQ(listed(), header_functions());
}

#ifdef __linux__
TEST(Exports, TheLibraryExportsTheListAndNothingElse) {
    const std::string command = "nm -D --defined-only --format=posix '" ALV_TEST_LIBRARY "'";
    const auto close = [](FILE* pipe) { pclose(pipe); };
    const std::unique_ptr<FILE, decltype(close)> nm(popen(command.c_str(), "r"), close);
    ASSERT_NE(nm, nullptr);
    std::set<std::string> exported;
    char line[4096];
    while (std::fgets(line, sizeof line, nm.get())) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        exported.insert(name);
    }
    EXPECT_EQ(exported, listed());
}
#endif

}  // namespace
}  // namespace alv::test
