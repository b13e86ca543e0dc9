#include "demo_tools.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 1. Arguments ------------------------------------------------------------------------------- */

static unsigned hex4(const char* at) {
    unsigned value = 0;
    int i;
    for (i = 0; i < 4; ++i) {
        const int c = tolower((unsigned char)at[i]);
        value = value * 16 + (unsigned)(c >= 'a' ? c - 'a' + 10 : c - '0');
    }
    return value;
}

static size_t put_utf8(unsigned c, char* out) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    out[0] = (char)(0xE0 | (c >> 12));
    out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
    out[2] = (char)(0x80 | (c & 0x3F));
    return 3;
}

/* Reads the string that begins after the quote at `i`; returns where its closing quote is, or the
 * end. `out` may be NULL. A pair of surrogates becomes two question marks. */
static size_t read_text(alv_string json, size_t i, char* out, size_t size, size_t* out_length) {
    size_t length = 0;
    for (++i; i < json.size && json.data[i] != '"'; ++i) {
        char bytes[4] = {0};
        size_t n = 1;
        bytes[0] = json.data[i];
        if (json.data[i] == '\\' && i + 1 < json.size) {
            const char kind = json.data[++i];
            bytes[0] = kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == 'r' ? '\r' : kind;
            if (kind == 'u' && i + 4 < json.size) {
                const unsigned c = hex4(json.data + i + 1);
                n = c >= 0xD800 && c < 0xE000 ? put_utf8('?', bytes) : put_utf8(c, bytes);
                i += 4;
            }
        }
        if (out && length + n < size) memcpy(out + length, bytes, n);
        length += n;
    }
    if (out && length < size) out[length] = 0;
    *out_length = length;
    return i;
}

int demo_json_text(alv_string json, const char* key, char* out, size_t size) {
    size_t i;
    int is_key = 0;
    int depth = 0;
    int found = 0;
    for (i = 0; i < json.size; ++i) {
        const char c = json.data[i];
        size_t length = 0;
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        if (c == ',' || c == '{') is_key = 1;
        if (c == ':') is_key = 0;
        if (c != '"') continue;
        if (is_key) {
            char name[64] = "";
            i = read_text(json, i, name, sizeof name, &length);
            found = depth == 1 && length < sizeof name && strcmp(name, key) == 0;
        } else if (found) {
            read_text(json, i, out, size, &length);
            return length < size;
        } else {
            i = read_text(json, i, NULL, 0, &length);
        }
    }
    return 0;
}

static alv_status answer(alv_tool_call* call, const char* text) {
    return alv_tool_call_reply(call, alv_str(text), 0, NULL);
}

static alv_status refuse(alv_tool_call* call, const char* why) {
    return alv_tool_call_reply(call, alv_str(why), ALV_TOOL_RESULT_ERROR, NULL);
}

/* 2. calculate -------------------------------------------------------------------------------- */

enum { MAX_DEPTH = 64 };

typedef struct {
    const char* at;
    const char* wrong;
    int depth;
} Reader;

static double read_sum(Reader* r);

static void skip(Reader* r) {
    while (isspace((unsigned char)*r->at)) ++r->at;
}

static int take(Reader* r, char c) {
    skip(r);
    if (*r->at != c) return 0;
    ++r->at;
    return 1;
}

static double apply(Reader* r, const char* name, double x) {
    if (!strcmp(name, "sqrt")) return sqrt(x);
    if (!strcmp(name, "abs")) return fabs(x);
    if (!strcmp(name, "round")) return floor(x + 0.5);
    if (!strcmp(name, "floor")) return floor(x);
    if (!strcmp(name, "ceil")) return ceil(x);
    if (!strcmp(name, "sin")) return sin(x);
    if (!strcmp(name, "cos")) return cos(x);
    if (!strcmp(name, "tan")) return tan(x);
    if (!strcmp(name, "ln")) return log(x);
    if (!strcmp(name, "log")) return log10(x);
    if (!strcmp(name, "exp")) return exp(x);
    r->wrong = "there is no function of that name";
    return 0;
}

static double read_name(Reader* r) {
    char name[16];
    size_t n = 0;
    double x;
    while (isalpha((unsigned char)*r->at)) {
        if (n + 1 < sizeof name) name[n++] = (char)tolower((unsigned char)*r->at);
        ++r->at;
    }
    name[n] = 0;
    if (!strcmp(name, "pi")) return 3.14159265358979323846;
    if (!strcmp(name, "e")) return 2.71828182845904523536;
    if (!take(r, '(')) {
        r->wrong = "a word is neither pi, e nor a function";
        return 0;
    }
    x = read_sum(r);
    if (!take(r, ')')) r->wrong = "a parenthesis is not closed";
    return r->wrong ? 0 : apply(r, name, x);
}

static double read_number(Reader* r) {
    /* strtod alone would take words such as inf, and numbers in hexadecimal. */
    char digits[64];
    size_t n = 0;
    while (isdigit((unsigned char)*r->at) || *r->at == '.' || *r->at == '_') {
        if (n + 1 < sizeof digits && *r->at != '_') digits[n++] = *r->at;
        ++r->at;
    }
    digits[n] = 0;
    if (n == 0 || !strcmp(digits, ".")) r->wrong = "a number is missing";
    return strtod(digits, NULL);
}

static double read_power(Reader* r) {
    double x = 0;
    skip(r);
    if (++r->depth > MAX_DEPTH) r->wrong = "it is nested too deeply";
    if (r->wrong) return 0;
    if (take(r, '-')) {
        x = -read_power(r);
    } else if (take(r, '+')) {
        x = read_power(r);
    } else {
        if (take(r, '(')) {
            x = read_sum(r);
            if (!take(r, ')')) r->wrong = "a parenthesis is not closed";
        } else if (isalpha((unsigned char)*r->at)) {
            x = read_name(r);
        } else {
            x = read_number(r);
        }
        if (take(r, '^')) x = pow(x, read_power(r));
    }
    --r->depth;
    return x;
}

static double read_product(Reader* r) {
    double x = read_power(r);
    while (!r->wrong) {
        if (take(r, '*')) {
            x *= read_power(r);
        } else if (take(r, '/')) {
            x /= read_power(r);
        } else if (take(r, '%')) {
            x = fmod(x, read_power(r));
        } else {
            break;
        }
    }
    return x;
}

static double read_sum(Reader* r) {
    double x = read_product(r);
    while (!r->wrong) {
        if (take(r, '+')) {
            x += read_product(r);
        } else if (take(r, '-')) {
            x -= read_product(r);
        } else {
            break;
        }
    }
    return x;
}

const char* demo_calculate(const char* expression, double* out_value) {
    Reader r = {NULL, NULL, 0};
    r.at = expression;
    *out_value = read_sum(&r);
    skip(&r);
    if (!r.wrong && *r.at) r.wrong = "something is left over after the expression";
    if (!r.wrong && !isfinite(*out_value)) r.wrong = "the result is not a finite number";
    return r.wrong;
}

static alv_status calculate(void* user_data, alv_tool_call* call) {
    char expression[512];
    char result[64];
    double value = 0;
    const char* wrong;
    (void)user_data;
    if (!demo_json_text(alv_tool_call_arguments(call), "expression", expression,
                        sizeof expression)) {
        return refuse(call, "expression is missing or too long");
    }
    wrong = demo_calculate(expression, &value);
    if (wrong) return refuse(call, wrong);
    snprintf(result, sizeof result, "{\"result\": %.15g}", value);
    return answer(call, result);
}

/* 3. get_weather: a table in place of a service -------------------------------------------------
 */

static alv_status get_weather(void* user_data, alv_tool_call* call) {
    static const struct {
        const char* city;
        const char* report;
    } table[] = {
        {"berlin", "{\"celsius\": 7, \"sky\": \"light rain\"}"},
        {"cairo", "{\"celsius\": 29, \"sky\": \"clear\"}"},
        {"london", "{\"celsius\": 11, \"sky\": \"cloudy\"}"},
        {"new york", "{\"celsius\": 9, \"sky\": \"windy\"}"},
        {"paris", "{\"celsius\": 12, \"sky\": \"sunny\"}"},
        {"sydney", "{\"celsius\": 24, \"sky\": \"sunny\"}"},
        {"tokyo", "{\"celsius\": 15, \"sky\": \"clear\"}"},
    };
    char city[128];
    size_t i;
    (void)user_data;
    if (!demo_json_text(alv_tool_call_arguments(call), "city", city, sizeof city)) {
        return refuse(call, "city is missing or too long");
    }
    for (i = 0; city[i]; ++i) city[i] = (char)tolower((unsigned char)city[i]);
    for (i = 0; i < sizeof table / sizeof table[0]; ++i) {
        if (strstr(city, table[i].city)) return answer(call, table[i].report);
    }
    return refuse(call, "no station reports from there");
}

/* 4. search_web: pages of a local file -----------------------------------------------------------
 */

/* How many words of the query the line has, whatever their case. */
static int count_hits(const char* line, const char* query) {
    char low[4096];
    char word[64];
    size_t n = 0;
    size_t i;
    int hits = 0;
    for (i = 0; line[i] && i + 1 < sizeof low; ++i) low[i] = (char)tolower((unsigned char)line[i]);
    low[i] = 0;
    for (i = 0;; ++i) {
        const int c = (unsigned char)query[i];
        if (isalnum(c) || c >= 0x80) {
            if (n + 1 < sizeof word) word[n++] = (char)tolower(c);
            continue;
        }
        word[n] = 0;
        if (n > 2 && strstr(low, word)) ++hits;
        n = 0;
        if (!c) return hits;
    }
}

static alv_status search_web(void* user_data, alv_tool_call* call) {
    char query[256];
    char line[4096];
    char best[3][1024] = {"", "", ""};
    int score[3] = {0, 0, 0};
    char result[3200];
    FILE* file;
    if (!demo_json_text(alv_tool_call_arguments(call), "query", query, sizeof query)) {
        return refuse(call, "query is missing or too long");
    }
    file = fopen((const char*)user_data, "rb");
    if (!file) return refuse(call, "the web is out of reach");
    while (fgets(line, sizeof line, file)) {
        const int hits = count_hits(line, query);
        int place = 3;
        int k;
        while (place > 0 && hits > score[place - 1]) --place;
        if (place == 3 || strlen(line) >= sizeof best[0]) continue;
        for (k = 2; k > place; --k) {
            score[k] = score[k - 1];
            memcpy(best[k], best[k - 1], sizeof best[k]);
        }
        score[place] = hits;
        strcpy(best[place], line);
    }
    fclose(file);
    if (!score[0]) return answer(call, "No page was found.");
    snprintf(result, sizeof result, "%s%s%s", best[0], best[1], best[2]);
    return answer(call, result);
}

/* 5. All three ------------------------------------------------------------------------------- */

size_t demo_tools_list(const char* web_file, alv_tool tools[3]) {
    const alv_tool none = ALV_TOOL_INIT;
    alv_tool* weather = &tools[0];
    alv_tool* calculator = &tools[1];
    alv_tool* search = &tools[2];
    tools[0] = tools[1] = tools[2] = none;
    weather->name = alv_str("get_weather");
    weather->description = alv_str("The weather in a city right now");
    weather->parameters = alv_str(
        "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\", \"maxLength\": "
        "60}}, \"required\": [\"city\"], \"additionalProperties\": false}");
    weather->examples = alv_str(
        "[{\"input\": \"Is it cold in Lisbon today?\", "
        "\"arguments\": {\"city\": \"Lisbon\"}},"
        "{\"input\": \"What is the weather in Chicago?\", "
        "\"arguments\": {\"city\": \"Chicago\"}},"
        "{\"input\": \"I am going to Vienna. Do I need boots?\", "
        "\"arguments\": {\"city\": \"Vienna\"}}]");
    weather->callback = get_weather;
    calculator->name = alv_str("calculate");
    calculator->description =
        alv_str("The value of an arithmetic expression, such as (3 + 4) * 2 or sqrt(2)");
    calculator->parameters = alv_str(
        "{\"type\": \"object\", \"properties\": {\"expression\": {\"type\": \"string\", "
        "\"maxLength\": 100}}, \"required\": [\"expression\"], \"additionalProperties\": false}");
    calculator->examples = alv_str(
        "[{\"input\": \"What is 6 times 7?\", "
        "\"arguments\": {\"expression\": \"6 * 7\"}},"
        "{\"input\": \"How much is 20 percent of 45?\", "
        "\"arguments\": {\"expression\": \"45 * 20 / 100\"}},"
        "{\"input\": \"Subtract 18 from 70.\", "
        "\"arguments\": {\"expression\": \"70 - 18\"}}]");
    calculator->callback = calculate;
    search->name = alv_str("search_web");
    search->description = alv_str("Pages of the web about a subject");
    search->parameters = alv_str(
        "{\"type\": \"object\", \"properties\": {\"query\": {\"type\": \"string\", \"maxLength\": "
        "100}}, \"required\": [\"query\"], \"additionalProperties\": false}");
    search->examples = alv_str(
        "[{\"input\": \"Who painted the Mona Lisa?\", "
        "\"arguments\": {\"query\": \"who painted the Mona Lisa\"}},"
        "{\"input\": \"Find a recipe for apple pie.\", "
        "\"arguments\": {\"query\": \"apple pie recipe\"}},"
        /* Without it the model would search for whatever it is told. */
        "{\"input\": \"Good morning!\", \"answer\": \"Good morning! How can I help you?\"},"
        "{\"input\": \"What is the longest river in Africa?\", "
        "\"arguments\": {\"query\": \"longest river in Africa\"}}]");
    search->callback = search_web;
    search->user_data = (void*)web_file;
    return web_file ? 3 : 2;
}

alv_status demo_tools_create(const char* web_file, alv_tools** out_tools, alv_error** out_error) {
    alv_tool tools[3];
    const size_t n = demo_tools_list(web_file, tools);
    alv_status status = alv_tools_create(out_tools, out_error);
    size_t i;
    for (i = 0; i < n && !status; ++i) status = alv_tools_add(*out_tools, &tools[i], out_error);
    if (status) {
        alv_tools_release(*out_tools);
        *out_tools = NULL;
    }
    return status;
}
