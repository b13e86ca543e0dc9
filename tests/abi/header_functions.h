// What the public headers declare.
#pragma once

#include <set>
#include <string>

namespace alv::test {

// The names of all functions that include/alviss/*.h declare with ALV_API.
std::set<std::string> header_functions();

}  // namespace alv::test
