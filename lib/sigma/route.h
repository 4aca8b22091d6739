/* route.h - where events go that meet certain rules: the detections of their own among these,
 * and the correlations that count the events. Worked out once for all events that meet the
 * same. One thread. */
#ifndef SIGMA_ROUTE_H
#define SIGMA_ROUTE_H

#include "sigma/gather.h"
#include "sigma/grouping.h"

struct route {
    const struct rule **alert; /* detections of their own */
    size_t alerts;
    struct route_step {
        struct gathered *to;
        struct grouping *groups, *values; /* values NULL: none are counted */
        const uint32_t *from; /* the fields of groups, by other names; NULL: their own */
        bool once; /* it counts an event once, however many of the rules are met */
        uint16_t rule; /* of those that the correlation stands on, one that is met */
    } *step;
    size_t steps;
    uint32_t *field; /* what these ask for */
    size_t fields;
    bool mark;       /* and the event's mark (correlate.h) */
    bool whole;      /* and values that have no numbers here */
};

/* An empty one with room for so many; to be released. */
void route_init(struct route *r, size_t alerts, size_t steps, size_t fields);
void route_release(struct route *r);
void route_clear(struct route *r);
void route_alert(struct route *r, const struct rule *rule);
void route_add(struct route *r, struct route_step s);

/* Routes by the numbers of what events meet (verdicts.h). Zero-initialise. */
struct routes {
    struct route *at; /* without a list of steps: there is none */
    size_t count;
    struct arena arena;
};
/* NULL: it was not put, or all were forgotten. Valid until one is put. */
const struct route *routes_find(const struct routes *l, uint32_t number);
/* Keep a copy, with the fields that are asked for. */
const struct route *routes_put(struct routes *l, uint32_t number, const struct route *r);
void routes_forget(struct routes *l);
void routes_release(struct routes *l);

/* An event: the evaluator's, or the numbers of its values by field, as far as they are asked
 * for, and its mark. */
struct route_event {
    const struct moment *at;
    struct evaluator *evaluator;
    const uint32_t *value; /* NULL: the evaluator's */
    uint64_t mark, event;  /* its number, see grouping.h */
    uint32_t void_field;   /* the value of that field says nothing in groups; UINT32_MAX */
};
/* How many correlations count it. If any do, their occurrences have the next moment. */
size_t route_count(const struct route *r, const struct route_event *e, const struct moments *m);

#endif
