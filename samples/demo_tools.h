/* Three tools that several samples give their model: get_weather, calculate, search_web. */
#ifndef DEMO_TOOLS_H
#define DEMO_TOOLS_H

#include <alviss/alviss.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The three, as alv_tools_add takes them; returns how many: two without a `web_file`, which is kept
 * as below. The examples are what brings the smallest models to choose well. */
size_t demo_tools_list(const char* web_file, alv_tool tools[3]);

/* The three as alv_tools. `web_file` (kept, not copied; NULL: no search_web) has one page a line:
 * title, tab, text. */
alv_status demo_tools_create(const char* web_file, alv_tools** out_tools, alv_error** out_error);

/* The value of an arithmetic expression: + - * / % ^, parentheses, sqrt abs round floor ceil sin
 * cos tan ln log exp, pi, e. NULL, or what is wrong with it. */
const char* demo_calculate(const char* expression, double* out_value);

/* The text of the member `key` of a flat JSON object, unescaped. 1 if it is there, is a string and
 * fits into `size` bytes. */
int demo_json_text(alv_string json, const char* key, char* out, size_t size);

#ifdef __cplusplus
}
#endif

#endif
