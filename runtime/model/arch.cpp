// The architecture table: one row a family. A new family is a row, its tensors in weights.cpp where
// they differ, and a golden test.
#include <array>

#include "model/hparams.h"

namespace alv::model {

namespace {

constexpr std::array<ArchRow, 3> kRows{{
    {.name = "llama"},
    {.name = "gemma3",
     .rope = RopeKind::kHalves,
     .activation = Activation::kGeluTanh,
     .qk_norm = true,
     .post_norms = true,
     .scale_embedding = true,
     .sliding_pattern = 6,
     .local_rope_base = 10000.0f},
    {.name = "bert", .encoder = true},
}};

}  // namespace

const ArchRow* find_arch(std::string_view name) {
    for (const ArchRow& row : kRows) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

std::string known_archs() {
    std::string names;
    for (const ArchRow& row : kRows) names += (names.empty() ? "" : ", ") + std::string(row.name);
    return names;
}

}  // namespace alv::model
