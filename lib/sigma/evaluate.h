/* evaluate.h - which rules an event meets. A predicate is decided once for each distinct
 * value of its field, and once for each event; the rest is and, or and not. One thread. */
#ifndef SIGMA_EVALUATE_H
#define SIGMA_EVALUATE_H

#include "sigma/event.h"
#include "sigma/ruleset.h"

struct evaluator;

struct evaluator *evaluator_new(struct ruleset *s);
void evaluator_free(struct evaluator *e);
/* From now on this event is asked about. */
void evaluator_event(struct evaluator *e, const struct event *event);
/* Does it meet the rule, a detection that is not bad? */
bool evaluator_meets(struct evaluator *e, const struct rule *r);
/* Does it, as far as these predicates, by number, tell? The others are not looked at. */
enum meets { MEETS_NOT, MEETS_PERHAPS, MEETS };
enum meets evaluator_may_meet(struct evaluator *e, const struct rule *r, const bool *told);
/* The number that the value is: a number, or a text that is one in decimal; false: none. */
bool evaluator_number(const struct event_value *v, double *out);
/* A field of it. */
const struct event_value *evaluator_field(struct evaluator *e, uint32_t field);
/* The predicates of the rule that hold for the event, outside of negations; at most cap. */
size_t evaluator_why(struct evaluator *e, const struct rule *r, const struct predicate **out,
                     size_t cap);

#endif
