#include "gpu/reflect.h"

#include <random>

#include "gpu/gpu_test.h"
#include "gpu/kernels.h"

namespace alv::gpu {
namespace {

std::span<const uint32_t> words_of(std::string_view name) {
    for (const ShaderBlob& shader : test_shaders()) {
        if (shader.name == name) return shader.words;
    }
    ADD_FAILURE() << "no shader " << name;
    return {};
}

TEST(Reflect, ReadsBindingsPushConstantsAndWorkgroup) {
    const auto scale = reflect(words_of("scale"));
    ASSERT_TRUE(scale.ok()) << scale.status().message();
    EXPECT_EQ(scale.value().interface.n_bindings, 2U);
    EXPECT_TRUE(scale.value().interface.binding_reads[0]);
    EXPECT_FALSE(scale.value().interface.binding_writes[0]);
    EXPECT_FALSE(scale.value().interface.binding_reads[1]);
    EXPECT_TRUE(scale.value().interface.binding_writes[1]);
    EXPECT_EQ(scale.value().interface.push_constant_bytes, sizeof(ScalePush));
    EXPECT_EQ(scale.value().workgroup[0].spec_id, 0U);
    EXPECT_EQ(scale.value().workgroup[1].value, 1U);

    const auto add_one = reflect(words_of("add_one"));
    ASSERT_TRUE(add_one.ok());
    EXPECT_EQ(add_one.value().interface.n_bindings, 1U);
    EXPECT_TRUE(add_one.value().interface.binding_reads[0]);
    EXPECT_TRUE(add_one.value().interface.binding_writes[0]);
    EXPECT_EQ(add_one.value().interface.push_constant_bytes, 0U);

    const auto local_size = reflect(words_of("local_size"));
    ASSERT_TRUE(local_size.ok());
    EXPECT_EQ(local_size.value().workgroup[1].value, 2U);
    EXPECT_EQ(local_size.value().workgroup[1].spec_id, UINT32_MAX);
}

TEST(Reflect, AHoleInTheBindingsIsKnown) {
    const auto copy = reflect(words_of("copy_words"));
    ASSERT_TRUE(copy.ok());
    EXPECT_EQ(copy.value().interface.n_bindings, 3U);
    EXPECT_TRUE(copy.value().binding_present[0]);
    EXPECT_FALSE(copy.value().binding_present[1]);
    EXPECT_TRUE(copy.value().binding_present[2]);
}

TEST(Reflect, TexelsAreReadOnly) {
    const auto copy = reflect(words_of("copy_texels"));
    ASSERT_TRUE(copy.ok()) << copy.status().message();
    const KernelInterface& interface = copy.value().interface;
    EXPECT_EQ(interface.binding_kinds[0], BindingKind::kTexelsUint);
    EXPECT_EQ(interface.binding_kinds[1], BindingKind::kTexelsFloat);
    EXPECT_EQ(interface.binding_kinds[2], BindingKind::kStorage);
    for (const size_t b : {0, 1}) {
        EXPECT_TRUE(interface.binding_reads[b]);
        EXPECT_FALSE(interface.binding_writes[b]);
    }
}

TEST(Reflect, EveryEmbeddedShaderIsUnderstood) {
    EXPECT_FALSE(embedded_shaders().empty());
    for (const ShaderBlob& shader : embedded_shaders()) {
        const auto reflection = reflect(shader.words);
        ASSERT_TRUE(reflection.ok()) << shader.name << ": " << reflection.status().message();
        EXPECT_GT(reflection.value().interface.n_bindings, 0U) << shader.name;
        EXPECT_LE(reflection.value().interface.push_constant_bytes, 128U) << shader.name;
        EXPECT_EQ(find_shader(shader.name), &shader);
    }
    EXPECT_EQ(find_shader("no such shader"), nullptr);
}

TEST(Reflect, BrokenWordsAreErrorsOrAtLeastHarmless) {
    EXPECT_FALSE(reflect({}).ok());
    const std::vector<uint32_t> noise(64, 0x12345678);
    EXPECT_FALSE(reflect(noise).ok());
    std::mt19937 random(3);
    for (const char* name : {"scale", "copy_texels"}) {
        const auto whole = words_of(name);
        for (size_t n = 0; n < whole.size(); ++n) {
            (void)reflect(whole.first(n));
        }
        for (int i = 0; i < 2000; ++i) {
            std::vector<uint32_t> words(whole.begin(), whole.end());
            for (int k = 0; k < 3; ++k)
                words[5 + random() % (words.size() - 5)] = static_cast<uint32_t>(random() % 70);
            (void)reflect(words);
        }
    }
}

TEST(Capabilities, WhatADeviceLacksIsNamed) {
    Caps caps;
    const std::vector<uint32_t> plain{1};
    const std::vector<uint32_t> half{1, 9};
    const std::vector<uint32_t> strange{1, 424242};
    EXPECT_EQ(missing_capability(caps, plain), "");
    EXPECT_EQ(missing_capability(caps, half), "half floats");
    caps.fp16 = true;
    EXPECT_EQ(missing_capability(caps, half), "");
    EXPECT_EQ(missing_capability(caps, strange), "SPIR-V capability 424242");
}

}  // namespace
}  // namespace alv::gpu
