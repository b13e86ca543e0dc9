// alviss bench: how fast a model runs on a device, on the public ABI alone.
#include "bench.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <random>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "terminal.h"

namespace tool {
namespace bench {
namespace {

constexpr uint32_t kFirstPrompt = 5;  // tokens of the prompt of the first-token row

// What has to be known before the clock starts: of the file alone, no device is touched.
struct FileFacts {
    uint64_t context = UINT64_MAX;  // tokens the model was trained on
    uint64_t embedding_bytes = 0;
};

FileFacts facts_of(const std::string& path) {
    alv_model_options how = ALV_MODEL_OPTIONS_INIT;
    how.path = to_alv(path);
    const auto gguf = make<alv_gguf>(alv_gguf_open, static_cast<const alv_model_options*>(&how));
    FileFacts facts;
    const std::string_view suffix = ".context_length";
    for (uint64_t i = 0; i < alv_gguf_entry_count(gguf.get()); ++i) {
        alv_gguf_entry entry = ALV_GGUF_ENTRY_INIT;
        call(alv_gguf_get_entry, static_cast<const alv_gguf*>(gguf.get()), i, &entry);
        if (!view(entry.key).ends_with(suffix)) continue;
        const auto json = make<alv_bytes>(alv_gguf_entry_json,
                                          static_cast<const alv_gguf*>(gguf.get()), i, uint64_t{1});
        facts.context =
            Json::parse(view(alv_bytes_text(json.get())), nullptr, false).get<uint64_t>();
    }
    bool has_head = false;
    uint64_t embedding = 0;
    for (uint64_t i = 0; i < alv_gguf_tensor_count(gguf.get()); ++i) {
        alv_gguf_tensor tensor = ALV_GGUF_TENSOR_INIT;
        call(alv_gguf_get_tensor, static_cast<const alv_gguf*>(gguf.get()), i, &tensor);
        if (view(tensor.name) == "output.weight") has_head = true;
        if (view(tensor.name) == "token_embd.weight") embedding = tensor.size_bytes;
    }
    // Where it is the head, too, a step reads all of it; else one row.
    if (has_head) facts.embedding_bytes = embedding;
    return facts;
}

// The rows that fit, and the kv cache that the largest of them needs.
struct Rows {
    std::vector<uint32_t> prompts, depths, batches;
    uint64_t kv_tokens = 256;
    Json left_out = Json::array();
};

class RowFitter {
  public:
    RowFitter(uint64_t context, uint64_t max_kv) : context_(context), max_kv_(max_kv) {}
    bool fits(const std::string& row, uint64_t each, uint64_t sessions) {
        constexpr uint64_t kPage = 32;  // a session's share of the cache is rounded up
        const uint64_t total = sessions * ((each + kPage) / kPage * kPage) + kPage;
        if (each > context_) {
            leave_out(row, "needs " + std::to_string(each) + " tokens of context, the model has " +
                               std::to_string(context_));
        } else if (total > max_kv_) {
            leave_out(row, "needs a kv cache of " + std::to_string(total) +
                               " tokens, the device has room for " + std::to_string(max_kv_));
        } else {
            rows.kv_tokens = std::max(rows.kv_tokens, total);
            return true;
        }
        return false;
    }
    Rows rows;

  private:
    void leave_out(const std::string& row, const std::string& reason) {
        rows.left_out.push_back({{"row", row}, {"reason", reason}});
    }
    uint64_t context_;
    uint64_t max_kv_;
};

Rows fit_rows(const Options& options, uint64_t context, uint64_t max_kv) {
    RowFitter fitter(context, max_kv);
    for (const uint32_t n : options.prompts) {
        if (options.wants("prefill") && fitter.fits("prefill " + std::to_string(n), n + 1, 1)) {
            fitter.rows.prompts.push_back(n);
        }
    }
    for (const uint32_t depth : options.depths) {
        const uint64_t each = uint64_t{std::max(depth, 1u)} + options.n_decode;
        if (options.wants("decode") && fitter.fits("decode at " + std::to_string(depth), each, 1)) {
            fitter.rows.depths.push_back(depth);
        }
    }
    for (const uint32_t n : options.batches) {
        const uint64_t each = uint64_t{options.batch_prompt} + options.n_decode;
        if (options.wants("batch") && fitter.fits("batch of " + std::to_string(n), each, n)) {
            fitter.rows.batches.push_back(n);
        }
    }
    return std::move(fitter.rows);
}

double work_of(const Rows& rows, const Options& options) {
    const double n = options.n_decode;
    double total = 0;
    for (const uint32_t p : rows.prompts) total += options.repeat * Meter::size_of(p, 1);
    for (const uint32_t d : rows.depths) {
        total += Meter::size_of(std::max(d, 1u), 2) + options.repeat * Meter::size_of(1, n);
    }
    for (const uint32_t b : rows.batches) {
        total += Meter::size_of(b * options.batch_prompt, b * 2) +
                 options.repeat * Meter::size_of(b, b * n);
    }
    return total;
}

// Loads; where the device has no room for the kv cache of all rows, once more with those that fit.
Loaded load_for(Options& options, uint64_t context, Rows& rows, bool& is_first_load) {
    options.model.context = static_cast<uint32_t>(rows.kv_tokens);
    try {
        return load(options.model);
    } catch (const Failure& failure) {
        if (failure.status != ALV_STATUS_OUT_OF_DEVICE_MEMORY) throw;
    }
    is_first_load = false;
    alv_runtime_options how = ALV_RUNTIME_OPTIONS_INIT;
    how.device_name = to_alv(options.model.device);
    alv_model_options model = ALV_MODEL_OPTIONS_INIT;
    model.path = to_alv(options.model.path);
    model.kv_tokens = options.model.context;
    alv_memory_plan plan = ALV_MEMORY_PLAN_INIT;
    const auto runtime =
        make<alv_runtime>(alv_runtime_create, static_cast<const alv_runtime_options*>(&how));
    call(alv_memory_plan_query, runtime.get(), static_cast<const alv_model_options*>(&model),
         &plan);
    rows = fit_rows(options, context, plan.max_kv_tokens);
    options.model.context = static_cast<uint32_t>(rows.kv_tokens);
    return load(options.model);
}

Run first_tokens(alv_runtime* runtime, alv_model* model, const std::vector<int32_t>& prompt) {
    const auto session = make<alv_session>(alv_session_create, model,
                                           static_cast<const alv_session_options*>(nullptr));
    return run(runtime, {session.get()}, {prompt}, 1, [](uint32_t, uint32_t) {});
}

// The time from the start of everything; and of a model that is loaded, where a prompt was read
// before.
Json first_token_row(const Loaded& loaded, const Prompts& prompts, const Options& options,
                     Clock::time_point start, bool is_first_load) {
    const Run cold =
        first_tokens(loaded.runtime.get(), loaded.model.get(), prompts.make(kFirstPrompt, 0));
    std::vector<double> warm;
    for (uint32_t i = 1; i <= options.repeat; ++i) {
        const Run run =
            first_tokens(loaded.runtime.get(), loaded.model.get(), prompts.make(kFirstPrompt, i));
        warm.push_back(ms_between(run.start, run.replies[0].times[0]));
    }
    Json row = {{"prompt_tokens", kFirstPrompt},
                {"since_create_ms", nullptr},
                {"loaded_ms", to_json(spread_of(warm))}};
    if (is_first_load) {
        row["since_create_ms"] = rounded(ms_between(start, cold.replies[0].times[0]));
    }
    if (options.with_tokens) {
        row["prompt"] = prompts.make(kFirstPrompt, 0);
        row["new_tokens"] = cold.replies[0].tokens;
    }
    return row;
}

// What the vocabulary takes of the process's heap, measured where no driver is at work in it.
std::optional<uint64_t> heap_of_tokenizer([[maybe_unused]] const std::string& path) {
#ifdef __GLIBC__
    const auto heap = [] {
        const struct mallinfo2 info = mallinfo2();
        return info.uordblks + info.hblkhd;
    };
    const uint64_t before = heap();
    const Loaded tokenizer = load_tokenizer(path);
    const uint64_t after = heap();
    return after > before ? after - before : 0;
#else
    return std::nullopt;
#endif
}

Json memory_row(alv_runtime* runtime, const Options& options) {
    alv_runtime_info info = ALV_RUNTIME_INFO_INIT;
    call(alv_runtime_get_info, runtime, &info);
    alv_model_options model = ALV_MODEL_OPTIONS_INIT;
    model.path = to_alv(options.model.path);
    model.kv_tokens = options.model.context;
    alv_memory_plan plan = ALV_MEMORY_PLAN_INIT;
    call(alv_memory_plan_query, runtime, static_cast<const alv_model_options*>(&model), &plan);
    const std::optional<uint64_t> measured = heap_of_tokenizer(options.model.path);
    const uint64_t heap = measured.value_or(plan.host_bytes);
    const uint64_t over = info.allocated_bytes - info.weights_bytes - info.kv_bytes;
    return {{"weights_bytes", info.weights_bytes},
            {"kv_bytes", info.kv_bytes},
            {"scratch_bytes", info.scratch_bytes},
            {"allocated_bytes", info.allocated_bytes},
            {"heap_bytes", heap},
            {"heap_is_measured", measured.has_value()},
            {"over_weights_and_kv_bytes", over + heap}};
}

Json device_json(alv_runtime* runtime, bool& is_cpu) {
    alv_device_info device = ALV_DEVICE_INFO_INIT;
    call(alv_runtime_get_device_info, runtime, &device);
    is_cpu = device.type == ALV_DEVICE_TYPE_CPU;
    return {{"name", view(device.name)},
            {"driver", view(device.driver)},
            {"type", device_type_name(device.type)},
            {"tier", view(device.tier)}};
}

Json model_json(const alv_model_info& info, const std::string& path) {
    const auto file = std::filesystem::u8path(path).filename().u8string();
    return {{"file", std::string(file.begin(), file.end())},
            {"architecture", view(info.architecture)},
            {"name", view(info.name)},
            {"parameters", info.parameters},
            {"file_bytes", info.file_bytes},
            {"train_context", info.train_context},
            {"kv_tokens", info.kv_tokens}};
}

Json settings_json(const Options& options) {
    return {{"repeat", options.repeat},
            {"decode", options.n_decode},
            {"batch_prompt", options.batch_prompt},
            {"tokens_file", !options.tokens_file.empty()}};
}

Json ops_of(Options options, const Prompts& prompts, uint32_t depth, uint32_t n_prompt,
            Meter& meter) {
    options.model.runtime_flags = ALV_RUNTIME_PROFILE;
    options.model.is_quiet = true;
    const Loaded loaded = load(options.model);
    Bench bench{options, prompts, loaded.runtime.get(), loaded.model.get(), 0, meter};
    return ops_rows(bench, depth, n_prompt);
}

void measure_rows(Bench& bench, const Rows& rows, Json& report) {
    for (const uint32_t n : rows.prompts) report["prefill"].push_back(prefill_row(bench, n));
    for (const uint32_t depth : rows.depths) report["decode"].push_back(decode_row(bench, depth));
    std::vector<int32_t> tokens_alone;
    for (const uint32_t n : rows.batches) {
        report["batch"].push_back(batch_row(bench, n, tokens_alone));
    }
}

Json measure(Options options) {
    const FileFacts file = facts_of(options.model.path);
    Rows rows = fit_rows(options, file.context, UINT64_MAX);
    bool is_first_load = true;
    const auto start = Clock::now();
    const Loaded loaded = load_for(options, file.context, rows, is_first_load);
    alv_model_info info = ALV_MODEL_INFO_INIT;
    call(alv_model_get_info, loaded.model.get(), &info);
    const Prompts prompts(info.n_vocab, options.tokens_file);
    const Json first = first_token_row(loaded, prompts, options, start, is_first_load);

    bool is_cpu = false;
    Json report = {{"alviss", alv_version()},
                   {"device", device_json(loaded.runtime.get(), is_cpu)},
                   {"model", model_json(info, options.model.path)},
                   {"settings", settings_json(options)},
                   {"load", {{"ms", rounded(loaded.ms)}, {"model_ms", rounded(info.load_ms)}}},
                   {"first_token", first},
                   {"prefill", Json::array()},
                   {"decode", Json::array()},
                   {"batch", Json::array()},
                   {"memory", nullptr},
                   {"ops", nullptr},
                   {"left_out", rows.left_out},
                   {"notes", Json::array()}};
    if (is_cpu) {
        report["notes"].push_back(
            "the device is a CPU: process_cpu_us holds the work of the driver's own threads");
    }
    if (!is_first_load) {
        report["notes"].push_back(
            "since_create_ms is left out: the first load had no room for the kv cache of all rows");
    }

    alv_runtime_info use = ALV_RUNTIME_INFO_INIT;
    call(alv_runtime_get_info, loaded.runtime.get(), &use);
    const uint32_t ops_depth = rows.depths.empty() ? 0 : rows.depths.front();
    const uint32_t ops_prompt = rows.prompts.empty() ? 64 : rows.prompts.front();
    const double ops_size = Meter::size_of(std::max(ops_depth, 1u), 2) +
                            Meter::size_of(1, options.n_decode) + Meter::size_of(ops_prompt, 1);
    ProgressBar bar("Measuring", options.model.is_quiet);
    Meter meter(work_of(rows, options) + (options.with_ops ? ops_size : 0),
                [&bar](double fraction, const std::string& row) { bar.show(fraction, row); });
    Bench bench{options,
                prompts,
                loaded.runtime.get(),
                loaded.model.get(),
                use.weights_bytes - std::min(use.weights_bytes, file.embedding_bytes),
                meter};
    measure_rows(bench, rows, report);
    if (options.wants("memory")) report["memory"] = memory_row(loaded.runtime.get(), options);
    if (options.with_ops) report["ops"] = ops_of(options, prompts, ops_depth, ops_prompt, meter);
    return report;
}

}  // namespace

bool Options::wants(const std::string& row) const {
    return only.empty() || std::find(only.begin(), only.end(), row) != only.end();
}

Prompts::Prompts(uint32_t n_vocab, const std::string& tokens_file) : n_vocab_(n_vocab) {
    if (tokens_file.empty()) return;
    const Json ids = Json::parse(read_file(tokens_file), nullptr, false);
    if (!ids.is_array() || ids.empty() ||
        !std::all_of(ids.begin(), ids.end(), [](const Json& id) { return id.is_number(); })) {
        throw Failure(ALV_STATUS_INVALID_ARGUMENT,
                      tokens_file + " is not a JSON array of token ids");
    }
    ids_ = ids.get<std::vector<int32_t>>();
}

std::vector<int32_t> Prompts::make(uint32_t length, uint32_t index) const {
    std::vector<int32_t> out(length);
    if (!ids_.empty()) {
        const size_t offset = size_t{index} * 37;
        for (size_t i = 0; i < length; ++i) out[i] = ids_[(offset + i) % ids_.size()];
        return out;
    }
    std::mt19937 random(1000 * length + index);
    for (int32_t& id : out) id = static_cast<int32_t>(random() % n_vocab_);
    return out;
}

}  // namespace bench

void add_bench(CLI::App& app) {
    using bench::Options;
    CLI::App* command = app.add_subcommand(
        "bench", "Measures a model on a device: load, first token, prefill, decode, batches");
    auto options = std::make_shared<Options>();
    command->add_option("MODEL", options->model.path, "GGUF file")->required();
    command
        ->add_option("-d,--device", options->model.device,
                     "Part of the device's name (see alviss devices)")
        ->type_name("NAME");
    const auto list = [&](const char* name, std::vector<uint32_t>& values, uint32_t least,
                          const char* help) {
        command->add_option(name, values, help)
            ->delimiter(',')
            ->check(CLI::Range(least, 1u << 20))
            ->capture_default_str();
    };
    list("--prompts", options->prompts, 1, "Lengths of prompts to read, in tokens");
    list("--depths", options->depths, 0, "Tokens in the kv cache before decoding");
    list("--batches", options->batches, 1, "Sessions that generate at the same time");
    command->add_option("--decode", options->n_decode, "New tokens of a timed reply")
        ->check(CLI::Range(2u, 1u << 16))
        ->capture_default_str();
    command
        ->add_option("--batch-prompt", options->batch_prompt,
                     "Tokens in the kv cache of each session of a batch")
        ->check(CLI::Range(1u, 1u << 16))
        ->capture_default_str();
    command->add_option("--repeat", options->repeat, "Runs of each row; medians are shown")
        ->check(CLI::Range(1u, 1000u))
        ->capture_default_str();
    command->add_option("--only", options->only, "Rows: prefill, decode, batch, memory, first")
        ->delimiter(',')
        ->check(CLI::IsMember({"prefill", "decode", "batch", "memory", "first"}));
    command->add_flag("--ops", options->with_ops, "Also the device's time by operation");
    command
        ->add_option("--tokens", options->tokens_file,
                     "A JSON array of token ids that prompts are cut from; else they are made up")
        ->type_name("FILE");
    command->add_flag("--show-tokens", options->with_tokens,
                      "The tokens that were read and written go into the JSON");
    command->add_flag("--json", options->is_json, "Print one JSON object instead of a table");
    command->callback([options] {
        options->model.is_quiet = options->is_json;
        const bench::Json report = bench::measure(*options);
        if (options->is_json) {
            std::puts(report.dump(-1, ' ', false, bench::Json::error_handler_t::replace).c_str());
        } else {
            bench::print_report(report);
        }
    });
}

}  // namespace tool
