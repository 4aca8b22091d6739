/* correlate.h - findings: what rules have to say about many events. Detections of their own
 * give one for each event; correlations one for each group as often as their condition
 * becomes true, in event-time order, whatever the order in which events came.
 *
 * Windows slide: that of an event at t holds what lies in [t - timespan, t]. A finding is
 * opened by the first event at which the condition holds, extended by further ones, and
 * ended when `suppress` has passed without one. One thread. */
#ifndef SIGMA_CORRELATE_H
#define SIGMA_CORRELATE_H

#include "sigma/verdicts.h"

/* When an event was, and what orders those of one time. */
struct moment {
    int64_t us;          /* INT64_MIN: not known; such events meet detections only */
    uint64_t source_seq;
    uint32_t source;     /* compared as numbers: give them in order of their names */
    uint32_t record;     /* the caller's number of it */
};

enum { FINDING_VALUES = 6 };
struct finding {
    const struct rule *rule;
    uint32_t group;      /* of a correlation: number of its key, see correlator_group() */
    struct moment opened;
    struct moment *at;   /* of the events behind it, in event order */
    size_t records, cap;
    /* Of a value_count the first events that have different values, in event order. */
    struct finding_value {
        uint32_t value;  /* its number */
        uint32_t record;
    } with[FINDING_VALUES];
    size_t withs;
    double measured;     /* what is worked out of numbers, the highest at which it fired */
};

struct correlator;

struct correlator *correlator_new(struct ruleset *s, struct evaluator *e);
void correlator_free(struct correlator *c);

/* Values of a field that cost much to work out may be given as marks: equal values have the
 * same mark, different ones mostly have others. Where such groups could meet a condition,
 * resolve() gives the value of an event by its record's number; the text lives in the arena.
 * False: the rules ask for more of the field than to group events by it alone, so that it
 * must be given as it is. */
typedef struct str correlator_resolve(void *ctx, uint32_t record, struct arena *arena);
bool correlator_late(struct correlator *c, uint32_t field, correlator_resolve *resolve,
                     void *ctx);

/* Rules that only events with a mark in common can matter to are put off: correlator_event()
 * takes an event for the others, and one that correlator_later() says so of is to be given
 * again, for these alone, where its mark came twice. sure() tells what classes decide in any
 * case. After correlator_late(); without it all are taken at once. */
void correlator_put_off(struct correlator *c, verdicts_decided *sure, void *ctx);
/* Values of the field whose numbers (event_value.same) are below it differ as texts. */
void correlator_apart(struct correlator *c, uint32_t field, uint32_t below);

/* ---- classes of events (verdicts.h) ---- */
void correlator_classes(struct correlator *c, verdicts_decided *decided, void *ctx);
/* Mark the fields that correlations ask of events, and rules of those whose class leaves
 * something open; false: rules ask for any text. */
bool correlator_ask(const struct correlator *c, bool *field);
/* Is it known what rules say of the class? Learn it: the evaluator's event has what all of
 * the class have. */
bool correlator_knows(const struct correlator *c, uint32_t class);
void correlator_learn(struct correlator *c, uint32_t class);
/* No event of that class can matter now, so that it need not be looked at; it can later. */
bool correlator_passes(const struct correlator *c, uint32_t class);
bool correlator_later(const struct correlator *c, uint32_t class);
/* The fields whose values tell what events of that class, which is known, meet; false: they
 * do not. What those with these values in them meet, by the numbers of the values
 * (event_value.same), 0 where there is none; VERDICTS_UNKNOWN: what was found at the last look
 * is to be told. */
bool correlator_open(const struct correlator *c, uint32_t class, const uint32_t **field,
                     size_t *n);
uint32_t correlator_verdict(struct correlator *c, uint32_t class, const uint32_t *same);
void correlator_tell(struct correlator *c, uint32_t class, const uint32_t *same);

/* ---- events ---- */
/* Let the rules look at the evaluator's event, of that class, which is known, or CLASS_NONE:
 * does it meet one that matters? */
bool correlator_look(struct correlator *c, uint32_t class);
/* From now on events are given again. */
void correlator_again(struct correlator *c);
/* Then take it, where it does. user_counts: groups by a user may hold it;
 * user_field is that field's number, or UINT32_MAX. False: a limit is reached. */
bool correlator_event(struct correlator *c, const struct moment *at, uint32_t user_field,
                      bool user_counts);
/* The fields whose values are asked for in events of that verdict; *mark: and the mark. False:
 * the values themselves are, so that an event is to be looked at. */
bool correlator_values(struct correlator *c, uint32_t verdict, const uint32_t **field,
                       size_t *n, bool *mark);
/* From now on the number stands for that text in that field. */
void correlator_name(struct correlator *c, uint32_t field, uint32_t same, struct str text);
/* Take such an event by the numbers of these values, and its mark, 0 where it has none.
 * TAKE_NOT: one is a number of which nothing is known yet, and nothing was done;
 * TAKE_NOTHING: it is of no interest. */
enum take { TAKE_NOT, TAKE_NOTHING, TAKEN, TAKE_FULL };
enum take correlator_take(struct correlator *c, uint32_t verdict, const struct moment *at,
                          const uint32_t *same, uint64_t mark, uint32_t user_field,
                          bool user_counts);
/* Call each() with the moments of all events taken so far, some of them twice. They stay where
 * they are until the next event. */
void correlator_each_moment(const struct correlator *c,
                            void (*each)(void *ctx, const struct moment *at), void *ctx);
/* Sources, and records, were numbered as they came; now they are numbered so. NULL: as
 * before. */
void correlator_renumber(struct correlator *c, const uint32_t *source, const uint32_t *record);
/* Work the correlations out. */
void correlator_finish(struct correlator *c);

/* The findings of rules that alert, by rule and opening; valid until the correlator ends. */
size_t correlator_findings(const struct correlator *c, const struct finding *const **out);
/* The at-th part of a finding's group key. */
struct str correlator_group(const struct correlator *c, const struct finding *f, size_t at);
/* Has the rule met the event given last? */
bool correlator_met(const struct correlator *c, const struct rule *r);

#endif
