#include "local/stop.h"

#include <algorithm>

namespace alv::local {

std::string StopFilter::push(std::string_view text) {
    if (stopped_) return {};
    if (stops_.empty()) return std::string(text);
    const size_t first_new = held_.size();
    held_.append(text);
    for (size_t end = first_new + 1; end <= held_.size(); ++end) {
        const std::string_view seen = std::string_view(held_).substr(0, end);
        size_t longest = 0;
        for (const std::string& stop : stops_) {
            if (seen.ends_with(stop)) longest = std::max(longest, stop.size());
        }
        if (longest == 0) continue;
        stopped_ = true;
        std::string shown = held_.substr(0, end - longest);
        held_.clear();
        return shown;
    }
    const size_t keep = held_from(held_.size());
    std::string shown = held_.substr(0, keep);
    held_.erase(0, keep);
    return shown;
}

// Where the longest tail of the held text that begins a stop string starts.
size_t StopFilter::held_from(size_t end) const {
    const std::string_view seen(held_);
    size_t longest = 0;
    for (const std::string& stop : stops_) {
        for (size_t n = std::min(stop.size() - 1, end); n > longest; --n) {
            if (seen.substr(end - n) == std::string_view(stop).substr(0, n)) longest = n;
        }
    }
    return end - longest;
}

std::string StopFilter::finish() {
    std::string rest;
    rest.swap(held_);
    return stopped_ ? std::string() : rest;
}

}  // namespace alv::local
