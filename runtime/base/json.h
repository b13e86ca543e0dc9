// JSON: nlohmann's, with a destructor that takes no memory. Theirs moves all children to a list
// first, so that deep trees do not recurse; with no memory for the list it ends the process. Ours
// recurses: a text's depth is asked before it is parsed. A tree is made of Json::object() and
// Json::array(): their braces leak, and their [] and push_back() of a null value break it, where
// memory runs out on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace alv {

// Of brackets outside of strings: no tree that is made of the text is deeper.
uint32_t json_depth(std::string_view text);

// The standard allocator by another name: only the list in the destructor has the plain one.
template <typename T>
struct JsonAllocator : std::allocator<T> {
    JsonAllocator() = default;
    template <typename U>
    JsonAllocator(const JsonAllocator<U>&) noexcept {}  // as allocators convert: implicit
};

using Json = nlohmann::basic_json<std::map, std::vector, std::string, bool, int64_t, uint64_t,
                                  double, JsonAllocator>;
// Members stay in the order in which they came.
using OrderedJson = nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool,
                                         int64_t, uint64_t, double, JsonAllocator>;

// The list: what is put into it is gone at once.
template <typename T>
class JsonDrain {
  public:
    using value_type = T;
    void reserve(size_t) noexcept {}
    void push_back(T&& value) noexcept { const T gone(std::move(value)); }
    bool empty() const noexcept { return true; }
    T& back() noexcept { return none_; }
    void pop_back() noexcept {}

  private:
    T none_;
};

}  // namespace alv

// Nobody else has such vectors: a list of values is a std::deque, or a vector with JsonAllocator.
// NOLINTBEGIN(cert-dcl58-cpp): specialised for types of our own
template <>
class std::vector<alv::Json, std::allocator<alv::Json>> : public alv::JsonDrain<alv::Json> {};
template <>
class std::vector<alv::OrderedJson, std::allocator<alv::OrderedJson>>
    : public alv::JsonDrain<alv::OrderedJson> {};
// NOLINTEND(cert-dcl58-cpp)
