// The values a chat template works on. Strings know, byte by byte, whether the template itself
// wrote them (trusted) or whether they came in with a message.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace alv::text::jinja {

struct MethodInfo;
struct FunctionInfo;
class Context;

// kAbsent: an argument that was not passed. The kinds from kUndefined to kFloat and kFunction live
// inside the Value (an undefined may own its name); kNamespace points into the Context.
enum class Kind : uint8_t {
    kAbsent,
    kUndefined,
    kNone,
    kBool,
    kInt,
    kFloat,
    kFunction,
    kNamespace,
    kString,
    kList,
    kTuple,
    kDict,
    kMacro,
    kLoop,
    kMethod,
};

// Base of what a Value shares by reference count (one rendering is one thread). An immortal
// object belongs to a Program: nobody writes to its count, so threads may share it.
struct Object {
    explicit Object(Kind k) : kind(k) {}
    static constexpr uint32_t kImmortal = UINT32_MAX;
    uint32_t refs = 0;
    Kind kind;
    uint8_t depth = 0;         // 1 + the deepest element; bounds every walk
    uint64_t charged = 0;      // bytes booked in `owner`
    Context* owner = nullptr;  // null for immortal objects
};
void destroy(Object* object);

struct String;
struct Sequence;
struct Dict;
struct Namespace;
struct Macro;
struct Loop;
struct Method;

// 16 bytes, cheap to copy. Numbers carry their trust in the Value.
class Value {
  public:
    Value() = default;  // absent
    Value(const Value& other) : kind_(other.kind_), trusted_(other.trusted_), u_(other.u_) {
        retain();
    }
    Value(Value&& other) noexcept : kind_(other.kind_), trusted_(other.trusted_), u_(other.u_) {
        other.kind_ = Kind::kAbsent;
        other.u_.object = nullptr;
    }
    Value& operator=(Value other) noexcept {
        std::swap(kind_, other.kind_);
        std::swap(trusted_, other.trusted_);
        std::swap(u_, other.u_);
        return *this;
    }
    ~Value() { release(); }

    static Value none() { return Value(Kind::kNone); }
    static Value undefined() { return Value(Kind::kUndefined); }
    static Value undefined(const Value& name);  // remembers the name for the error message
    static Value boolean(bool b);
    static Value integer(int64_t i, bool trusted);
    static Value number(double d, bool trusted);
    static Value function(const FunctionInfo* f);
    static Value name_space(Namespace* n);
    static Value object(Object* o);  // takes a new reference

    Kind kind() const { return kind_; }
    bool is(Kind k) const { return kind_ == k; }
    bool absent() const { return kind_ == Kind::kAbsent; }
    bool is_undefined() const { return kind_ <= Kind::kUndefined; }
    bool is_string() const { return kind_ == Kind::kString; }
    bool is_sequence() const { return kind_ == Kind::kList || kind_ == Kind::kTuple; }
    bool is_int() const { return kind_ == Kind::kInt || kind_ == Kind::kBool; }
    bool is_number() const { return is_int() || kind_ == Kind::kFloat; }
    bool trusted() const { return trusted_; }

    bool as_bool() const { return u_.boolean; }
    int64_t as_int() const { return kind_ == Kind::kBool ? int64_t{u_.boolean} : u_.integer; }
    double as_double() const {
        return kind_ == Kind::kFloat ? u_.number : static_cast<double>(as_int());
    }
    const String& str() const;
    std::string_view text() const;       // of a string
    std::string undefined_name() const;  // "" when unknown
    Sequence& seq() const;
    Dict& dict() const;
    Namespace& ns() const { return *u_.space; }
    Macro& macro() const;
    Loop& loop() const;
    Method& method() const;
    const FunctionInfo& function_info() const { return *u_.function; }
    Object* raw() const { return u_.object; }

  private:
    explicit Value(Kind k) : kind_(k) {}
    Object* counted() const {  // what a reference is held on, if anything
        return kind_ >= Kind::kString || kind_ == Kind::kUndefined ? u_.object : nullptr;
    }
    void retain() const {
        Object* const o = counted();
        if (o != nullptr && o->refs != Object::kImmortal) ++o->refs;
    }
    void release() {
        Object* const o = counted();
        if (o == nullptr || o->refs == Object::kImmortal) return;
        o->refs -= 1;
        if (o->refs == 0) destroy(o);
    }

    Kind kind_ = Kind::kAbsent;
    bool trusted_ = true;
    union {
        Object* object = nullptr;
        bool boolean;
        int64_t integer;
        double number;
        Namespace* space;
        const FunctionInfo* function;
    } u_;
};

// Trust alternates at each flip: bytes [0, flips[0]) have first_trusted, the next run its opposite.
struct String : Object {
    String() : Object(Kind::kString) {}
    std::string text;
    std::vector<uint32_t> flips;
    bool first_trusted = true;
    bool markup = false;  // came from `safe` or `escape`: + escapes what it is joined to
    bool all_trusted() const { return flips.empty() && (first_trusted || text.empty()); }
};

struct Sequence : Object {
    explicit Sequence(Kind k) : Object(k) {}
    std::vector<Value> items;
};

// Keys are scalars. Does not change once finished (see Context::finish_dict).
struct Dict : Object {
    Dict() : Object(Kind::kDict) {}
    std::vector<std::pair<Value, Value>> entries;
    std::vector<uint32_t> order;  // entries by key, only when there are many
    const Value* find(const Value& key) const;
    const Value* find(std::string_view key) const;
};

// The only thing a template can write to, so it alone could close a cycle: the Context owns them
// all and values only point at them.
struct Namespace {
    std::vector<std::pair<Value, Value>> members;
    Value* find(std::string_view name);
};

struct Macro : Object {
    Macro() : Object(Kind::kMacro) {}
    uint32_t index = 0;  // in Program::macros
    uint32_t entry = 0;  // of its code
    uint32_t scope = 0;  // where it was defined, alive while the serial still matches
    uint64_t scope_serial = 0;
};

struct Loop : Object {
    Loop() : Object(Kind::kLoop) {}
    Value items;  // a list
    uint64_t index0 = 0;
    Value last_changed;
};

struct Method : Object {
    Method() : Object(Kind::kMethod) {}
    Value receiver;
    const MethodInfo* info = nullptr;
};

// Order of dict keys; 0 when equal. Numbers < strings < none.
int compare_keys(const Value& a, const Value& b);
bool is_key(const Value& v);
const char* type_name(const Value& v);  // as Python says it
bool truthy(const Value& v);

}  // namespace alv::text::jinja
