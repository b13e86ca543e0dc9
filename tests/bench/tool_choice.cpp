// tool_choice MODEL QUESTIONS.jsonl [required|auto] [--without-examples] [--set NAME] [--first N]
// How many everyday questions a model answers by the right one of the tools of samples/demo_tools.c
// with the right arguments, drawn greedily. Prints a line a question, then for each set of
// questions how many. A question's line has the tool, and what its arguments may be:
//   "value": what the expression comes to; "city": names; "words": one of these is in the query.
// The tool "": an answer in words is right; only asked where the choice is auto.
#include <alviss/alviss.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../../samples/demo_tools.h"

namespace {

using Json = nlohmann::json;

struct Options {
    const char* model = nullptr;
    const char* questions = nullptr;
    uint32_t choice = ALV_TOOL_CHOICE_REQUIRED;
    bool has_examples = true;
    std::string set;
    long first = -1;
};

void check(alv_status status, alv_error* error) {
    if (status == ALV_STATUS_OK) return;
    std::fprintf(stderr, "tool_choice: %s\n",
                 error ? alv_error_message(error).data : alv_status_name(status));
    std::exit(1);
}

template <typename... P, typename... A>
void call(alv_status (*function)(P...), A... args) {
    alv_error* error = nullptr;
    const alv_status status = function(args..., &error);
    check(status, error);
}

std::string text_of(alv_string s) {
    return {s.data ? s.data : "", s.size};
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

// The first call of a reply, or its text.
struct Answer {
    std::string tool;
    std::string arguments;
    std::string text;
};

Answer ask(alv_session* session, const std::string& question) {
    call(alv_session_truncate, session, uint64_t{0});
    call(alv_session_append, session, alv_str("user"),
         alv_string{question.data(), question.size()});
    alv_generation_options how = ALV_GENERATION_OPTIONS_INIT;
    how.max_tokens = 64;
    alv_generation* generation = nullptr;
    call(alv_session_generate, session, static_cast<const alv_generation_options*>(&how),
         &generation);
    Answer answer;
    for (uint32_t type = 0; type != ALV_EVENT_DONE;) {
        const alv_event* event = nullptr;
        call(alv_generation_wait, generation, UINT64_MAX, &event);
        type = event->type;
        if (type == ALV_EVENT_FAILED) {
            std::fprintf(stderr, "tool_choice: %s\n", alv_error_message(event->error).data);
            std::exit(1);
        }
        if (type == ALV_EVENT_TEXT) answer.text += text_of(event->text);
        if (type == ALV_EVENT_TOOL_CALL && answer.tool.empty()) {
            answer.tool = text_of(event->name);
            answer.arguments = text_of(event->text);
        }
    }
    alv_generation_release(generation);
    return answer;
}

std::string argument(const std::string& arguments, const char* name) {
    char text[512] = "";
    const alv_string json = {arguments.data(), arguments.size()};
    return demo_json_text(json, name, text, sizeof text) ? text : "";
}

bool has_right_arguments(const Json& question, const Answer& answer) {
    if (answer.tool.empty()) return true;
    if (answer.tool == "calculate") {
        double value = 0;
        const std::string expression = argument(answer.arguments, "expression");
        if (demo_calculate(expression.c_str(), &value)) return false;
        const double expected = question["value"];
        return std::fabs(value - expected) <= 1e-6 * std::max(1.0, std::fabs(expected));
    }
    if (answer.tool == "get_weather") {
        const std::string city = lower(argument(answer.arguments, "city"));
        const auto& names = question["city"];
        // "Paris", or "Paris, France"
        return std::any_of(names.begin(), names.end(), [&](const Json& name) {
            const auto& wanted = name.get_ref<const std::string&>();
            return city == wanted || city.rfind(wanted + ",", 0) == 0;
        });
    }
    const std::string query = lower(argument(answer.arguments, "query"));
    const auto& words = question["words"];
    return std::any_of(words.begin(), words.end(), [&](const Json& word) {
        return query.find(word.get_ref<const std::string&>()) != std::string::npos;
    });
}

alv_tools* make_tools(bool has_examples) {
    alv_tools* tools = nullptr;
    call(alv_tools_create, &tools);
    alv_tool list[3];
    const size_t n = demo_tools_list("", list);  // nothing is searched: the host makes the calls
    for (size_t i = 0; i < n; ++i) {
        if (!has_examples) list[i].examples = ALV_STRING_INIT;
        call(alv_tools_add, tools, static_cast<const alv_tool*>(&list[i]));
    }
    return tools;
}

std::vector<Json> read_questions(const Options& options) {
    std::ifstream file(options.questions);
    if (!file) {
        std::fprintf(stderr, "tool_choice: %s cannot be read\n", options.questions);
        std::exit(1);
    }
    std::vector<Json> questions;
    for (std::string line; std::getline(file, line);) {
        if (options.first >= 0 && questions.size() == static_cast<size_t>(options.first)) break;
        Json question = Json::parse(line);
        const bool wants_a_call = question["tool"] != "";
        if (options.choice == ALV_TOOL_CHOICE_REQUIRED && !wants_a_call) continue;
        if (options.set.empty() || question["set"] == options.set) {
            questions.push_back(std::move(question));
        }
    }
    return questions;
}

bool read_options(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const bool has_value = i + 1 < argc;
        if (word == "required" || word == "auto") {
            options.choice = word == "auto" ? ALV_TOOL_CHOICE_AUTO : ALV_TOOL_CHOICE_REQUIRED;
        } else if (word == "--without-examples") {
            options.has_examples = false;
        } else if (word == "--set" && has_value) {
            options.set = argv[++i];
        } else if (word == "--first" && has_value) {
            options.first = std::atol(argv[++i]);
        } else if (!options.model) {
            options.model = argv[i];
        } else if (!options.questions) {
            options.questions = argv[i];
        } else {
            return false;
        }
    }
    return options.questions != nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!read_options(argc, argv, options)) {
        std::fputs(
            "usage: tool_choice MODEL QUESTIONS.jsonl [required|auto] [--without-examples] "
            "[--set NAME] [--first N]\n",
            stderr);
        return 2;
    }
    alv_runtime* runtime = nullptr;
    call(alv_runtime_create, static_cast<const alv_runtime_options*>(nullptr), &runtime);
    alv_model_options what = ALV_MODEL_OPTIONS_INIT;
    what.path = alv_str(options.model);
    alv_model* model = nullptr;
    call(alv_model_open, runtime, static_cast<const alv_model_options*>(&what), &model);
    call(alv_model_wait, model, UINT64_MAX);
    alv_session_options shape = ALV_SESSION_OPTIONS_INIT;
    shape.context_tokens = 2048;
    alv_session* session = nullptr;
    call(alv_session_create, model, static_cast<const alv_session_options*>(&shape), &session);
    alv_tools* tools = make_tools(options.has_examples);
    alv_tools_options use = ALV_TOOLS_OPTIONS_INIT;
    use.choice = options.choice;
    use.flags = ALV_TOOLS_BY_HOST;
    call(alv_session_set_tools, session, tools, static_cast<const alv_tools_options*>(&use));

    struct Count {
        int n = 0, tool = 0, arguments = 0;
    };
    std::map<std::string, Count> counts;
    for (const Json& question : read_questions(options)) {
        const std::string text = question["question"];
        const Answer answer = ask(session, text);
        const bool right_tool = answer.tool == question["tool"];
        const bool right = right_tool && has_right_arguments(question, answer);
        Count& count = counts[question["set"]];
        ++count.n;
        count.tool += right_tool ? 1 : 0;
        count.arguments += right ? 1 : 0;
        std::printf(
            "%-9s %s\n          %s %s\n",
            right        ? "right"
            : right_tool ? "arguments"
                         : "wrong",
            text.c_str(), answer.tool.empty() ? "no call:" : answer.tool.c_str(),
            answer.tool.empty()
                ? Json(answer.text).dump(-1, ' ', false, Json::error_handler_t::replace).c_str()
                : answer.arguments.c_str());
        std::fflush(stdout);
    }
    for (const auto& [set, count] : counts) {
        std::printf("%s: %d questions, %d right tool, %d right tool and arguments\n", set.c_str(),
                    count.n, count.tool, count.arguments);
    }
    alv_tools_release(tools);
    alv_session_release(session);
    alv_model_release(model);
    alv_runtime_release(runtime);
    return 0;
}
