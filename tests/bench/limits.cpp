// limits MODEL [CANCELS]: what must stay under a limit, measured through the public ABI on the
// default device. Prints one JSON object:
//   cancel_*_ms      from alv_generation_cancel to its DONE event, in prefill and in decode
//   between_ms       from token to token
//   memory           device memory over weights and kv, and what our own heap takes (the tokenizer,
//                    measured without a driver in the process's heap)
#include <alviss/alviss.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void check(alv_status status, alv_error* error) {
    if (status == ALV_STATUS_OK) return;
    std::fprintf(stderr, "limits: %s\n",
                 error ? alv_error_message(error).data : alv_status_name(status));
    std::exit(1);
}

template <typename... P, typename... A>
void call(alv_status (*function)(P...), A... args) {
    alv_error* error = nullptr;
    const alv_status status = function(args..., &error);
    check(status, error);
}

uint64_t heap_bytes() {
#ifdef __GLIBC__
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

nlohmann::ordered_json spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) {
        return values.empty()
                   ? 0.0
                   : values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
    };
    return {{"n", values.size()}, {"p50", at(0.5)}, {"p95", at(0.95)}, {"max", at(1.0)}};
}

alv_model* open(alv_runtime* runtime, const char* path, uint32_t flags) {
    alv_model_options options = ALV_MODEL_OPTIONS_INIT;
    options.path = alv_str(path);
    options.flags = flags;
    alv_model* model = nullptr;
    call(alv_model_open, runtime, &options, &model);
    call(alv_model_wait, model, UINT64_MAX);
    return model;
}

// A prompt of about n_words words that no other shares a beginning with: nothing of it is cached.
std::string prompt_of(std::mt19937& random, int n_words) {
    std::string text;
    for (int i = 0; i < n_words; ++i) text += "word " + std::to_string(random() % 1000) + " ";
    return text;
}

struct Run {
    double cancel_ms = -1;
    std::vector<double> between_ms;
};

// Runs until `cancel_after_ms` past the start (or past the first token), cancels, waits for the
// end.
Run run(alv_session* session, const std::string& prompt, uint32_t max_tokens, bool in_decode,
        double cancel_after_ms) {
    alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
    options.max_tokens = max_tokens;
    options.flags = ALV_GENERATION_IGNORE_END;
    alv_generation* generation = nullptr;
    call(alv_session_complete, session, alv_string{prompt.data(), prompt.size()}, &options,
         &generation);
    Run out;
    Clock::time_point mark = Clock::now(), cancelled, last;
    bool is_marked = !in_decode, is_cancelled = false, has_token = false;
    for (;;) {
        const alv_event* event = nullptr;
        alv_error* error = nullptr;
        const alv_status status = alv_generation_wait(generation, 500, &event, &error);
        if (status == ALV_STATUS_TIMEOUT) {
            alv_error_release(error);
        } else {
            check(status, error);
            if (event->type == ALV_EVENT_TOKEN) {
                if (has_token) out.between_ms.push_back(ms_since(last));
                last = Clock::now();
                has_token = true;
                if (!is_marked) mark = last;
                is_marked = true;
            } else if (event->type == ALV_EVENT_FAILED) {
                check(alv_error_code(event->error), nullptr);
            } else if (event->type == ALV_EVENT_DONE) {
                if (event->finish_reason == ALV_FINISH_CANCELLED)
                    out.cancel_ms = ms_since(cancelled);
                break;
            }
        }
        if (is_marked && !is_cancelled && cancel_after_ms >= 0 &&
            ms_since(mark) >= cancel_after_ms) {
            is_cancelled = true;
            cancelled = Clock::now();
            call(alv_generation_cancel, generation);
        }
    }
    alv_generation_release(generation);
    return out;
}

uint64_t tokenizer_heap(const char* path) {
    alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
    options.flags = ALV_RUNTIME_NO_DEVICE;
    const uint64_t before = heap_bytes();
    alv_runtime* runtime = nullptr;
    call(alv_runtime_create, &options, &runtime);
    alv_model* model = open(runtime, path, ALV_MODEL_TOKENIZER_ONLY);
    const uint64_t after = heap_bytes();
    alv_model_release(model);
    alv_runtime_release(runtime);
    return after - before;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: limits MODEL [CANCELS]\n", stderr);
        return 2;
    }
    const int n_cancels = argc > 2 ? std::atoi(argv[2]) : 20;
    const uint64_t heap = tokenizer_heap(argv[1]);

    alv_runtime* runtime = nullptr;
    call(alv_runtime_create, static_cast<const alv_runtime_options*>(nullptr), &runtime);
    alv_model* model = open(runtime, argv[1], 0);
    alv_session* session = nullptr;
    call(alv_session_create, model, static_cast<const alv_session_options*>(nullptr), &session);

    std::mt19937 random(1);
    std::uniform_real_distribution<double> moment(0, 1);
    const auto between = run(session, prompt_of(random, 50), 64, true, -1).between_ms;
    alv_runtime_info info = ALV_RUNTIME_INFO_INIT;
    call(alv_runtime_get_info, runtime, &info);

    std::vector<double> prefill, decode;
    for (int i = 0; i < n_cancels; ++i) {
        const Run in_prefill =
            run(session, prompt_of(random, 250), 4, false, 20 + 800 * moment(random));
        if (in_prefill.cancel_ms >= 0) prefill.push_back(in_prefill.cancel_ms);
        const Run in_decode = run(session, prompt_of(random, 5), 512, true, 300 * moment(random));
        if (in_decode.cancel_ms >= 0) decode.push_back(in_decode.cancel_ms);
    }
    alv_device_info device = ALV_DEVICE_INFO_INIT;
    call(alv_runtime_get_device_info, runtime, &device);
    const uint64_t over = info.allocated_bytes - info.weights_bytes - info.kv_bytes;
    const nlohmann::ordered_json out = {
        {"device", std::string(device.name.data, device.name.size)},
        {"driver", std::string(device.driver.data, device.driver.size)},
        {"cancel_in_prefill_ms", spread(prefill)},
        {"cancel_in_decode_ms", spread(decode)},
        {"between_ms", spread(between)},
        {"memory",
         {{"weights_bytes", info.weights_bytes},
          {"kv_bytes", info.kv_bytes},
          {"device_bytes_over", over},
          {"tokenizer_heap_bytes", heap},
          {"over_mib", static_cast<double>(over + heap) / (1024.0 * 1024.0)}}},
    };
    std::puts(out.dump(1).c_str());
    alv_session_release(session);
    alv_model_release(model);
    alv_runtime_release(runtime);
    return 0;
}
