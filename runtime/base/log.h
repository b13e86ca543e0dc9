// Log lines go to the host's sink and nowhere else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

namespace alv {

enum class LogLevel : int32_t { kError = 1, kWarning = 2, kInfo = 3, kDebug = 4 };

// Thread-safe. A default-made Log drops every line.
class Log {
  public:
    using Sink = std::function<void(LogLevel, std::string_view)>;

    void set_sink(Sink sink, LogLevel max_level) {
        auto shared = std::make_shared<const Sink>(std::move(sink));
        const std::lock_guard lock(mutex_);
        sink_ = std::move(shared);
        max_level_ = max_level;
    }
    // The sink runs with no lock held: it may log itself, and two threads may be in it at once.
    void write(LogLevel level, std::string_view line) const {
        std::shared_ptr<const Sink> sink;
        {
            const std::lock_guard lock(mutex_);
            if (level <= max_level_) sink = sink_;
        }
        if (sink && *sink) (*sink)(level, line);
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Sink> sink_;
    LogLevel max_level_ = LogLevel::kWarning;
};

}  // namespace alv
