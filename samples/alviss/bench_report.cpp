// The report as a table for people.
#include <cstdio>

#include "bench.h"

namespace tool::bench {
namespace {

std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : std::string("-");
}

// "-" where there is nothing to tell.
std::string number(const Json& value, int decimals) {
    if (!value.is_number()) return "-";
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", decimals, value.get<double>());
    return text;
}

void line(const std::string& name, const std::string& value) {
    std::printf("%-16s %s\n", name.c_str(), value.c_str());
}

std::string with_range(const Json& spread, int decimals) {
    return number(spread["median"], decimals) + " (" + number(spread["min"], decimals) + " .. " +
           number(spread["max"], decimals) + ")";
}

void print_row(const std::string& name, const Json& row) {
    const Json& per_token = row["per_token"];
    const Json between = row.value("between_ms", Json::object());
    const auto gap = [&](const char* key) {
        return between.is_object() ? number(between.value(key, Json()), 1) : std::string("-");
    };
    std::printf("%-16s %9s %9s %9s %8s %8s %8s %9s %8s %8s %9s %7s\n", name.c_str(),
                number(row["tok_s"]["median"], 1).c_str(), number(row["tok_s"]["min"], 1).c_str(),
                number(row["tok_s"]["max"], 1).c_str(), gap("p50").c_str(), gap("p99").c_str(),
                gap("max").c_str(), number(per_token["host_us"], 0).c_str(),
                number(per_token["submits"], 2).c_str(), number(per_token["dispatches"], 1).c_str(),
                number(row["longest_submit_ms"], 1).c_str(),
                number(row.value("weights_gb_s", Json()), 2).c_str());
}

void print_rows(const Json& report) {
    if (report["prefill"].empty() && report["decode"].empty() && report["batch"].empty()) return;
    std::printf("\n%-16s %9s %9s %9s %8s %8s %8s %9s %8s %8s %9s %7s\n", "", "tok/s", "min", "max",
                "p50 ms", "p99 ms", "max ms", "host us", "submits", "dispat.", "longest", "GB/s");
    for (const Json& row : report["prefill"]) {
        print_row("prefill " + std::to_string(row["tokens"].get<uint32_t>()), row);
    }
    for (const Json& row : report["decode"]) {
        print_row("decode at " + std::to_string(row["depth"].get<uint32_t>()), row);
    }
    for (const Json& row : report["batch"]) {
        print_row("batch of " + std::to_string(row["sessions"].get<uint32_t>()), row);
        if (!row["same_tokens_as_alone"].get<bool>()) {
            std::puts("                 wrong: its first session has other tokens than alone");
        }
    }
    std::puts(
        "p50, p99, max: from a token of a reply to its next. host us (processor time of the "
        "library's thread),\nsubmits, dispatches: a token. longest: submit, ms. GB/s: weights that "
        "decoding reads.");
}

void print_memory(const Json& memory) {
    if (memory.is_null()) return;
    const auto mib = [&](const char* key) { return human_bytes(memory[key].get<uint64_t>()); };
    std::puts("");
    line("weights", mib("weights_bytes"));
    line("kv cache", mib("kv_bytes"));
    line("over these", mib("over_weights_and_kv_bytes") + " (device memory and our heap, " +
                           (memory["heap_is_measured"].get<bool>() ? "measured: " : "estimated: ") +
                           mib("heap_bytes") + ")");
}

void print_ops(const std::string& title, const Json& phase) {
    std::printf("\n%-28s %10s %12s %8s\n", title.c_str(), "calls", "device us", "share");
    for (const Json& op : phase["ops"]) {
        std::printf("  %-26s %10s %12s %6s %%\n", text_of(op["name"]).c_str(),
                    number(op["calls"], 1).c_str(), number(op["device_us"], 1).c_str(),
                    number(Json(op["share"].get<double>() * 100), 1).c_str());
    }
    if (phase["ops"].empty()) std::puts("  the device has no timestamps");
}

}  // namespace

void print_report(const Json& report) {
    const Json& device = report["device"];
    const Json& model = report["model"];
    line("device", text_of(device["name"]) + ", " + text_of(device["driver"]) + ", kernels " +
                       text_of(device["tier"]));
    line("model", text_of(model["file"]) + ", " +
                      number(Json(model["parameters"].get<double>() / 1e6), 0) +
                      " M parameters, kv cache of " + number(model["kv_tokens"], 0) + " tokens");
    const Json& first = report["first_token"];
    line("load", number(report["load"]["ms"], 0) + " ms");
    line("first token", number(first["since_create_ms"], 0) +
                            " ms from alv_runtime_create on, for a prompt of " +
                            number(first["prompt_tokens"], 0) + " tokens; cold if the caches were");
    line("", with_range(first["loaded_ms"], 1) + " ms when the model is loaded");
    print_rows(report);
    print_memory(report["memory"]);
    if (const Json& ops = report["ops"]; !ops.is_null()) {
        print_ops("decode at " + number(ops["decode"]["depth"], 0) + ", a token", ops["decode"]);
        print_ops("prefill of " + number(ops["prefill"]["tokens"], 0), ops["prefill"]);
    }
    if (!report["left_out"].empty() || !report["notes"].empty()) std::puts("");
    for (const Json& row : report["left_out"]) {
        line(text_of(row["row"]), "left out: " + text_of(row["reason"]));
    }
    for (const Json& note : report["notes"]) line("note", text_of(note));
}

}  // namespace tool::bench
