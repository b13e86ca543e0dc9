// Log lines go to the host's sink and nowhere else.
#pragma once

#include <functional>
#include <mutex>
#include <string_view>

namespace alv {

enum class LogLevel : int32_t { kError = 1, kWarning = 2, kInfo = 3, kDebug = 4 };

// Thread-safe. A default-made Log drops every line.
class Log {
  public:
    using Sink = std::function<void(LogLevel, std::string_view)>;

    void set_sink(Sink sink, LogLevel max_level) {
        const std::lock_guard lock(mutex_);
        sink_ = std::move(sink);
        max_level_ = max_level;
    }
    void write(LogLevel level, std::string_view line) const {
        const std::lock_guard lock(mutex_);
        if (sink_ && level <= max_level_) sink_(level, line);
    }

  private:
    mutable std::mutex mutex_;
    Sink sink_;
    LogLevel max_level_ = LogLevel::kWarning;
};

}  // namespace alv
