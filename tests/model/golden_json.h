// Goldens as the files hold them.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace alv::model::test {

inline nlohmann::json read_golden(const std::string& name) {
    std::ifstream file(std::string(ALV_TEST_SOURCE_DIR) + "/goldens/" + name);
    auto json = nlohmann::json::parse(file, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << "tests/goldens/" << name;
    return json;
}

// Every golden log-probability of the ten best within `tolerance` of ours. Ours may order near ties
// otherwise, so that a token may be missing only if the tenth is that near.
inline void expect_top(const std::vector<std::pair<int32_t, float>>& got,
                       const nlohmann::json& want, double tolerance, const std::string& what) {
    std::map<int32_t, double> mine;
    for (const auto& [token, logprob] : got) mine[token] = static_cast<double>(logprob);
    ASSERT_FALSE(got.empty()) << what;
    const auto worst = static_cast<double>(got.back().second);
    for (const auto& pair : want) {
        const auto token = pair[0].get<int32_t>();
        const auto logprob = pair[1].get<double>();
        if (mine.count(token) != 0) {
            EXPECT_NEAR(mine[token], logprob, tolerance) << what << " token " << token;
        } else {
            EXPECT_NEAR(worst, logprob, tolerance) << what << " misses token " << token;
        }
    }
}

}  // namespace alv::model::test
