/* sentence.h - what an alert says to a person: who did what, how many times, when, and what
 * was expected. */
#ifndef ANALYZER_SENTENCE_H
#define ANALYZER_SENTENCE_H

#include "analyzer/joined.h"
#include "base/buf.h"
#include "base/zone.h"
#include "record/record.h"
#include "sigma/ruleset.h"

struct sentence {
    const struct rule *rule;
    const struct record *record; /* that opened it */
    const struct zone *zone;
    size_t count, patients;
    int64_t first_us, last_us;   /* INT64_MIN: unknown */
    const struct reference_data *reference;
    struct str expected;
    bool reveal;
    struct str field;                   /* whose different values were counted */
    const struct record *const *with;   /* records that have them, each its own */
    size_t withs;
    bool more;                          /* there are others */
    double measured;                    /* what was worked out of numbers, at its highest */
};

/* Append the sentence, by the rule's own words where it has some. In these, {who}, {count},
 * {calls}, {patients}, {when}, {org}, {where}, {outcome}, {expected}, {values} and {name of a
 * field} stand for what they name; {values} for those that were counted, or for what was
 * worked out of numbers, {where} for the
 * organisation, "at" which or "first at" which. */
#define SENTENCE_VALUES "{values}"
void sentence_print(struct buf *out, const struct sentence *s);
/* Is there such a place? */
bool sentence_place(struct str name, const char **near);
/* What a correlation works out of numbers: "the sum of http.bytes". */
void sentence_measure(struct buf *out, const struct ruleset *set, const struct correlation *c);
/* What a correlation expects: "at most 60 different patients within 1 hour". */
void sentence_expected(struct buf *out, const struct ruleset *set, const struct rule *r);

#endif
