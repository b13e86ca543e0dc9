#include "terminal.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#ifdef _WIN32
#include <io.h>
#include <windows.h>
// After windows.h, which it needs.
#include <shellapi.h>
#else
#include <unistd.h>
#endif

namespace tool {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_interrupt(int) {
    interrupted = 1;
    std::signal(SIGINT, on_interrupt);  // Windows takes a handler away when it calls it
}

}  // namespace

#ifdef _WIN32
std::vector<std::string> utf8_arguments(int, char**) {
    SetConsoleOutputCP(CP_UTF8);
    SetConsoleCP(CP_UTF8);
    int count = 0;
    wchar_t** wide = CommandLineToArgvW(GetCommandLineW(), &count);
    std::vector<std::string> out;
    for (int i = 0; wide && i < count; ++i) {
        const int size = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, nullptr, 0, nullptr, nullptr);
        std::string text(static_cast<size_t>(std::max(size, 1)), '\0');
        WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, text.data(), size, nullptr, nullptr);
        text.pop_back();  // the NUL
        out.push_back(std::move(text));
    }
    LocalFree(wide);
    return out;
}
bool is_terminal_in() {
    return _isatty(_fileno(stdin)) != 0;
}
bool is_terminal_out() {
    return _isatty(_fileno(stdout)) != 0;
}
bool is_terminal_err() {
    return _isatty(_fileno(stderr)) != 0;
}
#else
std::vector<std::string> utf8_arguments(int argc, char** argv) {
    return {argv, argv + argc};
}
bool is_terminal_in() {
    return isatty(STDIN_FILENO) != 0;
}
bool is_terminal_out() {
    return isatty(STDOUT_FILENO) != 0;
}
bool is_terminal_err() {
    return isatty(STDERR_FILENO) != 0;
}
#endif

void tell(const std::string& line) {
    std::fprintf(stderr, "%s\n", line.c_str());
}

void catch_interrupts() {
    std::signal(SIGINT, on_interrupt);
}

bool take_interrupt() {
    return std::exchange(interrupted, 0) != 0;
}

ProgressBar::ProgressBar(std::string title, bool is_hidden)
    : title_(std::move(title)), is_hidden_(is_hidden), is_live_(is_terminal_err()) {
    if (!is_hidden_ && !is_live_) std::fprintf(stderr, "%s:", title_.c_str());
}

ProgressBar::~ProgressBar() {
    if (!is_hidden_) std::fputc('\n', stderr);
}

void ProgressBar::show(double fraction, const std::string& what) {
    const int percent = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 100.0);
    if (is_hidden_ || (percent == percent_ && what == what_)) return;
    if (is_live_) {
        const auto filled = static_cast<size_t>(percent) * 30 / 100;
        const std::string bar = std::string(filled, '#') + std::string(30 - filled, '.');
        std::fprintf(stderr, "\r%s [%s] %3d %% %-10s", title_.c_str(), bar.c_str(), percent,
                     percent == 100 ? "" : what.c_str());
    } else if (percent / 10 > percent_ / 10 || percent_ < 0) {
        std::fprintf(stderr, " %d %%", percent);
    }
    std::fflush(stderr);
    percent_ = percent;
    what_ = what;
}

}  // namespace tool
