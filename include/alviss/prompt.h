/* Prompts with named variables: "Question: {question}". */
#ifndef ALVISS_PROMPT_H
#define ALVISS_PROMPT_H

#include "bytes.h"
#include "status.h"
#include "string.h"

ALV_EXTERN_C_BEGIN

/* A name and what stands for it. Since 0.1 */
typedef struct alv_prompt_variable {
    alv_string name;
    alv_string value;
} alv_prompt_variable;

/* The template with each {name} replaced by its value, which is not looked at again; {{ and }} are
 * braces. Caller releases (alv_bytes_release). Errors: invalid argument: a variable of the template
 * has no value, a value has no variable, one is given twice, or a brace belongs to nothing; the
 * message says which. Thread-safe. Since 0.1 */
ALV_API alv_status alv_prompt_render(alv_string prompt_template,
                                     const alv_prompt_variable* variables, uint64_t n_variables,
                                     alv_bytes** out_text, alv_error** out_error);

/* A template that comes with the library; empty if there is none of that name. Borrowed until the
 * library is unloaded. Thread-safe.
 *   instruction                 {instruction} {input}: ### Instruction / ### Input / ### Response
 *   instruction-without-input   {instruction}
 *   zero-shot                   {task} {input}
 *   few-shot                    {task} {examples} {input}; the examples are made by
 *   few-shot-example            {input} {output}
 *   chain-of-thought            {question}
 *   knowledge                   {context} {question}
 * Since 0.1 */
ALV_API alv_string alv_prompt_builtin(alv_string name);

ALV_EXTERN_C_END

#endif
