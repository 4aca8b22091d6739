/* event.h - what rules are asked about: fields with values. Where they come from is the
 * caller's affair: a record's columns, a line of JSON. */
#ifndef SIGMA_EVENT_H
#define SIGMA_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum event_kind { EVENT_MISSING, EVENT_NULL, EVENT_TEXT, EVENT_NUMBER, EVENT_TRUTH,
                  EVENT_LIST };

struct event_value {
    enum event_kind kind;
    struct str text;  /* of all but missing, null and list: as it is written */
    double number;    /* EVENT_NUMBER */
    const struct event_value *item; /* EVENT_LIST */
    size_t items;
    uint32_t same; /* values of a field with one number are equal; 0: nothing is known */
};

/* One event. Values live until the next event. */
struct event {
    void *ctx;
    /* The value of the field with this number of the rule set, whose name is given. */
    void (*field)(void *ctx, size_t number, struct str name, struct event_value *out);
    /* The at-th text that keywords are looked for in; false: there are no more. */
    bool (*text)(void *ctx, size_t at, struct str *out);
};

#endif
