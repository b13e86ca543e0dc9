#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"

namespace alv {
namespace {

Result<int> half_of(int n) {
    if (n % 2 != 0) return invalid_argument("odd");
    return n / 2;
}

Result<int> quarter_of(int n) {
    ALV_ASSIGN_OR_RETURN(const int half, half_of(n));
    ALV_ASSIGN_OR_RETURN(const int quarter, half_of(half));
    return quarter;
}

TEST(Status, ResultCarriesValueOrTheFirstError) {
    ASSERT_TRUE(quarter_of(12).ok());
    EXPECT_EQ(*quarter_of(12), 3);
    const auto failed = quarter_of(6);
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(failed.status().message(), "odd");
}

TEST(Status, AnnotateNamesTheWayUpAndLeavesOkAlone) {
    Status error = corrupt_file("cut off");
    EXPECT_EQ(error.annotate("tensor").annotate("model.gguf").message(),
              "model.gguf: tensor: cut off");
    Status fine;
    EXPECT_EQ(fine.annotate("tensor").message(), "");
    EXPECT_TRUE(fine.ok());
}

TEST(Status, ResultMovesWhatCannotBeCopied) {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
    const std::unique_ptr<int> taken = std::move(result).value();
    EXPECT_EQ(*taken, 7);
}

TEST(Log, DropsLinesAboveTheLevelAndWithoutSink) {
    Log log;
    log.write(LogLevel::kError, "nobody listens");
    std::vector<std::string> lines;
    log.set_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); },
                 LogLevel::kWarning);
    log.write(LogLevel::kError, "a");
    log.write(LogLevel::kWarning, "b");
    log.write(LogLevel::kInfo, "c");
    EXPECT_EQ(lines, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace alv
