/* grouping.h - events by what they have in some fields together: each distinct combination
 * of values has a number. Correlations that ask for the same fields share one, and what an
 * event has is looked up once for all of them. One thread. */
#ifndef SIGMA_GROUPING_H
#define SIGMA_GROUPING_H

#include "base/dictionary.h"
#include "base/pairs.h"
#include "sigma/evaluate.h"

struct grouping {
    const uint32_t *field; /* the rule's */
    size_t fields;
    bool own;              /* of one correlation, whose fields have other names by rule */
    bool counted;          /* values that are counted, not groups */
    bool late;             /* of one field, given as marks of eight bytes (correlate.h) */
    struct numbering **values; /* by field, for all groupings of it */
    uint32_t *value;       /* by field: number of the value of the event at hand */
    struct pairs *both;    /* by field but the first: number of what stands in those before
                              it, and of its value */
    uint64_t *mark;        /* of each event the mark, or what is last in `both`: its number
                              here is the group's for now */
    uint32_t *settled;     /* and in the end: the group's, DICTIONARY_NONE */
    uint32_t marks, mark_cap;
    struct pairs by_mark;  /* values are numbered behind the distinct marks */
    uint64_t event;        /* the number below is of that one */
    uint32_t now;
};

/* values: of all fields of the rule set, by their number; they outlive it. */
void grouping_init(struct grouping *g, const uint32_t *field, size_t fields, bool counted,
                   struct numbering *values);
/* The number of what the evaluator's event has, the event-th; DICTIONARY_NONE: it lacks a
 * value in one of the fields, or `void_field`, whose value says nothing, is among them. */
uint32_t grouping_now(struct grouping *g, struct evaluator *e, uint64_t event,
                      uint32_t void_field);
/* Likewise, but of the values in these fields, each for one of its own; the numbers of one
 * event differ in what they are, not in what they stand for (grouping_alike). */
uint32_t grouping_from(struct grouping *g, struct evaluator *e, const uint32_t *field,
                       uint32_t void_field);
bool grouping_alike(const struct grouping *g, uint32_t a, uint32_t b);
/* Likewise, of an event of which no more is at hand than the numbers of its values, by field
 * of the rule set, DICTIONARY_NONE where it lacks one, and its mark, where that is asked for;
 * 0: it lacks it. */
uint32_t grouping_known(struct grouping *g, const uint32_t *value, uint64_t mark,
                        uint64_t event, uint32_t void_field);
/* The number of these texts, one for each field. */
uint32_t grouping_find(struct grouping *g, const struct str *text);
/* And back: the text of the at-th field, "" where there is none. */
struct str grouping_text(const struct grouping *g, uint32_t number, size_t at);
/* Groups of marks, and of several fields, are numbered when all events are there: until then
 * every event has a number of its own. Alone: events whose mark no other has are of interest
 * too, else they have DICTIONARY_NONE in settled. */
void grouping_settle(struct grouping *g, bool alone);
bool grouping_settles(const struct grouping *g);
/* All numbers given so far are below it. */
size_t grouping_count(const struct grouping *g);
void grouping_release(struct grouping *g);

#endif
