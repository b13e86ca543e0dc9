#include "text/jinja_context.h"

#include <algorithm>
#include <numeric>

namespace alv::text::jinja {

Value Context::fail(Code code, std::string message) {
    if (error_.ok()) error_ = Status(code, std::move(message));
    return {};
}

bool Context::out_of_steps() {
    fail(Code::kLimitExceeded, "takes more than " + std::to_string(budget_.max_steps) + " steps");
    return false;
}

void Context::book_raw(uint64_t bytes) {
    live_bytes_ += bytes;
    if (live_bytes_ > budget_.max_live_bytes) {
        fail(Code::kLimitExceeded,
             "needs more than " + std::to_string(budget_.max_live_bytes) + " bytes of memory");
    }
}

bool Context::book(Object* object, uint64_t bytes) {
    object->owner = this;
    object->charged = bytes;
    book_raw(bytes);
    if (!failed()) return true;
    unbook(bytes);
    return false;
}

// A container is as deep as its deepest element and one more, so no walk meets more than max_depth
// levels; containers never change, so none can contain itself.
bool Context::set_depth(Object* object, const Value& child) {
    if (child.kind() < Kind::kString) return true;
    const uint32_t depth = child.raw()->depth + 1u;
    if (depth > budget_.max_depth) {
        fail(Code::kLimitExceeded,
             "nests values deeper than " + std::to_string(budget_.max_depth) + " levels");
        return false;
    }
    object->depth = std::max(object->depth, static_cast<uint8_t>(depth));
    return true;
}

Value Context::string(std::string_view text, bool trusted) {
    Builder b(*this);
    b.append(text, trusted);
    return b.finish();
}

Value Context::list(std::vector<Value> items, Kind kind) {
    if (!step(items.size())) return {};
    auto object = std::make_unique<Sequence>(kind);
    for (const Value& v : items) {
        if (!set_depth(object.get(), v)) return {};
    }
    if (!book(object.get(), sizeof(Sequence) + items.size() * sizeof(Value))) return {};
    object->items = std::move(items);
    return Value::object(object.release());
}

Value Context::dict(std::vector<std::pair<Value, Value>> entries) {
    if (!step(entries.size())) return {};
    constexpr size_t kLinear = 8;
    auto object = std::make_unique<Dict>();
    for (const auto& [k, v] : entries) {
        if (!is_key(k)) return type_error(std::string("unhashable type: '") + type_name(k) + "'");
        if (!set_depth(object.get(), v)) return {};
    }
    std::vector<uint32_t> order(entries.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        return compare_keys(entries[a].first, entries[b].first) < 0;
    });
    std::vector<bool> drop(entries.size());
    size_t n_dropped = 0;
    for (size_t i = 1, first = 0; i < order.size(); ++i) {
        if (compare_keys(entries[order[first]].first, entries[order[i]].first) != 0) {
            first = i;
            continue;
        }
        entries[order[first]].second = entries[order[i]].second;
        drop[order[i]] = true;
        ++n_dropped;
    }
    if (!book(object.get(), sizeof(Dict) + entries.size() * (2 * sizeof(Value) + 4))) return {};
    if (n_dropped == 0) {
        object->entries = std::move(entries);
        if (order.size() > kLinear) object->order = std::move(order);
        return Value::object(object.release());
    }
    std::vector<uint32_t> moved(entries.size());
    for (size_t i = 0; i < entries.size(); ++i) {
        moved[i] = static_cast<uint32_t>(object->entries.size());
        if (!drop[i]) object->entries.push_back(std::move(entries[i]));
    }
    if (object->entries.size() > kLinear) {
        for (const uint32_t i : order) {
            if (!drop[i]) object->order.push_back(moved[i]);
        }
    }
    return Value::object(object.release());
}

Value Context::make_namespace() {
    book_raw(sizeof(Namespace));
    if (failed()) return {};
    namespaces_.push_back(std::make_unique<Namespace>());
    return Value::name_space(namespaces_.back().get());
}

Value Context::method(const Value& receiver, const MethodInfo* info) {
    auto object = std::make_unique<Method>();
    if (!set_depth(object.get(), receiver) || !book(object.get(), sizeof(Method))) return {};
    object->receiver = receiver;
    object->info = info;
    return Value::object(object.release());
}

Builder::Builder(Builder&& other) noexcept
    : cx_(other.cx_),
      data_(std::move(other.data_)),
      booked_(std::exchange(other.booked_, 0)),
      last_trusted_(other.last_trusted_) {}

Builder::~Builder() {
    cx_->unbook(booked_);
}

void Builder::append(std::string_view text, bool trusted) {
    if (text.empty() || cx_->failed() || !cx_->step_bytes(text.size())) return;
    const bool flip = !data_.text.empty() && last_trusted_ != trusted;
    const uint64_t bytes = text.size() + (flip ? sizeof(uint32_t) : 0);
    cx_->book_raw(bytes);
    booked_ += bytes;
    if (cx_->failed()) return;
    if (data_.text.empty()) data_.first_trusted = trusted;
    if (flip) data_.flips.push_back(static_cast<uint32_t>(data_.text.size()));
    last_trusted_ = trusted;
    data_.text.append(text);
}

void Builder::append(const String& s, size_t begin, size_t end) {
    if (s.flips.empty()) {
        append(std::string_view(s.text).substr(begin, end - begin), s.first_trusted);
        return;
    }
    auto flip = std::upper_bound(s.flips.begin(), s.flips.end(), begin);
    bool trusted = s.first_trusted != (((flip - s.flips.begin()) % 2) != 0);
    while (begin < end) {
        const size_t stop = flip == s.flips.end() ? end : std::min<size_t>(end, *flip++);
        append(std::string_view(s.text).substr(begin, stop - begin), trusted);
        trusted = !trusted;
        begin = stop;
    }
}

Value Builder::finish() {
    if (cx_->failed()) return {};
    auto object = std::make_unique<String>();
    object->text = std::move(data_.text);
    object->flips = std::move(data_.flips);
    object->first_trusted = data_.first_trusted;
    data_.text.clear();
    data_.flips.clear();
    cx_->unbook(booked_);
    if (!cx_->book(object.get(), sizeof(String) + std::exchange(booked_, 0))) return {};
    return Value::object(object.release());
}

bool trusted_at(const String& s, size_t offset) {
    const auto flip = std::upper_bound(s.flips.begin(), s.flips.end(), offset);
    return s.first_trusted != (((flip - s.flips.begin()) % 2) != 0);
}

Value substring(Context& cx, const Value& s, size_t begin, size_t end) {
    if (begin == 0 && end == s.text().size()) return s;
    Builder b(cx);
    b.append(s.str(), begin, end);
    return b.finish();
}

}  // namespace alv::text::jinja
