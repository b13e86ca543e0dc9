#include "text/jinja_builtins.h"
#include "text/jinja_parser.h"

namespace alv::text::jinja {

bool Program::find_symbol(std::string_view name, uint32_t& symbol) const {
    const auto it = symbols.find(name);
    if (it == symbols.end()) return false;
    symbol = it->second;
    return true;
}

size_t Emitter::emit(Op op, uint32_t line, int32_t arg, uint16_t n, uint8_t m) {
    program_->code.push_back({op, m, n, arg, line});
    return program_->code.size() - 1;
}

void Emitter::patch(size_t jump, size_t target) {
    program_->code[jump].arg = static_cast<int32_t>(target) - static_cast<int32_t>(jump) - 1;
}

void Emitter::emit_jump_back(size_t target, uint32_t line) {
    patch(emit(Op::kJump, line), target);
}

int32_t Emitter::constant(Value value) {
    program_->constants.push_back(std::move(value));
    return static_cast<int32_t>(program_->constants.size() - 1);
}

int32_t Emitter::constant_string(std::string_view text) {
    if (const auto it = string_ids_.find(text); it != string_ids_.end()) return it->second;
    auto object = std::make_unique<String>();
    object->text = text;
    object->refs = Object::kImmortal;
    // The owner first: a constant must never outlive its string.
    program_->strings.push_back(std::move(object));
    const int32_t id = constant(Value::object(program_->strings.back().get()));
    string_ids_.emplace(text, id);
    return id;
}

void Emitter::emit_string(std::string_view text, uint32_t line) {
    emit(Op::kConst, line, constant_string(text));
}

uint32_t Emitter::symbol(std::string_view name) {
    uint32_t id = 0;
    if (program_->find_symbol(name, id)) return id;
    id = static_cast<uint32_t>(program_->symbol_names.size());
    program_->symbols.emplace(name, id);
    program_->symbol_names.push_back(constant_string(name));
    return id;
}

int32_t Emitter::filter_name(std::string_view name) {
    program_->names.push_back({std::string(name), find_filter(name), nullptr});
    return static_cast<int32_t>(program_->names.size() - 1);
}

int32_t Emitter::test_name(std::string_view name) {
    program_->names.push_back({std::string(name), nullptr, find_test(name)});
    return static_cast<int32_t>(program_->names.size() - 1);
}

Status TokenStream::start() {
    ALV_RETURN_IF_ERROR(lexer_.next(now_));
    return now_.type == Tok::kEnd ? ok_status() : lexer_.next(ahead_);
}

Status TokenStream::advance() {
    now_ = std::move(ahead_);
    ahead_ = Token();
    return now_.type == Tok::kEnd ? ok_status() : lexer_.next(ahead_);
}

Status TokenStream::error(std::string message) const {
    return invalid_argument("line " + std::to_string(now_.line) + ": " + std::move(message));
}

Status TokenStream::expect(Tok type, const char* what) {
    if (now_.type != type)
        return error(std::string("expected ") + what + ", got " + describe(now_));
    return advance();
}

}  // namespace alv::text::jinja
