#include "agent/prompt_template.h"

#include <algorithm>

namespace alv::agent {
namespace {

struct Builtin {
    std::string_view name;
    const char* text;
};

constexpr Builtin kBuiltins[] = {
    {"instruction",
     "Below is an instruction that describes a task, paired with an input that gives more context. "
     "Write a response that fulfils the request.\n\n"
     "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"},
    {"instruction-without-input",
     "Below is an instruction that describes a task. Write a response that fulfils the "
     "request.\n\n### Instruction:\n{instruction}\n\n### Response:\n"},
    {"zero-shot", "{task}\n\nInput: {input}\nOutput:"},
    // `examples` is a row of few-shot-example, one after the other.
    {"few-shot", "{task}\n\n{examples}Input: {input}\nOutput:"},
    {"few-shot-example", "Input: {input}\nOutput: {output}\n\n"},
    {"chain-of-thought",
     "Question: {question}\n\nThink step by step, one step a line. Then give the result in a last "
     "line that begins with \"Answer:\".\n"},
    {"knowledge",
     "Answer the question with the help of these passages. Name a passage that you use by its "
     "number, like [1]. If they do not help, say so.\n\n{context}\n\nQuestion: {question}"},
};

bool is_name(std::string_view text) {
    return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_';
           });
}

// Calls `text(piece)` and `variable(name)` in turn; both return a Status.
template <typename OnText, typename OnVariable>
Status walk(std::string_view from, OnText&& on_text, OnVariable&& on_variable) {
    size_t i = 0;
    while (i < from.size()) {
        const size_t brace = std::min(from.find_first_of("{}", i), from.size());
        ALV_RETURN_IF_ERROR(on_text(from.substr(i, brace - i)));
        if (brace == from.size()) break;
        if (brace + 1 < from.size() && from[brace + 1] == from[brace]) {
            ALV_RETURN_IF_ERROR(on_text(from.substr(brace, 1)));
            i = brace + 2;
            continue;
        }
        const size_t end = from.find('}', brace);
        const std::string_view name =
            from[brace] == '}' || end == from.npos ? "" : from.substr(brace + 1, end - brace - 1);
        if (!is_name(name)) {
            return invalid_argument("the template has a brace at byte " + std::to_string(brace) +
                                    " that begins or ends no {name}: write {{ or }} for a brace");
        }
        ALV_RETURN_IF_ERROR(on_variable(name));
        i = end + 1;
    }
    return ok_status();
}

}  // namespace

Result<std::string> render_prompt(std::string_view prompt_template,
                                  const std::vector<Variable>& variables) {
    std::vector<bool> used(variables.size());
    for (size_t i = 0; i < variables.size(); ++i) {
        for (size_t k = 0; k < i; ++k) {
            if (variables[k].first != variables[i].first) continue;
            return invalid_argument("the variable " + variables[i].first + " is given twice");
        }
    }
    std::string out;
    const auto on_variable = [&](std::string_view name) -> Status {
        for (size_t i = 0; i < variables.size(); ++i) {
            if (variables[i].first != name) continue;
            used[i] = true;
            out += variables[i].second;
            return ok_status();
        }
        return invalid_argument("the template's variable " + std::string(name) + " has no value");
    };
    ALV_RETURN_IF_ERROR(walk(
        prompt_template,
        [&](std::string_view text) {
            out += text;
            return ok_status();
        },
        on_variable));
    for (size_t i = 0; i < used.size(); ++i) {
        if (used[i]) continue;
        return invalid_argument("the template has no variable " + variables[i].first);
    }
    return out;
}

Result<std::vector<std::string>> prompt_variables(std::string_view prompt_template) {
    std::vector<std::string> names;
    ALV_RETURN_IF_ERROR(walk(
        prompt_template, [](std::string_view) { return ok_status(); },
        [&](std::string_view name) {
            if (std::find(names.begin(), names.end(), name) == names.end()) {
                names.emplace_back(name);
            }
            return ok_status();
        }));
    return names;
}

const char* builtin_prompt(std::string_view name) {
    for (const Builtin& builtin : kBuiltins) {
        if (builtin.name == name) return builtin.text;
    }
    return nullptr;
}

}  // namespace alv::agent
