// What the files of `alviss bench` share. A row is JSON from the start: --json prints the rows, the
// table reads them.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common.h"

namespace tool::bench {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

inline double ms_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
}

struct Options {
    ModelOptions model;
    std::vector<uint32_t> prompts = {128, 512, 2048};
    std::vector<uint32_t> depths = {0, 1024, 4096};
    std::vector<uint32_t> batches = {1, 8, 16, 32};
    std::vector<std::string> only;
    std::string tokens_file;
    uint32_t n_decode = 64;
    uint32_t batch_prompt = 16;
    uint32_t repeat = 3;
    bool with_ops = false;
    bool with_tokens = false;
    bool is_json = false;
    bool wants(const std::string& row) const;
};

// Prompts of any length that are the same from run to run.
class Prompts {
  public:
    Prompts(uint32_t n_vocab, const std::string& tokens_file);
    // No two of another `index` begin alike.
    std::vector<int32_t> make(uint32_t length, uint32_t index) const;

  private:
    uint32_t n_vocab_;
    std::vector<int32_t> ids_;  // empty: made up
};

// bench_run.cpp ----------------------------------------------------------------------------------

struct Reply {
    std::vector<int32_t> tokens;
    std::vector<Clock::time_point> times;  // of the tokens
    alv_usage usage = ALV_USAGE_INIT;
};

// What the counters of the runtime and of the process rose by.
struct Work {
    alv_counters counters = ALV_COUNTERS_INIT;
    double process_cpu_us = -1;  // of all threads, a CPU driver's too; -1: not known here
};

struct Run {
    std::vector<Reply> replies;
    Clock::time_point start;
    Clock::time_point end;
    Work work;
};

// Prompts read and tokens made so far, for the progress bar.
using Progress = std::function<void(uint32_t prompt_tokens, uint32_t new_tokens)>;

// All at the same time, one a session, greedily and past end tokens.
Run run(alv_runtime* runtime, const std::vector<alv_session*>& sessions,
        const std::vector<std::vector<int32_t>>& prompts, uint32_t n_tokens,
        const Progress& progress);

// bench_rows.cpp ---------------------------------------------------------------------------------

// How far the whole is. A new token counts for several of a prompt.
class Meter {
  public:
    Meter(double total, std::function<void(double fraction, const std::string& row)> show)
        : total_(total), show_(std::move(show)) {}
    void begin(std::string row, double size);
    void at(double done);
    void end();
    static double size_of(double prompt_tokens, double new_tokens) {
        return prompt_tokens + 10 * new_tokens;
    }

  private:
    double total_;
    std::function<void(double, const std::string&)> show_;
    std::string row_;
    double before_ = 0;
    double size_ = 0;
};

struct Bench {
    const Options& options;
    const Prompts& prompts;
    alv_runtime* runtime;
    alv_model* model;
    uint64_t weights_read_bytes;  // by one decode step
    Meter& meter;
};

struct Spread {
    double median, min, max;
};
Spread spread_of(std::vector<double> values);
Json to_json(const Spread& spread);
double rounded(double value);

Json prefill_row(Bench& bench, uint32_t n_tokens);
Json decode_row(Bench& bench, uint32_t depth);
// `tokens_alone`: what session 0 wrote in a smaller batch; filled in by the first.
Json batch_row(Bench& bench, uint32_t n_sessions, std::vector<int32_t>& tokens_alone);
// Device time by operation, of a runtime made with ALV_RUNTIME_PROFILE.
Json ops_rows(Bench& bench, uint32_t depth, uint32_t n_prompt);

// bench_report.cpp -------------------------------------------------------------------------------

void print_report(const Json& report);

}  // namespace tool::bench
