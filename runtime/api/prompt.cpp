#include "alviss/prompt.h"

#include "agent/prompt_template.h"
#include "api/bytes.h"
#include "api/call.h"

using namespace alv;
using namespace alv::api;

alv_status alv_prompt_render(alv_string prompt_template, const alv_prompt_variable* variables,
                             uint64_t n_variables, alv_bytes** out_text, alv_error** out_error) {
    if (out_text) *out_text = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(out_text);
        if (n_variables != 0) ALV_REQUIRE(variables);
        ALV_ASSIGN_OR_RETURN(const std::string_view source,
                             read_string(prompt_template, "prompt_template"));
        std::vector<agent::Variable> read;
        for (uint64_t i = 0; i < n_variables; ++i) {
            ALV_ASSIGN_OR_RETURN(const std::string_view name,
                                 read_string(variables[i].name, "a variable's name"));
            ALV_ASSIGN_OR_RETURN(const std::string_view value,
                                 read_string(variables[i].value, "a variable's value"));
            read.emplace_back(name, value);
        }
        ALV_ASSIGN_OR_RETURN(std::string text, agent::render_prompt(source, read));
        *out_text = make_bytes(std::move(text));
        return ok_status();
    });
}

alv_string alv_prompt_builtin(alv_string name) {
    const alv_string none = ALV_STRING_INIT;
    return call_plain([&]() -> alv_string {
        const Result<std::string_view> wanted = read_string(name, "name");
        if (!wanted.ok()) return none;
        const char* text = agent::builtin_prompt(*wanted);
        return text ? alv_string{text, std::string_view(text).size()} : none;
    });
}
