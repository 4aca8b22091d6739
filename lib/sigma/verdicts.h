/* verdicts.h - which detections an event meets. Events may be of classes: where all that
 * decides a rule is the same in a class, its verdict is worked out once for the class. One
 * thread. */
#ifndef SIGMA_VERDICTS_H
#define SIGMA_VERDICTS_H

#include "sigma/evaluate.h"

#define CLASS_NONE UINT32_MAX

struct verdicts;

struct verdicts *verdicts_new(struct ruleset *s, struct evaluator *e);
void verdicts_free(struct verdicts *v); /* NULL is allowed */

/* Is a field's value the same in all events of a class? At least, is it in all or in none of
 * them, and empty in all or in none? */
enum decided { DECIDED_NOT, DECIDED_FILLED, DECIDED_VALUE };
typedef enum decided verdicts_decided(void *ctx, struct str field);
/* From now on this holds of classes; those known before are numbers that do not come again. */
void verdicts_classes(struct verdicts *v, verdicts_decided *decided, void *ctx);

/* The rule's verdict is of use; others may be unknown of events that are passed over. Later:
 * it is of use for another look at the event (correlate.h). */
enum matter { MATTER_NOT, MATTER_NOW, MATTER_LATER };
void verdicts_matter(struct verdicts *v, const struct rule *r, enum matter matter);

/* Would classes decide the rule, whatever classes there will be? */
bool verdicts_decide(const struct ruleset *s, const struct rule *r, verdicts_decided *decided,
                     void *ctx);

/* Look at the evaluator's event, of that class or CLASS_NONE. */
void verdicts_look(struct verdicts *v, uint32_t class);
/* Of events of a class: may they be passed over, since nothing is met that matters now? Does
 * one matter later? False: not, or it is not known yet. */
bool verdicts_none(const struct verdicts *v, uint32_t class);
bool verdicts_later(const struct verdicts *v, uint32_t class);
/* Do classes decide all rules? Is it known what they say of that one? */
bool verdicts_by_class(const struct verdicts *v);
bool verdicts_known(const struct verdicts *v, uint32_t class);
/* What the event meets: numbers of rules; valid until the next look. */
size_t verdicts_met(const struct verdicts *v, const uint32_t **rule);
bool verdicts_meets(const struct verdicts *v, const struct rule *r);

/* Does any predicate of the set compare the field's value, and not just whether there is
 * one, or a text of some length? */
bool verdicts_compare(const struct ruleset *s, uint32_t field);

#endif
