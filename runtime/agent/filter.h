// What a host lets in and out: filters that allow, replace or stop.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace alv::agent {

struct Verdict {
    enum class Kind { kAllow, kReplace, kStop };
    Kind kind = Kind::kAllow;
    // kReplace: these bytes of the window, by `text`. kStop: `text` is all that is said instead.
    size_t begin = 0;
    size_t end = 0;
    std::string text;
    // kAllow: so many bytes at the window's end may still become a part of something forbidden.
    size_t hold = 0;
};

// What a filter sees of a text on its way.
struct FilterView {
    std::string_view before;  // the end of what was let through already
    std::string_view window;  // what was not
    bool last = false;        // nothing follows
};

// Thread-safe.
class Filter {
  public:
    virtual ~Filter() = default;
    // A status ends the reply as failed: what cannot be judged is not shown.
    virtual Result<Verdict> look(const FilterView& view) = 0;
};

using Filters = std::vector<std::shared_ptr<Filter>>;

struct Filtered {
    std::string text;
    bool stopped = false;
};

// A whole text at once.
Result<Filtered> run_filters(const Filters& filters, std::string_view text);

// A stream through filters, one after the other. Whole characters go in and come out. A phrase that
// a filter forbids is caught before its first byte comes out, if the filter holds it.
class FilterStream {
  public:
    explicit FilterStream(const Filters& filters);

    // What may be shown now.
    Result<std::string> put(std::string_view text);
    // What may be shown at the end. The stream is over.
    Result<std::string> finish();
    // A filter stopped the text; nothing more comes out.
    bool stopped() const { return stopped_; }

  private:
    friend Result<Filtered> run_filters(const Filters& filters, std::string_view text);
    struct Stage {
        std::shared_ptr<Filter> filter;
        std::string before;
        std::string window;
    };
    Result<std::string> run(std::string_view text, bool last);
    Result<std::string> run_stage(Stage& stage, std::string_view text, bool last);

    std::vector<Stage> stages_;
    bool stopped_ = false;
};

}  // namespace alv::agent
