// Prompts with named variables: "Question: {question}".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace alv::agent {

using Variable = std::pair<std::string, std::string>;  // name, value

// `{name}` is replaced by its value, which is not looked at again; `{{` and `}}` are braces.
// Invalid argument names the variable that is missing, not in the template or given twice, or the
// byte where the template is broken.
Result<std::string> render_prompt(std::string_view prompt_template,
                                  const std::vector<Variable>& variables);

// The names in the order in which they first come up.
Result<std::vector<std::string>> prompt_variables(std::string_view prompt_template);

// A template text that comes with the library; null if there is none of that name.
const char* builtin_prompt(std::string_view name);

}  // namespace alv::agent
