// libFuzzer: the bytes are a prompt template. It is broken, or takes exactly the variables that it
// names, each as often as it comes up, and looks at no value again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "agent/prompt_template.h"

namespace {

using namespace alv::agent;

void require(bool holds) {
    if (!holds) std::abort();
}

size_t size_with(std::string_view text, const std::vector<Variable>& variables) {
    const auto made = render_prompt(text, variables);
    require(made.ok());
    return made->size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto names = prompt_variables(text);
    if (!names.ok()) {
        require(!render_prompt(text, {}).ok());
        return 0;
    }
    std::vector<Variable> variables;
    for (const std::string& name : *names) variables.emplace_back(name, "");
    const size_t bare = size_with(text, variables);
    size_t expected = bare;
    for (size_t i = 0; i < variables.size() && i < 16; ++i) {
        variables[i].second = "x";
        const size_t n_times = size_with(text, variables) - bare;
        require(n_times > 0);
        // What a value holds is text, whatever it looks like.
        variables[i].second = "{" + variables[0].first + "}}{{";
        expected += n_times * variables[i].second.size();
        require(size_with(text, variables) == bare + n_times * variables[i].second.size());
        variables[i].second.clear();
    }
    for (size_t i = 0; i < variables.size() && i < 16; ++i) {
        variables[i].second = "{" + variables[0].first + "}}{{";
    }
    require(size_with(text, variables) == expected);
    std::vector<Variable> extra = variables;
    extra.emplace_back("no name of a template: blanks", "");
    require(!render_prompt(text, extra).ok());
    if (!variables.empty()) {
        extra.back() = variables.front();
        require(!render_prompt(text, extra).ok());
        variables.pop_back();
        require(!render_prompt(text, variables).ok());
    }
    return 0;
}
