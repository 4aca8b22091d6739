/* json.h - the door to cJSON: texts as trees, for what is not per record. Pure. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>

#include "base/arena.h"

enum json_kind { JSON_NULL, JSON_TRUTH, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT };

struct json {
    enum json_kind kind;
    struct str name;  /* as a member of an object */
    struct str text;  /* of truths, numbers and texts */
    double number;
    struct json *first, *next; /* of a list or object; behind this one */
};

/* NULL: it is none. The tree lives in the arena. */
struct json *json_read(struct str text, struct arena *arena);
/* A member of an object; NULL: there is none, or the value is no object. */
struct json *json_member(const struct json *of, struct str name);

#endif
