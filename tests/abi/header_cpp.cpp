// A C++ host: the C headers and the C++ one.
#include <alviss/vulkan.h>
#include <alviss/alviss.hpp>

#include <type_traits>

#include "init_values.h"

#define CHECK(type, macro)                                                                   \
    static_assert(std::is_standard_layout_v<type> && std::is_trivially_copyable_v<type>,     \
                  "the ABI is C");                                                           \
    static_assert(sizeof(type) % 8 == 0, "versioned structs are multiples of 8");            \
    static_assert(std::has_unique_object_representations_v<type> || !std::is_empty_v<type>); \
    [[maybe_unused]] static const type k_##type = macro;

ALV_TEST_STRUCTS(CHECK)

// Every class of alviss.hpp instantiates, and moves but does not copy.
template <typename T>
constexpr bool owns = std::is_nothrow_move_constructible_v<T> && !std::is_copy_constructible_v<T>;
static_assert(owns<alviss::Runtime> && owns<alviss::Model> && owns<alviss::Session> &&
              owns<alviss::Generation> && owns<alviss::Tools> && owns<alviss::Filter> &&
              owns<alviss::Embedder> && owns<alviss::Knowledge> && owns<alviss::Passages>);
