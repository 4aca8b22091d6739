/* grouping.h - events by what they have in some fields together: each distinct combination
 * of values has a number. Correlations that ask for the same fields share one, and what an
 * event has is looked up once for all of them. One thread. */
#ifndef SIGMA_GROUPING_H
#define SIGMA_GROUPING_H

#include "base/dictionary.h"
#include "sigma/evaluate.h"

struct grouping {
    const uint32_t *field; /* the rule's */
    size_t fields;
    bool counted;          /* values that are counted, not groups */
    bool late;             /* given as marks (correlate.h) */
    struct dictionary texts;
    struct renumber by_same; /* one field: by the number of its value */
    uint64_t event;        /* the number below is of that one */
    uint32_t now;
    struct arena arena;
};

/* The number of what the evaluator's event has, the event-th; DICTIONARY_NONE: it lacks a
 * value in one of the fields, or `void_field`, whose value says nothing, is among them. */
uint32_t grouping_now(struct grouping *g, struct evaluator *e, uint64_t event,
                      uint32_t void_field);
/* The number of these texts, one for each field. */
uint32_t grouping_find(struct grouping *g, const struct str *text);
/* And back: the text of the at-th field, "" where there is none. */
struct str grouping_text(const struct grouping *g, uint32_t number, size_t at);
void grouping_release(struct grouping *g);

#endif
