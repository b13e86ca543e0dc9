#include "abi/talk.h"

namespace alv::test {
namespace {

alv_filter* list_of(std::initializer_list<const char*> words, uint32_t flags = 0) {
    std::vector<alv_string> texts;
    for (const char* word : words) texts.push_back(alv_str(word));
    alv_filter_list_options options = ALV_FILTER_LIST_OPTIONS_INIT;
    options.words = texts.data();
    options.n_words = texts.size();
    options.flags = flags;
    options.replacement = alv_str("***");
    alv_filter* filter = nullptr;
    Failure failure;
    EXPECT_EQ(alv_filter_create_list(&options, &filter, failure.out()), ALV_STATUS_OK)
        << failure.message();
    return filter;
}

TEST(Filter, AReplyIsFilteredBeforeItIsShownAndKept) {
    Host host;
    host.with_session();
    host.world->next = talking([](const std::string&) { return "a very BAD day"; });
    alv_filter* filter = list_of({"very bad"});
    ASSERT_EQ(alv_session_add_filter(host.session, filter, ALV_FILTER_OUTPUT, nullptr),
              ALV_STATUS_OK);
    alv_filter_release(filter);
    const Reply reply = ask(host.session, "how?");
    EXPECT_EQ(reply.text, "a *** day");
    EXPECT_TRUE(reply.tokens.empty()) << "they would show what is held back";
    EXPECT_EQ(message_at(host.session, 1), "a *** day");
    ASSERT_EQ(alv_session_clear_filters(host.session, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(ask(host.session, "how?").text, "a very BAD day");
}

TEST(Filter, AStoppedReplyEndsAsFiltered) {
    Host host;
    host.with_session();
    host.world->next = talking([](const std::string&) { return "one bad two three four"; });
    alv_filter* filter = list_of({"bad"}, ALV_FILTER_LIST_STOP);
    ASSERT_EQ(alv_session_add_filter(host.session, filter, ALV_FILTER_OUTPUT, nullptr),
              ALV_STATUS_OK);
    alv_filter_release(filter);
    const Reply reply = ask(host.session, "how?");
    EXPECT_EQ(reply.text, "one ***");
    EXPECT_EQ(reply.finish, ALV_FINISH_FILTERED);
    EXPECT_STREQ(alv_finish_reason_name(reply.finish), "filtered");
}

TEST(Filter, WhatIsStoppedOnItsWayInIsNotRead) {
    Host host;
    host.with_session();
    std::atomic<int> asked{0};
    host.world->next = talking([&](const std::string&) {
        ++asked;
        return "yes";
    });
    alv_filter* filter = list_of({"bad"}, ALV_FILTER_LIST_STOP);
    ASSERT_EQ(alv_session_add_filter(host.session, filter, ALV_FILTER_INPUT, nullptr),
              ALV_STATUS_OK);
    alv_filter_release(filter);
    const Reply reply = ask(host.session, "a bad question");
    EXPECT_EQ(reply.text, "***");
    EXPECT_EQ(reply.finish, ALV_FINISH_FILTERED);
    EXPECT_EQ(asked, 0);
}

struct Watch {
    std::string seen;
    int mode = 0;
    static alv_status look(void* user_data, const alv_filter_text* text,
                           alv_filter_verdict* verdict) {
        auto* self = static_cast<Watch*>(user_data);
        self->seen += text_of(text->window) + (text->last ? "." : "|");
        if (self->mode == 1) return ALV_STATUS_INTERNAL;
        if (self->mode == 2) throw 1;
        if (self->mode == 3) return alv_filter_replace(verdict, 1, 2, alv_str("\xFF"), nullptr);
        const std::string window = text_of(text->window);
        if (const size_t at = window.find("secret"); at != window.npos) {
            return alv_filter_replace(verdict, at, at + 6, alv_str("[-]"), nullptr);
        }
        return ALV_STATUS_OK;
    }
};

TEST(Filter, AHostsFilterSeesTheStreamWithItsLookback) {
    Host host;
    host.with_session();
    host.world->next = talking([](const std::string&) { return "the secret word"; });
    Watch watch;
    alv_filter_options options = ALV_FILTER_OPTIONS_INIT;
    options.lookback_bytes = 6;
    options.callback = Watch::look;
    options.user_data = &watch;
    alv_filter* filter = nullptr;
    ASSERT_EQ(alv_filter_create(&options, &filter, nullptr), ALV_STATUS_OK);
    ASSERT_EQ(alv_session_add_filter(host.session, filter, ALV_FILTER_OUTPUT, nullptr),
              ALV_STATUS_OK);
    EXPECT_EQ(ask(host.session, "x").text, "the [-] word");
    EXPECT_NE(watch.seen.find("."), std::string::npos);
    for (const int mode : {1, 2, 3}) {
        watch.mode = mode;
        const Reply reply = ask(host.session, "x");
        EXPECT_EQ(reply.failed, ALV_STATUS_CALLBACK_FAILED) << mode;
        EXPECT_EQ(reply.text, "") << "what cannot be judged is not shown";
    }
    alv_filter_release(filter);
}

TEST(Filter, IsTriedOnATextAlone) {
    alv_filter* filter = list_of({"b\xC3\xA4"
                                  "d"},
                                 ALV_FILTER_LIST_PARTS);
    alv_bytes* out = nullptr;
    uint32_t stopped = 7;
    ASSERT_EQ(alv_filter_apply(filter,
                               alv_str("xBA\xCC\x88"
                                       "Dx"),
                               &out, &stopped, nullptr),
              ALV_STATUS_OK);
    EXPECT_EQ(text_of(alv_bytes_text(out)), "x***x");
    EXPECT_EQ(stopped, 0u);
    alv_bytes_release(out);
    alv_filter_release(filter);
}

}  // namespace
}  // namespace alv::test
