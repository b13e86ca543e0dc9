// JSON text -> values, without a DOM between them and without recursion.
#include <nlohmann/json.hpp>

#include "text/jinja_ops.h"

namespace alv::text::jinja {

namespace {

class Reader {
  public:
    Reader(Context& cx, const char* what) : cx_(cx), what_(what) {}
    Value take() { return std::move(root_); }

    bool null() { return put(Value::none()); }
    bool boolean(bool b) { return put(Value::boolean(b)); }
    bool number_integer(int64_t i) { return put(Value::integer(i, false)); }
    bool number_unsigned(uint64_t u) {
        if (u > static_cast<uint64_t>(INT64_MAX)) return number(static_cast<double>(u));
        return put(Value::integer(static_cast<int64_t>(u), false));
    }
    bool number_float(double d, const std::string&) { return number(d); }
    bool string(std::string& s) { return put(cx_.string(s, false)); }
    bool binary(nlohmann::json::binary_t&) { return false; }
    bool start_object(size_t) { return open(true); }
    bool start_array(size_t) { return open(false); }
    bool key(std::string& k) {
        stack_.back().key = cx_.string(k, false);
        return !cx_.failed();
    }
    bool end_object() {
        Value v = cx_.dict(std::move(stack_.back().entries));
        stack_.pop_back();
        return put(std::move(v));
    }
    bool end_array() {
        Value v = cx_.list(std::move(stack_.back().items));
        stack_.pop_back();
        return put(std::move(v));
    }
    // By reference to the base class: the library's exceptions are never thrown here.
    bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) {
        cx_.type_error(std::string(what_) + " is not valid JSON near byte " +
                       std::to_string(position));
        return false;
    }

  private:
    struct Open {
        bool is_object = false;
        Value key;
        std::vector<std::pair<Value, Value>> entries;
        std::vector<Value> items;
    };

    bool number(double d) { return put(Value::number(d, false)); }
    bool open(bool is_object) {
        if (stack_.size() >= cx_.budget().max_depth) {
            cx_.fail(Code::kLimitExceeded, std::string(what_) + " nests deeper than " +
                                               std::to_string(cx_.budget().max_depth) + " levels");
            return false;
        }
        stack_.emplace_back();
        stack_.back().is_object = is_object;
        return true;
    }
    bool put(Value v) {
        if (cx_.failed()) return false;
        if (stack_.empty()) {
            root_ = std::move(v);
            return true;
        }
        Open& o = stack_.back();
        // Containers that are still open are not booked yet; their elements are.
        pending_ += sizeof(std::pair<Value, Value>);
        if (pending_ > cx_.budget().max_live_bytes) {
            cx_.fail(Code::kLimitExceeded, std::string(what_) + " has too many values");
            return false;
        }
        if (o.is_object) {
            o.entries.emplace_back(std::move(o.key), std::move(v));
        } else {
            o.items.push_back(std::move(v));
        }
        return cx_.step();
    }

    Context& cx_;
    const char* what_;
    std::vector<Open> stack_;
    Value root_;
    uint64_t pending_ = 0;
};

}  // namespace

Value from_json(Context& cx, std::string_view text, const char* what) {
    if (!cx.step_bytes(text.size())) return {};
    Reader reader(cx, what);
    nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
    if (cx.failed()) return {};
    return reader.take();
}

}  // namespace alv::text::jinja
