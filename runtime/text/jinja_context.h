// What one rendering may spend, the objects it made, and the first error it met.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/jinja_value.h"

namespace alv::text::jinja {

struct Budget {
    uint64_t max_steps = 0;
    uint64_t max_output_bytes = 0;
    uint64_t max_live_bytes = 0;
    uint32_t max_depth = 0;
    int64_t now_unix_seconds = 0;
};

// Errors are sticky: after the first one every operation does nothing and returns an absent Value,
// so that callers look once an instruction. Must outlive the values it made.
class Context {
  public:
    explicit Context(const Budget& budget) : budget_(budget) {}
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    bool failed() const { return !error_.ok(); }
    const Status& error() const { return error_; }
    // Records the first error only. Returns an absent value, for `return cx.fail(...)`.
    Value fail(Code code, std::string message);
    Value type_error(std::string message) {
        return fail(Code::kInvalidArgument, std::move(message));
    }
    Value not_supported(std::string message) {
        return fail(Code::kUnsupported, std::move(message));
    }

    const Budget& budget() const { return budget_; }
    bool step(uint64_t steps = 1) {
        steps_ += steps;
        return steps_ <= budget_.max_steps || out_of_steps();
    }
    // Work that grows with the text: one step a 64 bytes.
    bool step_bytes(uint64_t bytes) { return step(bytes / 64); }
    bool book(Object* object, uint64_t bytes);  // false when memory is used up
    void book_raw(uint64_t bytes);
    void unbook(uint64_t bytes) { live_bytes_ -= bytes; }

    Value string(std::string_view text, bool trusted);
    Value list(std::vector<Value> items, Kind kind = Kind::kList);
    Value tuple(std::vector<Value> items) { return list(std::move(items), Kind::kTuple); }
    // Later duplicates win and keep the first one's place, as in Python.
    Value dict(std::vector<std::pair<Value, Value>> entries);
    Value make_namespace();
    Value method(const Value& receiver, const MethodInfo* info);

    template <typename T>
    T* make(uint64_t bytes) {  // null when memory is used up
        auto object = std::make_unique<T>();
        if (!book(object.get(), sizeof(T) + bytes)) return nullptr;
        return object.release();
    }

  private:
    bool out_of_steps();
    bool set_depth(Object* object, const Value& child);

    Budget budget_;
    Status error_;
    uint64_t steps_ = 0;
    uint64_t live_bytes_ = 0;
    std::vector<std::unique_ptr<Namespace>> namespaces_;
};

// Collects text with its trust.
class Builder {
  public:
    explicit Builder(Context& cx) : cx_(&cx) {}
    Builder(Builder&& other) noexcept;
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;
    ~Builder();

    void append(std::string_view text, bool trusted);
    void append(const String& s) { append(s, 0, s.text.size()); }
    void append(const String& s, size_t begin, size_t end);
    size_t size() const { return data_.text.size(); }
    Value finish();  // the builder is empty afterwards
    String& data() { return data_; }

  private:
    Context* cx_;
    String data_;
    uint64_t booked_ = 0;
    bool last_trusted_ = true;
};

// Trust of the byte at `offset`.
bool trusted_at(const String& s, size_t offset);
// s[begin, end), sharing the whole string when it is all of it.
Value substring(Context& cx, const Value& s, size_t begin, size_t end);

}  // namespace alv::text::jinja
