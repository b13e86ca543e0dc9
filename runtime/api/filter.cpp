#include "alviss/filter.h"

#include "agent/list_filter.h"
#include "api/bytes.h"
#include "api/handles.h"
#include "api/versioned.h"
#include "text/fold.h"

struct alv_filter {
    std::shared_ptr<alv::agent::Filter> filter;
};

struct alv_filter_verdict {
    alv::agent::Verdict verdict;
};

namespace alv::api {
namespace {

constexpr uint32_t kDefaultLookback = 64;
constexpr uint32_t kMaxLookback = 65'536;
constexpr uint64_t kMaxEntries = 100'000;

class HostFilter : public agent::Filter {
  public:
    explicit HostFilter(const alv_filter_options& options) : options_(options) {
        if (options_.lookback_bytes == 0) options_.lookback_bytes = kDefaultLookback;
    }
    HostFilter(const HostFilter&) = delete;
    HostFilter& operator=(const HostFilter&) = delete;
    ~HostFilter() override {
        if (!taken_ || !options_.release) return;
        try {
            options_.release(options_.user_data);
        } catch (...) {
            // There is nobody to tell.
        }
    }

    // From now on the host waits for the release.
    void take() { taken_ = true; }
    Result<agent::Verdict> look(const agent::FilterView& view) override {
        alv_filter_text text{};
        text.struct_size = sizeof text;
        text.last = view.last ? 1 : 0;
        text.before = {view.before.data(), view.before.size()};
        text.window = {view.window.data(), view.window.size()};
        alv_filter_verdict verdict;
        verdict.verdict.hold = options_.lookback_bytes;
        alv_status status = ALV_STATUS_CALLBACK_FAILED;
        try {
            status = options_.callback(options_.user_data, &text, &verdict);
        } catch (...) {
            status = ALV_STATUS_CALLBACK_FAILED;
        }
        if (status != ALV_STATUS_OK) {
            return Status(Code::kCallbackFailed, "a filter's callback failed");
        }
        return std::move(verdict.verdict);
    }

  private:
    alv_filter_options options_;
    bool taken_ = false;
};

Status read_list(const alv_string* strings, uint64_t n, const char* name,
                 std::vector<std::string>& out) {
    if (n > kMaxEntries) {
        return limit_exceeded("a filter takes at most " + std::to_string(kMaxEntries) + " " + name);
    }
    if (n != 0) ALV_RETURN_IF_ERROR(require(strings, name));
    for (uint64_t i = 0; i < n; ++i) {
        ALV_ASSIGN_OR_RETURN(const std::string_view text, read_string(strings[i], name));
        out.emplace_back(text);
    }
    return ok_status();
}

agent::FoldedText fold(std::string_view text) {
    text::Folded folded = text::fold(text);
    return {std::move(folded.text), std::move(folded.origin), std::move(folded.origin_end),
            folded.settled};
}

}  // namespace
}  // namespace alv::api

using namespace alv;
using namespace alv::api;

void alv_filter_options_init(alv_filter_options* out_options, uint32_t struct_size) {
    const alv_filter_options defaults = ALV_FILTER_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

void alv_filter_list_options_init(alv_filter_list_options* out_options, uint32_t struct_size) {
    const alv_filter_list_options defaults = ALV_FILTER_LIST_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

alv_status alv_filter_replace(alv_filter_verdict* verdict, uint64_t begin, uint64_t end,
                              alv_string text, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(verdict);
        ALV_ASSIGN_OR_RETURN(const std::string_view read, read_string(text, "text"));
        if (begin >= end) return invalid_argument("end is not after begin");
        verdict->verdict = {agent::Verdict::Kind::kReplace, static_cast<size_t>(begin),
                            static_cast<size_t>(end), std::string(read), 0};
        return ok_status();
    });
}

alv_status alv_filter_stop(alv_filter_verdict* verdict, alv_string text, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(verdict);
        ALV_ASSIGN_OR_RETURN(const std::string_view read, read_string(text, "text"));
        verdict->verdict = {agent::Verdict::Kind::kStop, 0, 0, std::string(read), 0};
        return ok_status();
    });
}

alv_status alv_filter_hold(alv_filter_verdict* verdict, uint64_t n_bytes, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(verdict);
        verdict->verdict = {};
        verdict->verdict.hold = static_cast<size_t>(n_bytes);
        return ok_status();
    });
}

alv_status alv_filter_create(const alv_filter_options* given, alv_filter** out_filter,
                             alv_error** out_error) {
    if (out_filter) *out_filter = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(given);
        ALV_REQUIRE(out_filter);
        const alv_filter_options defaults = ALV_FILTER_OPTIONS_INIT;
        ALV_ASSIGN_OR_RETURN(const alv_filter_options options,
                             read_struct(given, defaults, "alv_filter_options"));
        if (!options.callback) return invalid_argument("alv_filter_options.callback is NULL");
        if (options.lookback_bytes > kMaxLookback) {
            return limit_exceeded("alv_filter_options.lookback_bytes is more than " +
                                  std::to_string(kMaxLookback));
        }
        auto filter = std::make_shared<HostFilter>(options);
        *out_filter = new alv_filter{filter};
        filter->take();
        return ok_status();
    });
}

alv_status alv_filter_create_list(const alv_filter_list_options* given, alv_filter** out_filter,
                                  alv_error** out_error) {
    if (out_filter) *out_filter = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(given);
        ALV_REQUIRE(out_filter);
        const alv_filter_list_options defaults = ALV_FILTER_LIST_OPTIONS_INIT;
        ALV_ASSIGN_OR_RETURN(const alv_filter_list_options options,
                             read_struct(given, defaults, "alv_filter_list_options"));
        ALV_RETURN_IF_ERROR(check_flags(options.flags, ALV_FILTER_LIST_STOP | ALV_FILTER_LIST_PARTS,
                                        "alv_filter_list_options.flags"));
        agent::ListFilterOptions list;
        ALV_RETURN_IF_ERROR(read_list(options.words, options.n_words, "words", list.words));
        ALV_RETURN_IF_ERROR(
            read_list(options.patterns, options.n_patterns, "patterns", list.patterns));
        ALV_ASSIGN_OR_RETURN(list.replacement, read_string(options.replacement, "replacement"));
        list.stop = (options.flags & ALV_FILTER_LIST_STOP) != 0;
        list.parts_of_words = (options.flags & ALV_FILTER_LIST_PARTS) != 0;
        list.fold = fold;
        ALV_ASSIGN_OR_RETURN(auto filter, agent::make_list_filter(std::move(list)));
        *out_filter = new alv_filter{std::move(filter)};
        return ok_status();
    });
}

void alv_filter_release(alv_filter* filter) {
    call_plain([&]() -> int {
        delete filter;
        return 0;
    });
}

alv_status alv_filter_apply(alv_filter* filter, alv_string text, alv_bytes** out_text,
                            uint32_t* out_stopped, alv_error** out_error) {
    if (out_text) *out_text = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(filter);
        ALV_REQUIRE(out_text);
        ALV_ASSIGN_OR_RETURN(const std::string_view read, read_string(text, "text"));
        ALV_ASSIGN_OR_RETURN(agent::Filtered filtered, agent::run_filters({filter->filter}, read));
        *out_text = make_bytes(std::move(filtered.text));
        if (out_stopped) *out_stopped = filtered.stopped ? 1 : 0;
        return ok_status();
    });
}

alv_status alv_session_add_filter(alv_session* session, alv_filter* filter, uint32_t where,
                                  alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_REQUIRE(filter);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        ALV_RETURN_IF_ERROR(check_flags(where, ALV_FILTER_INPUT | ALV_FILTER_OUTPUT, "where"));
        if (where == 0) return invalid_argument("where is 0: give ALV_FILTER_INPUT or _OUTPUT");
        session->attached.change([&](Attachments::All& all) {
            if (where & ALV_FILTER_INPUT) all.input_filters.push_back(filter->filter);
            if (where & ALV_FILTER_OUTPUT) all.output_filters.push_back(filter->filter);
        });
        return ok_status();
    });
}

alv_status alv_session_clear_filters(alv_session* session, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        session->attached.change([](Attachments::All& all) {
            all.input_filters.clear();
            all.output_filters.clear();
        });
        return ok_status();
    });
}
