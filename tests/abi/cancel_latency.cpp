// Benchmark: how long a cancel takes, in prefill and in decode, on a real model. Not a test: it
// prints.
//   abi_cancel_latency MODEL.gguf [rounds]
#include <alviss/alviss.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point from) {
    return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

// Milliseconds from the cancel to the last event; the cancel comes `delay_ms` after `from_event`.
double cancel_once(alv_session* session, const std::string& prompt, uint32_t from_event,
                   int delay_ms) {
    alv_generation* generation = nullptr;
    const alv_string text = {prompt.data(), prompt.size()};
    if (alv_session_complete(session, text, nullptr, &generation, nullptr) != ALV_STATUS_OK) {
        return -1;
    }
    const alv_event* event = nullptr;
    do {
        if (alv_generation_wait(generation, UINT64_MAX, &event, nullptr) != ALV_STATUS_OK)
            return -1;
    } while (event->type != from_event);
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    const auto asked = Clock::now();
    alv_generation_cancel(generation, nullptr);
    do {
        if (alv_generation_wait(generation, UINT64_MAX, &event, nullptr) != ALV_STATUS_OK)
            return -1;
    } while (event->type != ALV_EVENT_DONE && event->type != ALV_EVENT_FAILED);
    const double ms = ms_since(asked);
    alv_generation_release(generation);
    alv_session_clear(session, nullptr);
    return ms;
}

void print(const char* name, std::vector<double> ms) {
    std::sort(ms.begin(), ms.end());
    std::printf("%-8s n %zu  p50 %.1f ms  p95 %.1f ms  max %.1f ms\n", name, ms.size(),
                ms[ms.size() / 2], ms[ms.size() * 95 / 100], ms.back());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: abi_cancel_latency MODEL.gguf [rounds]\n"), 2;
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 20;
    alv_runtime* runtime = nullptr;
    alv_model* model = nullptr;
    alv_session* session = nullptr;
    alv_model_options options = ALV_MODEL_OPTIONS_INIT;
    options.path = alv_str(argv[1]);
    if (alv_runtime_create(nullptr, &runtime, nullptr) != ALV_STATUS_OK ||
        alv_model_open(runtime, &options, &model, nullptr) != ALV_STATUS_OK ||
        alv_model_wait(model, UINT64_MAX, nullptr) != ALV_STATUS_OK ||
        alv_session_create(model, nullptr, &session, nullptr) != ALV_STATUS_OK) {
        return std::fprintf(stderr, "cannot load %s\n", argv[1]), 1;
    }
    std::string prompt;
    for (int i = 0; i < 100; ++i) prompt += "The ships passed the lighthouse one by one. ";
    std::vector<double> prefill;
    std::vector<double> decode;
    for (int i = 0; i < rounds; ++i) {
        prefill.push_back(cancel_once(session, prompt, ALV_EVENT_PROMPT, 13 * (i % 7)));
        decode.push_back(cancel_once(session, "Once upon a time", ALV_EVENT_TOKEN, 13 * (i % 7)));
    }
    print("prefill", prefill);
    print("decode", decode);
    alv_session_release(session);
    alv_model_release(model);
    alv_runtime_release(runtime);
    return 0;
}
