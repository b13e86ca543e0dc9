// What a user may say and what of a reply is shown, decided by lambdas or lists. C++17.
#ifndef ALVISS_FILTER_HPP
#define ALVISS_FILTER_HPP

#include <functional>

#include "result.hpp"

namespace alviss {

// What a filter makes of a text: nothing (it is allowed), or one of these. Only for the call that
// it was handed to. Since 0.1
class FilterVerdict {
  public:
    explicit FilterVerdict(alv_filter_verdict* borrowed) : verdict_(borrowed) {}
    // The bytes of the window from `begin` up to `end` become `text`.
    Status replace(uint64_t begin, uint64_t end, std::string_view text) {
        return detail::run([&](auto** error) {
            return alv_filter_replace(verdict_, begin, end, to_abi(text), error);
        });
    }
    // The reply ends; `text` is said instead of the window.
    Status stop(std::string_view text) {
        return detail::run(
            [&](auto** error) { return alv_filter_stop(verdict_, to_abi(text), error); });
    }
    // The last bytes of the window wait for more text.
    Status hold(uint64_t n_bytes) {
        return detail::run([&](auto** error) { return alv_filter_hold(verdict_, n_bytes, error); });
    }

  private:
    alv_filter_verdict* verdict_;
};

// Where and when it is called: see alv_filter_callback. An exception fails the reply. Since 0.1
using FilterFunction = std::function<void(const alv_filter_text& text, FilterVerdict verdict)>;

// What a text became. Since 0.1
struct Filtered {
    std::string text;
    bool stopped = false;
};

// See filter.h. Immutable, thread-safe. Since 0.1
class Filter {
  public:
    // `lookback_bytes`: as long as the longest phrase it looks for; 0: 64. The function lives as
    // long as anything may call it.
    static Result<Filter> create(FilterFunction function, uint32_t lookback_bytes = 0) {
        auto owned = std::make_unique<FilterFunction>(std::move(function));
        alv_filter_options options = ALV_FILTER_OPTIONS_INIT;
        options.lookback_bytes = lookback_bytes;
        options.callback = look;
        options.release = release;
        FilterFunction* const taken = owned.release();  // until release() is called
        options.user_data = taken;
        auto made = detail::make<Filter, alv_filter>(
            [&](auto** out, auto** error) { return alv_filter_create(&options, out, error); });
        if (!made) delete taken;  // it was not
        return made;
    }
    static Result<Filter> create(const alv_filter_list_options& options) {
        return detail::make<Filter, alv_filter>(
            [&](auto** out, auto** error) { return alv_filter_create_list(&options, out, error); });
    }
    // By whole words and phrases.
    static Result<Filter> create(const std::vector<std::string>& words,
                                 std::string_view replacement) {
        std::vector<alv_string> views;
        views.reserve(words.size());
        for (const std::string& word : words) views.push_back(to_abi(word));
        alv_filter_list_options options = ALV_FILTER_LIST_OPTIONS_INIT;
        options.words = views.data();
        options.n_words = views.size();
        options.replacement = to_abi(replacement);
        return create(options);
    }
    explicit Filter(alv_filter* owned) : handle_(owned) {}
    alv_filter* get() const { return handle_.get(); }

    Result<Filtered> apply(std::string_view text) const {
        uint32_t stopped = 0;
        auto out = detail::take_bytes([&](auto** bytes, auto** error) {
            return alv_filter_apply(get(), to_abi(text), bytes, &stopped, error);
        });
        if (!out) return out.error();
        return Filtered{std::move(*out), stopped != 0};
    }

  private:
    static alv_status look(void* user_data, const alv_filter_text* text,
                           alv_filter_verdict* verdict) {
        (*static_cast<FilterFunction*>(user_data))(*text, FilterVerdict(verdict));
        return ALV_STATUS_OK;
    }
    static void release(void* user_data) { delete static_cast<FilterFunction*>(user_data); }

    detail::Owner<alv_filter, alv_filter_release> handle_;
};

}  // namespace alviss

#endif
