// The part of Machine that calls: macros, functions, methods, filters, tests.
#include <algorithm>

#include "text/jinja_ops.h"
#include "text/jinja_vm.h"

namespace alv::text::jinja {

void Machine::take_arguments(const Instruction& in, std::vector<Value>& positional,
                             std::vector<std::pair<Value, Value>>& keywords) {
    std::vector<Value> flat = pop_many(2 * size_t{in.m});
    for (size_t i = 0; i < flat.size(); i += 2) {
        keywords.emplace_back(std::move(flat[i]), std::move(flat[i + 1]));
    }
    positional = pop_many(in.n);
}

void Machine::filter(const Instruction& in) {
    const Name& name = program_.names[static_cast<size_t>(in.arg)];
    if (name.filter == nullptr) {
        cx_.not_supported("the filter '" + name.text.substr(0, 40) + "' is not supported");
        return;
    }
    std::vector<Value> positional;
    std::vector<std::pair<Value, Value>> keywords;
    take_arguments(in, positional, keywords);
    const Value subject = pop();
    push(call_filter(cx_, *name.filter, subject, {positional, keywords}));
}

void Machine::test(const Instruction& in) {
    const Name& name = program_.names[static_cast<size_t>(in.arg)];
    if (name.test == nullptr) {
        cx_.not_supported("the test '" + name.text.substr(0, 40) + "' is not supported");
        return;
    }
    std::vector<Value> positional;
    std::vector<std::pair<Value, Value>> keywords;
    take_arguments(in, positional, keywords);
    const Value subject = pop();
    push(Value::boolean(call_test(cx_, *name.test, subject, {positional, keywords})));
}

void Machine::call(const Instruction& in) {
    std::vector<Value> positional;
    std::vector<std::pair<Value, Value>> keywords;
    take_arguments(in, positional, keywords);
    const Value callee = pop();
    switch (callee.kind()) {
        case Kind::kMacro:
            return call_macro(callee.macro(), positional, keywords);
        case Kind::kFunction:
            return push(call_function(cx_, callee.function_info(), {positional, keywords}));
        case Kind::kMethod:
            return push(call_method(cx_, callee.method(), {positional, keywords}));
        case Kind::kAbsent:
        case Kind::kUndefined: {
            const std::string name = callee.undefined_name();
            cx_.type_error(name.empty() ? "an undefined value is called"
                                        : "'" + name + "' is called but not defined");
            return;
        }
        default:
            cx_.type_error(std::string("'") + type_name(callee) + "' object is not callable");
    }
}

void Machine::call_macro(const Macro& macro, const std::vector<Value>& positional,
                         const std::vector<std::pair<Value, Value>>& keywords) {
    const MacroCode& code = program_.macros[macro.index];
    if (frames_.size() >= cx_.budget().max_depth) {
        cx_.fail(Code::kLimitExceeded, "calls of the macro '" + code.name.substr(0, 40) +
                                           "' nest deeper than " +
                                           std::to_string(cx_.budget().max_depth) + " levels");
        return;
    }
    if (macro.scope >= n_scopes_ || scopes_[macro.scope].serial != macro.scope_serial) {
        cx_.not_supported("calling the macro '" + code.name.substr(0, 40) +
                          "' outside of the block that defines it");
        return;
    }
    Frame frame;
    frame.return_ip = ip_;
    frame.scope = scope_;
    frame.n_scopes = n_scopes_;
    frame.n_loops = loops_.size();
    push_scope(macro.scope);
    if (cx_.failed()) return;
    const size_t n_params = code.params.size();
    for (size_t i = 0; i < std::min(n_params, positional.size()); ++i) {
        frame.given.set(i);
        store(code.params[i], positional[i]);
    }
    if (code.uses_varargs) {
        const auto extra = static_cast<std::ptrdiff_t>(std::min(n_params, positional.size()));
        bind("varargs", cx_.tuple({positional.begin() + extra, positional.end()}));
    } else if (positional.size() > n_params) {
        cx_.type_error("the macro '" + code.name.substr(0, 40) + "' takes no more than " +
                       std::to_string(n_params) + " arguments");
        return;
    }
    bind("caller", Value::undefined());
    bind_keywords(code, frame, keywords);
    if (cx_.failed()) return;
    for (size_t i = 0; i < n_params; ++i) {
        if (frame.given[i]) continue;
        const auto name = static_cast<size_t>(program_.symbol_names[code.params[i]]);
        store(code.params[i], Value::undefined(program_.constants[name]));
    }
    output_.emplace_back(cx_);
    frames_.push_back(frame);
    ip_ = macro.entry;
}

void Machine::bind_keywords(const MacroCode& code, Frame& frame,
                            const std::vector<std::pair<Value, Value>>& keywords) {
    std::vector<std::pair<Value, Value>> rest;
    for (const auto& [key, value] : keywords) {
        uint32_t symbol = UINT32_MAX;
        program_.find_symbol(key.text(), symbol);
        const auto it = std::find(code.params.begin(), code.params.end(), symbol);
        if (it != code.params.end()) {
            const auto i = static_cast<size_t>(it - code.params.begin());
            if (frame.given[i]) {
                cx_.type_error("the argument '" + std::string(key.text().substr(0, 40)) +
                               "' is passed twice");
                return;
            }
            frame.given.set(i);
            store(symbol, value);
        } else if (key.text() == "caller") {
            bind("caller", value);
        } else {
            rest.emplace_back(key, value);
        }
    }
    if (code.uses_kwargs) {
        bind("kwargs", cx_.dict(std::move(rest)));
    } else if (!rest.empty()) {
        cx_.type_error("the macro '" + code.name.substr(0, 40) + "' takes no argument '" +
                       std::string(rest[0].first.text().substr(0, 40)) + "'");
    }
}

void Machine::return_from_macro() {
    push(output_.back().finish());
    output_.pop_back();
    const Frame& frame = frames_.back();
    ip_ = frame.return_ip;
    loops_.resize(frame.n_loops);
    pop_scopes(frame.n_scopes, frame.scope);
    frames_.pop_back();
}

}  // namespace alv::text::jinja
