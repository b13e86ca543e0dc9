// Finds stop strings in streamed text, and shows no part of one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace alv::local {

// The stop string that ends first wins, the longest of those that end together, so that the result
// does not depend on how the text was cut into pieces. Thread-compatible.
class StopFilter {
  public:
    explicit StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {}

    // Takes text, returns what may be shown now. What could be the start of a stop string is held.
    std::string push(std::string_view text);
    // A stop string came up; all that follows is dropped.
    bool stopped() const { return stopped_; }
    // The held text, when no more can follow.
    std::string finish();

  private:
    size_t held_from(size_t end) const;

    std::vector<std::string> stops_;
    std::string held_;
    bool stopped_ = false;
};

}  // namespace alv::local
