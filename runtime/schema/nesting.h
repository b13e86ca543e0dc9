// How deep brackets lie in each other in a JSON text: asked before it is parsed.
#pragma once

#include <cstdint>
#include <string_view>

namespace alv::schema {

// Of brackets outside of strings.
uint32_t nesting_of(std::string_view text);

}  // namespace alv::schema
