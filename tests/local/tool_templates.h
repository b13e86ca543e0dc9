// Chat templates in the manner of each family of models, for what tests say of all of them.
#pragma once

#include <array>
#include <string_view>

namespace alv::local::test {

struct FamilyTemplate {
    std::string_view family;  // of tool_syntaxes()
    const char* source;
    bool takes_tools;
};

inline constexpr std::array<FamilyTemplate, 6> kFamilyTemplates = {{
    {"hermes",
     "{% if tools %}<|im_start|>system\n<tools>{% for t in tools %}\n{{ t | tojson }}{% endfor %}\n"
     "</tools><|im_end|>\n{% endif %}{% for m in messages %}"
     "{% if m.role == 'tool' %}<|im_start|>user\n<tool_response>\n{{ m.content }}\n"
     "</tool_response><|im_end|>\n{% elif m.tool_calls %}<|im_start|>assistant\n{{ m.content }}"
     "{% for c in m.tool_calls %}\n<tool_call>\n{\"name\": \"{{ c.function.name }}\", "
     "\"arguments\": {{ c.function.arguments | tojson }}}\n</tool_call>{% endfor %}<|im_end|>\n"
     "{% else %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
     "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
     true},
    {"mistral",
     "{{ bos_token }}{% if tools %}[AVAILABLE_TOOLS] {{ tools | tojson }}[/AVAILABLE_TOOLS]"
     "{% endif %}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }}[/INST]"
     "{% elif m.role == 'tool' %}[TOOL_RESULTS] {\"content\": {{ m.content | tojson }}, "
     "\"call_id\": \"{{ m.tool_call_id }}\"}[/TOOL_RESULTS]{% elif m.tool_calls %}[TOOL_CALLS] ["
     "{% for c in m.tool_calls %}{{ c.function | tojson }}{% if not loop.last %}, {% endif %}"
     "{% endfor %}]</s>{% else %}{{ m.content | trim }}</s>{% endif %}{% endfor %}",
     true},
    {"llama3",
     "{{ bos_token }}{% for m in messages %}{% if m.role == 'tool' %}<|start_header_id|>ipython"
     "<|end_header_id|>\n\n{{ m.content | tojson }}<|eot_id|>{% elif m.tool_calls %}"
     "<|start_header_id|>assistant<|end_header_id|>\n\n{\"name\": "
     "\"{{ m.tool_calls[0].function.name }}\", \"parameters\": "
     "{{ m.tool_calls[0].function.arguments | tojson }}}<|eot_id|>{% else %}<|start_header_id|>"
     "{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}{% if tools and loop.first %}"
     "{% for t in tools %}{{ t | tojson }}{% endfor %}{% endif %}<|eot_id|>{% endif %}{% endfor %}"
     "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}",
     true},
    {"gemma",
     "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' "
     "else 'user' }}\n{{ m.content | trim }}<end_of_turn>\n{% endfor %}"
     "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}",
     false},
    {"plain",
     "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
     "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
     false},
    {"plain", "", false},  // of a model without one: the stand-in
}};

}  // namespace alv::local::test
