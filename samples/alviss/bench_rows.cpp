// The rows of the benchmark: what runs, and what is made of its times.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "bench.h"

namespace tool::bench {
namespace {

using Sessions = std::vector<Owned<alv_session>>;

Sessions open_sessions(alv_model* model, uint32_t n) {
    Sessions out;
    for (uint32_t i = 0; i < n; ++i) {
        out.push_back(make<alv_session>(alv_session_create, model,
                                        static_cast<const alv_session_options*>(nullptr)));
    }
    return out;
}

Run run_on(Bench& bench, const Sessions& sessions, const std::vector<std::vector<int32_t>>& prompts,
           uint32_t n_tokens, double done_before) {
    std::vector<alv_session*> handles;
    for (const auto& session : sessions) handles.push_back(session.get());
    return run(bench.runtime, handles, prompts, n_tokens, [&](uint32_t read, uint32_t made) {
        bench.meter.at(done_before + Meter::size_of(read, made));
    });
}

// p50, p99 and the longest time from one token of a reply to its next.
Json between_ms(const std::vector<Run>& runs) {
    std::vector<double> gaps;
    for (const Run& run : runs) {
        for (const Reply& reply : run.replies) {
            for (size_t i = 1; i < reply.times.size(); ++i) {
                gaps.push_back(ms_between(reply.times[i - 1], reply.times[i]));
            }
        }
    }
    if (gaps.empty()) return nullptr;
    std::sort(gaps.begin(), gaps.end());
    const auto at = [&](double share) {
        const auto index = static_cast<size_t>(std::ceil(share * static_cast<double>(gaps.size())));
        return rounded(gaps[std::max<size_t>(index, 1) - 1]);
    };
    return {{"p50", at(0.5)}, {"p99", at(0.99)}, {"max", at(1.0)}, {"n", gaps.size()}};
}

// What `n_tokens` tokens took of the host and of the queue, each the median over the runs.
Json per_token(const std::vector<Run>& runs, double n_tokens) {
    const auto median = [&](auto&& value) {
        std::vector<double> values;
        for (const Run& run : runs) values.push_back(value(run.work) / n_tokens);
        return spread_of(std::move(values)).median;
    };
    Json out = {
        {"submits", rounded(median([](const Work& w) { return double(w.counters.submits); }))},
        {"dispatches",
         rounded(median([](const Work& w) { return double(w.counters.dispatches); }))},
        {"host_us", rounded(median([](const Work& w) { return w.counters.host_us; }))},
        {"process_cpu_us", nullptr},
    };
    if (!runs.empty() && runs[0].work.process_cpu_us >= 0) {
        out["process_cpu_us"] = rounded(median([](const Work& w) { return w.process_cpu_us; }));
    }
    return out;
}

double longest_submit_ms(const std::vector<Run>& runs) {
    double longest = 0;
    for (const Run& run : runs) longest = std::max(longest, run.work.counters.longest_submit_us);
    return rounded(longest / 1e3);
}

}  // namespace

void Meter::begin(std::string row, double size) {
    row_ = std::move(row);
    size_ = size;
    at(0);
}
void Meter::at(double done) {
    show_(total_ > 0 ? (before_ + std::min(done, size_)) / total_ : 1, row_);
}
void Meter::end() {
    before_ += size_;
    size_ = 0;
    at(0);
}

double rounded(double value) {
    return std::round(value * 1e3) / 1e3 + 0.0;
}

Spread spread_of(std::vector<double> values) {
    if (values.empty()) return {0, 0, 0};
    std::sort(values.begin(), values.end());
    const size_t middle = values.size() / 2;
    const double median =
        values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    return {median, values.front(), values.back()};
}

Json to_json(const Spread& spread) {
    return {{"median", rounded(spread.median)},
            {"min", rounded(spread.min)},
            {"max", rounded(spread.max)}};
}

Json prefill_row(Bench& bench, uint32_t n_tokens) {
    const Options& options = bench.options;
    bench.meter.begin("prefill " + std::to_string(n_tokens),
                      options.repeat * Meter::size_of(n_tokens, 1));
    std::vector<Run> runs;
    std::vector<double> speeds, first_ms;
    uint32_t reused = 0;
    std::vector<int32_t> prompt, tokens;
    for (uint32_t i = 0; i < options.repeat; ++i) {
        const Sessions session = open_sessions(bench.model, 1);
        prompt = bench.prompts.make(n_tokens, i);
        runs.push_back(run_on(bench, session, {prompt}, 1, i * Meter::size_of(n_tokens, 1)));
        const Reply& reply = runs.back().replies[0];
        if (i == 0) tokens = reply.tokens;
        reused = std::max(reused, reply.usage.reused_tokens);
        speeds.push_back((reply.usage.prompt_tokens - reply.usage.reused_tokens) /
                         reply.usage.prefill_ms * 1e3);
        first_ms.push_back(reply.usage.first_token_ms);
    }
    bench.meter.end();
    Json row = {{"tokens", n_tokens},
                {"reused_tokens", reused},
                {"tok_s", to_json(spread_of(speeds))},
                {"first_token_ms", to_json(spread_of(first_ms))},
                {"longest_submit_ms", longest_submit_ms(runs)},
                {"per_token", per_token(runs, n_tokens)}};
    if (options.with_tokens) {
        row["prompt"] = bench.prompts.make(n_tokens, 0);
        row["new_tokens"] = tokens;
    }
    return row;
}

Json decode_row(Bench& bench, uint32_t depth) {
    const Options& options = bench.options;
    const uint32_t n = options.n_decode;
    const uint32_t n_prompt = std::max(depth, 1u);
    const double fill = Meter::size_of(n_prompt, 2);
    bench.meter.begin("decode at " + std::to_string(depth),
                      fill + options.repeat * Meter::size_of(1, n));
    const Sessions session = open_sessions(bench.model, 1);
    const std::vector<std::vector<int32_t>> prompt = {bench.prompts.make(n_prompt, 0)};
    // Fills the kv cache, untimed: from then on only the last token of the prompt is read again.
    run_on(bench, session, prompt, 2, 0);
    std::vector<Run> runs;
    std::vector<double> speeds;
    for (uint32_t i = 0; i < options.repeat; ++i) {
        runs.push_back(run_on(bench, session, prompt, n, fill + i * Meter::size_of(1, n)));
        speeds.push_back((n - 1) / runs.back().replies[0].usage.decode_ms * 1e3);
    }
    bench.meter.end();
    const Spread speed = spread_of(speeds);
    Json row = {
        {"depth", depth},
        {"prompt_tokens", n_prompt},
        {"new_tokens_timed", n - 1},
        {"tok_s", to_json(speed)},
        {"between_ms", between_ms(runs)},
        {"longest_submit_ms", longest_submit_ms(runs)},
        {"weights_gb_s",
         rounded(static_cast<double>(bench.weights_read_bytes) * speed.median / 1e9)},
        {"per_token", per_token(runs, n)},
    };
    if (options.with_tokens) {
        row["prompt"] = prompt[0];
        row["new_tokens"] = runs[0].replies[0].tokens;
    }
    return row;
}

Json batch_row(Bench& bench, uint32_t n_sessions, std::vector<int32_t>& tokens_alone) {
    const Options& options = bench.options;
    const uint32_t n = options.n_decode;
    const double fill = Meter::size_of(n_sessions * options.batch_prompt, n_sessions * 2);
    const double each = Meter::size_of(n_sessions, n_sessions * n);
    bench.meter.begin("batch of " + std::to_string(n_sessions), fill + options.repeat * each);
    const Sessions sessions = open_sessions(bench.model, n_sessions);
    std::vector<std::vector<int32_t>> prompts;
    for (uint32_t i = 0; i < n_sessions; ++i) {
        prompts.push_back(bench.prompts.make(options.batch_prompt, i));
    }
    run_on(bench, sessions, prompts, 2, 0);  // as in decode_row
    std::vector<Run> runs;
    std::vector<double> speeds;
    for (uint32_t i = 0; i < options.repeat; ++i) {
        runs.push_back(run_on(bench, sessions, prompts, n, fill + i * each));
        const Run& run = runs.back();
        speeds.push_back(n_sessions * n / ms_between(run.start, run.end) * 1e3);
    }
    bench.meter.end();
    const std::vector<int32_t>& first = runs[0].replies[0].tokens;
    if (tokens_alone.empty()) tokens_alone = first;
    Json row = {
        {"sessions", n_sessions},
        {"prompt_tokens", options.batch_prompt},
        {"new_tokens_each", n},
        {"tok_s", to_json(spread_of(speeds))},
        {"between_ms", between_ms(runs)},
        {"longest_submit_ms", longest_submit_ms(runs)},
        {"per_token", per_token(runs, static_cast<double>(n_sessions) * n)},
        {"same_tokens_as_alone", first == tokens_alone},
    };
    if (options.with_tokens) {
        row["prompts"] = prompts;
        row["new_tokens"] = Json::array();
        for (const Reply& reply : runs[0].replies) row["new_tokens"].push_back(reply.tokens);
    }
    return row;
}

namespace {

// By share of the time, largest first.
Json op_times(alv_runtime* runtime, double n_steps) {
    struct Op {
        std::string name;
        double calls, us;
    };
    std::vector<Op> ops;
    const alv_op_time_callback visit = [](void* user_data, const alv_op_time* op) {
        static_cast<std::vector<Op>*>(user_data)->push_back(
            {std::string(view(op->name)), static_cast<double>(op->calls), op->device_us});
    };
    call(alv_runtime_visit_op_times, runtime, visit, static_cast<void*>(&ops));
    std::sort(ops.begin(), ops.end(), [](const Op& a, const Op& b) { return a.us > b.us; });
    const double total = std::accumulate(ops.begin(), ops.end(), 0.0,
                                         [](double sum, const Op& op) { return sum + op.us; });
    Json out = Json::array();
    for (const Op& op : ops) {
        out.push_back({{"name", op.name},
                       {"calls", rounded(op.calls / n_steps)},
                       {"device_us", rounded(op.us / n_steps)},
                       {"share", rounded(total > 0 ? op.us / total : 0)}});
    }
    return out;
}

}  // namespace

Json ops_rows(Bench& bench, uint32_t depth, uint32_t n_prompt) {
    const uint32_t n = bench.options.n_decode;
    const uint32_t filled = std::max(depth, 1u);
    bench.meter.begin("operations", Meter::size_of(filled, 2) + Meter::size_of(1, n) +
                                        Meter::size_of(n_prompt, 1));
    Json out;
    {
        const Sessions session = open_sessions(bench.model, 1);
        const std::vector<std::vector<int32_t>> prompt = {bench.prompts.make(filled, 0)};
        run_on(bench, session, prompt, 2, 0);
        run_on(bench, session, prompt, n, Meter::size_of(filled, 2));
        out["decode"] = {{"depth", depth}, {"per", "token"}, {"ops", op_times(bench.runtime, n)}};
    }
    const Sessions session = open_sessions(bench.model, 1);
    run_on(bench, session, {bench.prompts.make(n_prompt, 1)}, 1,
           Meter::size_of(filled, 2) + Meter::size_of(1, n));
    out["prefill"] = {{"tokens", n_prompt}, {"per", "prompt"}, {"ops", op_times(bench.runtime, 1)}};
    bench.meter.end();
    return out;
}

}  // namespace tool::bench
