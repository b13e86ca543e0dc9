// Generations that run at the same time, and when each of their tokens came.
#include <condition_variable>
#include <ctime>
#include <mutex>

#include "bench.h"

namespace tool::bench {
namespace {

// What the callbacks fill in. Outlives the generations.
struct Collector {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Reply> replies;
    std::vector<uint32_t> prompt_read;
    uint32_t n_over = 0;
    alv_status failed = ALV_STATUS_OK;
    std::string message;
};

struct Slot {
    Collector* all;
    size_t index;
};

alv_status on_event(void* user_data, alv_generation*, const alv_event* event) {
    const auto now = Clock::now();
    const Slot& slot = *static_cast<Slot*>(user_data);
    Collector& all = *slot.all;
    const std::lock_guard lock(all.mutex);
    Reply& reply = all.replies[slot.index];
    switch (event->type) {
        case ALV_EVENT_PREFILL:
            all.prompt_read[slot.index] = event->done;
            return ALV_STATUS_OK;
        case ALV_EVENT_TOKEN:
            reply.tokens.push_back(event->token);
            reply.times.push_back(now);
            return ALV_STATUS_OK;
        case ALV_EVENT_FAILED:
            all.failed = alv_error_code(event->error);
            all.message = view(alv_error_message(event->error));
            break;
        case ALV_EVENT_DONE:
            reply.usage = *event->usage;
            break;
        default:
            return ALV_STATUS_OK;
    }
    ++all.n_over;
    all.changed.notify_all();
    return ALV_STATUS_OK;
}

double process_cpu_us() {
#ifdef _WIN32
    return -1;  // clock() is no processor time there
#else
    return static_cast<double>(std::clock()) * 1e6 / CLOCKS_PER_SEC;
#endif
}

void show(Collector& all, const Progress& progress) {
    uint32_t read = 0, made = 0;
    for (size_t i = 0; i < all.replies.size(); ++i) {
        read += all.prompt_read[i];
        made += static_cast<uint32_t>(all.replies[i].tokens.size());
    }
    progress(read, made);
}

void wait_for_all(Collector& all, const Progress& progress) {
    std::unique_lock lock(all.mutex);
    const auto over = [&] { return all.n_over == all.replies.size(); };
    while (!all.changed.wait_for(lock, std::chrono::milliseconds(200), over)) show(all, progress);
    show(all, progress);
    if (all.failed != ALV_STATUS_OK) throw Failure(all.failed, all.message);
}

}  // namespace

Run run(alv_runtime* runtime, const std::vector<alv_session*>& sessions,
        const std::vector<std::vector<int32_t>>& prompts, uint32_t n_tokens,
        const Progress& progress) {
    Collector all;
    all.replies.resize(sessions.size());
    all.prompt_read.resize(sessions.size());
    std::vector<Slot> slots;
    for (size_t i = 0; i < sessions.size(); ++i) slots.push_back({&all, i});
    alv_generation_options how = ALV_GENERATION_OPTIONS_INIT;
    how.flags = ALV_GENERATION_IGNORE_END;
    how.max_tokens = n_tokens;
    how.callback = on_event;

    Run out;
    call(alv_runtime_reset_counters, runtime);
    const double cpu_before = process_cpu_us();
    out.start = Clock::now();
    std::vector<Owned<alv_generation>> generations;
    for (size_t i = 0; i < sessions.size(); ++i) {
        how.user_data = &slots[i];
        generations.push_back(
            make<alv_generation>(alv_session_complete_tokens, sessions[i], prompts[i].data(),
                                 static_cast<uint64_t>(prompts[i].size()),
                                 static_cast<const alv_generation_options*>(&how)));
    }
    wait_for_all(all, progress);
    out.end = Clock::now();
    if (cpu_before >= 0) out.work.process_cpu_us = process_cpu_us() - cpu_before;
    call(alv_runtime_get_counters, runtime, &out.work.counters);
    generations.clear();  // no callback comes after this
    out.replies = std::move(all.replies);
    for (const Reply& reply : out.replies) {
        if (reply.tokens.size() == n_tokens) continue;
        throw Failure(ALV_STATUS_INTERNAL, "a reply ended after " +
                                               std::to_string(reply.tokens.size()) + " of " +
                                               std::to_string(n_tokens) + " tokens");
    }
    return out;
}

}  // namespace tool::bench
