// What AMD's compiler makes of the kernels for chips that are not there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "gpu/compiler_device.h"
#include "model/chip_kernels.h"
#include "ops/matmul.h"

namespace alv::model::test {

namespace {

// Mesa's driver for AMD, as installed; "" if it is not.
std::string radv_icd() {
    for (const char* folder : {"/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"}) {
        std::error_code missing;
        for (const auto& entry : std::filesystem::directory_iterator(folder, missing)) {
            if (entry.path().filename().string().starts_with("radeon_icd")) return entry.path();
        }
    }
    return {};
}

}  // namespace

class Spills : public testing::TestWithParam<const char*> {};

TEST_P(Spills, NoDecodeKernelSpills) {
    const std::string icd = radv_icd();
    if (icd.empty()) GTEST_SKIP() << "RADV is not installed (Debian: mesa-vulkan-drivers)";
    setenv("VK_DRIVER_FILES", icd.c_str(), 1);
    setenv("VK_ICD_FILENAMES", icd.c_str(), 1);
    setenv("RADV_FORCE_FAMILY", GetParam(), 1);
    setenv("MESA_SHADER_CACHE_DISABLE", "true", 1);
    const auto chip = gpu::CompilerDevice::create();
    ASSERT_TRUE(chip.ok()) << chip.status().message();
    std::string name = (*chip)->device().caps().device_name;
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return std::tolower(c); });
    ASSERT_NE(name.find(GetParam()), std::string::npos) << name;
    const auto kernels = chip_kernels((*chip)->device().plan());
    ASSERT_TRUE(kernels.ok()) << kernels.status().message();
    size_t n_decode = 0;
    for (const ChipKernel& kernel : *kernels) {
        SCOPED_TRACE(kernel.key.shader);
        auto made = (*chip)->compile(kernel.key);
        ASSERT_TRUE(made.ok()) << made.status().message();
        gpu::CompilerStatistics& statistics = *made;
        EXPECT_GT(statistics["VGPRs"], 0);
        for (const char* none : {"Spilled VGPRs", "Spilled SGPRs", "Scratch size"}) {
            ASSERT_EQ(statistics.count(none), 1U) << none;
            if (!kernel.decode) continue;
            EXPECT_EQ(statistics[none], 0) << none;
        }
        n_decode += kernel.decode ? 1 : 0;
    }
    EXPECT_GE(n_decode, 15U);

    // The driver would tell: 32 columns are more than a lane has registers for.
    auto wide =
        (*chip)->compile(ops::matmul_key((*chip)->device().plan(), ops::WeightFormat::kQ4, 32));
    ASSERT_TRUE(wide.ok()) << wide.status().message();
    EXPECT_GT((*wide)["Spilled VGPRs"] + (*wide)["Scratch size"], 0);
}

INSTANTIATE_TEST_SUITE_P(Chips, Spills, testing::Values("polaris10", "vega10", "navi10", "navi21"),
                         [](const auto& chip) { return std::string(chip.param); });

}  // namespace alv::model::test
