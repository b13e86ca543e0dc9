// Where the time of a forward pass goes: device time by operation, of one decode step and of one
// full prefill step; and how long a step of several sequences takes, a token each.
//   ops MODEL.gguf [DEPTH]
// DEPTH: tokens that are in the kv cache before.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "base/file.h"
#include "model/decoder.h"

namespace {

using namespace alv;
using namespace alv::model;

template <typename T>
T need(Result<T> result) {
    if (result.ok()) return std::move(result).value();
    std::fprintf(stderr, "ops: %s\n", result.status().message().c_str());
    std::exit(1);
}

void run(Decoder& decoder, Sequence& sequence, uint32_t n_tokens) {
    std::vector<TokenId> tokens(n_tokens);
    for (uint32_t i = 0; i < n_tokens; ++i) tokens[i] = static_cast<TokenId>(100 + i * 7 % 1000);
    StepRequest request;
    request.sequence = &sequence;
    request.tokens = tokens;
    request.sample = true;
    const auto step = need(decoder.begin(request));
    while (!step->all_submitted()) {
        if (!step->submit_slice().ok()) std::exit(1);
        need(step->wait(UINT64_MAX));
    }
    need(step->result());
}

// The median over `rounds` steps of each operation's sum over the layers.
void print(Decoder& decoder, Sequence& sequence, bool prefill) {
    constexpr size_t kRounds = 9;
    std::map<std::string, std::vector<double>> sums;
    std::map<std::string, int> dispatches;
    for (size_t round = 0; round < kRounds; ++round) {
        const uint32_t before = sequence.length();
        run(decoder, sequence, prefill ? decoder.max_step_tokens() : 1);
        sequence.truncate(before);
        std::map<std::string, double> times;
        dispatches.clear();
        for (const gpu::OpTime& op : need(decoder.profile(prefill))) {
            times[op.name] += op.microseconds;
            ++dispatches[op.name];
        }
        for (const auto& [name, time] : times) sums[name].push_back(time);
    }
    double total = 0;
    for (auto& [name, list] : sums) {
        std::sort(list.begin(), list.end());
        total += list[list.size() / 2];
    }
    std::printf("%s: %.2f ms at depth %u\n", prefill ? "prefill" : "decode", total / 1e3,
                sequence.length());
    for (const auto& [name, list] : sums) {
        const double median = list[list.size() / 2];
        std::printf("  %-14s %3d dispatches %9.1f us %5.1f %% %8.1f us each\n", name.c_str(),
                    dispatches[name], median, 100 * median / total, median / dispatches[name]);
    }
}

// The median step of `n` sequences of the same depth.
void print_batch(Decoder& decoder, uint32_t n, uint32_t depth) {
    std::vector<std::unique_ptr<Sequence>> sequences;
    std::vector<StepRequest> requests(n);
    const TokenId token = 100;
    for (StepRequest& request : requests) {
        sequences.push_back(need(decoder.create_sequence(depth + 1)));
        while (sequences.back()->length() < depth) {
            run(decoder, *sequences.back(),
                std::min(depth - sequences.back()->length(), decoder.max_step_tokens()));
        }
        request.sequence = sequences.back().get();
        request.tokens = {&token, 1};
        request.sample = true;
    }
    std::vector<double> times;
    for (int round = 0; round < 9; ++round) {
        const auto start = std::chrono::steady_clock::now();
        const auto step = need(decoder.begin_batch(requests));
        while (!step->all_submitted()) {
            if (!step->submit_slice().ok()) std::exit(1);
            need(step->wait(UINT64_MAX));
        }
        need(step->results());
        const auto end = std::chrono::steady_clock::now();
        times.push_back(std::chrono::duration<double, std::milli>(end - start).count());
        for (const auto& sequence : sequences) sequence->truncate(depth);
    }
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2];
    std::printf("batch of %2u: %7.2f ms a step, %6.1f tokens/s\n", n, median, n * 1e3 / median);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return std::fprintf(stderr, "ops MODEL.gguf [DEPTH]\n"), 2;
    const auto depth = static_cast<uint32_t>(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 128);
    gpu::DeviceOptions how;
    how.profile = true;
    const auto device = need(gpu::Device::create(how, std::make_shared<Log>()));
    const auto reader = need(gguf::Reader::open(need(open_mapped_file(argv[1]))));
    LoadOptions options;
    options.kv_tokens = depth + 1024 + 32 * 64;
    const auto decoder = need(Decoder::create(need(Model::load(device, reader, options))));
    const auto sequence = need(decoder->create_sequence(options.kv_tokens));
    while (sequence->length() < depth) {
        run(*decoder, *sequence, std::min(depth - sequence->length(), decoder->max_step_tokens()));
    }
    print(*decoder, *sequence, false);
    print(*decoder, *sequence, true);
    for (const uint32_t n : {1u, 2u, 4u, 8u, 16u, 32u}) print_batch(*decoder, n, 30);
    return 0;
}
