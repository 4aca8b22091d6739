/* json.c - see json.h. cJSON's tree is copied, so that it need not be freed apart. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>

#include <cjson/cJSON.h>

static struct str copy(const char *text, struct arena *arena)
{
    return text ? arena_copy(arena, str_of(text)) : STR("");
}

static struct str number_text(double v, struct arena *arena)
{
    char text[40];

    if (floor(v) >= v && fabs(v) < 1e15)
        snprintf(text, sizeof text, "%.0f", v);
    else
        snprintf(text, sizeof text, "%.17g", v);
    return copy(text, arena);
}

static struct json *take(const cJSON *from, struct arena *arena)
{
    struct json *j = arena_alloc(arena, sizeof *j);
    struct json **last = &j->first;

    memset(j, 0, sizeof *j);
    j->name = copy(from->string, arena);
    if (cJSON_IsBool(from)) {
        j->kind = JSON_TRUTH;
        j->text = cJSON_IsTrue(from) ? STR("true") : STR("false");
    } else if (cJSON_IsNumber(from)) {
        j->kind = JSON_NUMBER;
        j->number = from->valuedouble;
        j->text = number_text(j->number, arena);
    } else if (cJSON_IsString(from)) {
        j->kind = JSON_TEXT;
        j->text = copy(from->valuestring, arena);
    } else if (cJSON_IsArray(from) || cJSON_IsObject(from)) {
        j->kind = cJSON_IsArray(from) ? JSON_LIST : JSON_OBJECT;
        for (const cJSON *k = from->child; k; k = k->next) {
            *last = take(k, arena);
            last = &(*last)->next;
        }
    }
    return j;
}

struct json *json_read(struct str text, struct arena *arena)
{
    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(text.at, text.len, &end, false);
    struct json *j = NULL;

    for (size_t i = tree ? (size_t)(end - text.at) : 0; tree && i < text.len; i++)
        if (text.at[i] != ' ' && text.at[i] != '\t' && text.at[i] != '\r' &&
            text.at[i] != '\n') {
            cJSON_Delete(tree);
            tree = NULL;
        }
    if (tree)
        j = take(tree, arena);
    cJSON_Delete(tree);
    return j;
}

struct json *json_member(const struct json *of, struct str name)
{
    for (struct json *k = of && of->kind == JSON_OBJECT ? of->first : NULL; k; k = k->next)
        if (str_equal(k->name, name))
            return k;
    return NULL;
}
