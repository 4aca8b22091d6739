/* detecting.h - what the two halves of `analyzer detect` share: detect.c loads rules and lists
 * and gives alerts, look.c shows the records to the rules. */
#ifndef ANALYZER_DETECTING_H
#define ANALYZER_DETECTING_H

#include "analyzer/alert.h"
#include "analyzer/options.h"
#include "analyzer/register.h"
#include "analyzer/state.h"
#include "base/zone.h"
#include "sigma/repeats.h"
#include "trail/projections.h"

enum detect_format { DETECT_TABLE, DETECT_JSON, DETECT_NDJSON };

struct detecting {
    const struct options *o;
    struct zone *zone;
    struct state *state;
    struct trail *trail;
    struct ruleset set;
    struct diagnostics diagnostics;
    struct reference_data *reference;
    struct evaluator *evaluator;
    struct correlator *correlator;
    struct register_of *known;
    struct alert_maker maker;
    enum detect_format format;
    int64_t since_us, until_us;
    uint32_t user_field;
    struct projections *projections;     /* NULL: the evidence is read */
    const struct projection *projection; /* that classes are of */
    struct event event;                  /* at hand */
    struct repeats repeats;              /* of the marks of tokens */
    struct marked {
        uint64_t mark, seq;
    } *marked;                           /* to be looked at again where a mark came twice */
    size_t marks, mark_cap;
    bool again;                          /* the second look */
    size_t first_look;                   /* records met in the first, ascending */
    struct numbering sources;
    struct arena texts;
    uint64_t records, alerts, by_level[RULE_LEVELS];
    struct buf missing;  /* of the summary: rules not evaluated */
    size_t not_evaluated;
    bool recalls;        /* alerts that another run made of the same */
    bool full;           /* the correlator can take no more */
    struct err late_err; /* of reading a token's hash late, with code < 0 */
    struct buf out;      /* alerts, until they are durable */
};

/* Show every record of the period to the rules, out of the columns that the state keeps or
 * out of the log itself, and give the correlator its sources in the order of their names. */
int look_at_all(struct detecting *d, struct err *err);

#endif
