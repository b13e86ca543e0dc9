// How fast the row kernels are: weights read a second (decode) or products a second (prefill), for
// each weight format on the shapes of a layer.
//   kernels [--columns N (0: the plan's)] [--type NAME] [--rows N] [--k N] [--dispatches N]
//   [--rounds N]
//           [--tier NAME] [--row-lanes N]
// A round is one submit of N dispatches over as many weights of their own, so that decode reads
// memory and not a cache. Printed is the median round, as JSON lines.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "ops/matmul.h"
#include "ops/op_fixture.h"

namespace {

using namespace alv;
using namespace alv::ops;

struct Options {
    uint32_t columns = 1;
    uint32_t rows = 1536;
    uint32_t k = 576;
    uint32_t dispatches = 40;
    uint32_t rounds = 15;
    std::string_view type;
    gpu::PlanOverrides plan;
};

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void measure(gpu::Device& device, DType type, const Options& options) {
    const uint32_t tokens = options.columns == 1 ? 1 : device.plan().prefill_tokens;
    const auto blocks = test::random_blocks(type, options.rows, options.k, 1);
    std::vector<Weight> weights;
    for (uint32_t i = 0; i < options.dispatches; ++i) {
        weights.push_back(
            test::make_weight(device, type, blocks, options.rows, options.k, options.rows));
    }
    MatmulArgs args;
    args.x = test::make_buffer(device, test::random_floats(size_t{tokens} * options.k, 3));
    args.y = test::make_buffer(device, std::vector<float>(size_t{tokens} * options.rows));
    shared::Step step{};
    step.n_tokens = tokens;
    args.step = test::make_step(device, step);
    const auto recorder = device.record("bench");
    for (const Weight& weight : weights) {
        args.weight = &weight;
        if (!record_matmul(device, *recorder, args, options.columns, tokens).ok()) std::abort();
    }
    const auto program = recorder->finish().value();
    std::vector<double> times;
    constexpr uint32_t kWarmUp = 2;  // compilation, first touch
    for (uint32_t round = 0; round < options.rounds + kWarmUp; ++round) {
        const double start = seconds();
        const auto value = device.submit(*program, 0, program->n_segments());
        if (!value.ok() || !device.wait(*value, UINT64_MAX).ok()) std::abort();
        if (round >= kWarmUp) times.push_back((seconds() - start) / options.dispatches);
    }
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2];
    const double bytes = static_cast<double>(blocks.size());
    const double products = static_cast<double>(options.rows) * options.k * tokens;
    std::printf(
        "{\"type\": \"%.*s\", \"rows\": %u, \"k\": %u, \"tokens\": %u, \"us\": %.1f, "
        "\"min_us\": %.1f, \"GB/s\": %.2f, \"GMAC/s\": %.2f}\n",
        static_cast<int>(dtype_traits(type).name.size()), dtype_traits(type).name.data(),
        options.rows, options.k, tokens, median * 1e6, times[0] * 1e6, bytes / median * 1e-9,
        products / median * 1e-9);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const auto number = static_cast<uint32_t>(std::strtoul(argv[i + 1], nullptr, 10));
        if (name == "--columns") options.columns = number;
        if (name == "--rows") options.rows = number;
        if (name == "--k") options.k = number;
        if (name == "--dispatches") options.dispatches = number;
        if (name == "--rounds") options.rounds = number;
        if (name == "--type") options.type = argv[i + 1];
        if (name == "--tier") options.plan.tier = argv[i + 1];
        if (name == "--row-lanes") options.plan.row_lanes = number;
    }
    options.plan.matmul_columns = options.columns > 1 ? options.columns : 0;
    gpu::DeviceOptions opened;
    opened.plan = options.plan;
    const auto device = gpu::Device::create(opened, std::make_shared<Log>());
    if (!device.ok()) {
        std::fprintf(stderr, "kernels: %s\n", device.status().message().c_str());
        return 1;
    }
    if (options.columns == 0) options.columns = (*device)->plan().matmul_columns;
    for (const DType type : test::kWeightTypes) {
        if (options.type.empty() || options.type == dtype_traits(type).name) {
            measure(**device, type, options);
        }
    }
    return 0;
}
