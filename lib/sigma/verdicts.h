/* verdicts.h - which detections an event meets. Events may be of classes: what all events of a
 * class have in common tells of most rules that they meet them, or that they do not; only the
 * others are looked at for each event. One thread. */
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
/* Mark the fields, by number, that rules ask for of which such classes may leave something
 * open; false: one of them asks for any text. */
bool verdicts_ask(const struct verdicts *v, bool *field);

/* The rule's verdict is of use; others are unknown of events of classes. Later: it is of use
 * for another look at the event (correlate.h). */
enum matter { MATTER_NOT, MATTER_NOW, MATTER_LATER };
void verdicts_matter(struct verdicts *v, const struct rule *r, enum matter matter);

/* By predicate of the set: would such classes tell whether it holds? To be freed. */
bool *verdicts_told(const struct ruleset *s, verdicts_decided *decided, void *ctx);
/* Would they decide the rule? */
bool verdicts_decide(const struct rule *r, const bool *told);

/* What do the rules say of that class? The evaluator's event has what all of it have. */
bool verdicts_known(const struct verdicts *v, uint32_t class);
void verdicts_learn(struct verdicts *v, uint32_t class);
/* Look at the evaluator's event, of that class, which is known, or CLASS_NONE. */
void verdicts_look(struct verdicts *v, uint32_t class);
/* May events of that class be passed over, since none can meet a rule that matters now? Does
 * one matter later? False: not, or the class is not known. */
bool verdicts_none(const struct verdicts *v, uint32_t class);
bool verdicts_later(const struct verdicts *v, uint32_t class);
/* The fields whose values tell what an event of that class, which is known, meets beyond what
 * all of them do; false: the event as a whole does. */
bool verdicts_open(const struct verdicts *v, uint32_t class, const uint32_t **field, size_t *n);
/* The number of what an event of that class meets which has these values in those fields, by
 * their numbers (event_value.same). VERDICTS_UNKNOWN: it was not told so far. */
#define VERDICTS_UNKNOWN UINT32_MAX
uint32_t verdicts_number(struct verdicts *v, uint32_t class, const uint32_t *same);
/* It is what was found at the last look. */
void verdicts_tell(struct verdicts *v, uint32_t class, const uint32_t *same);
/* The rules that are met, by that number. */
size_t verdicts_said(const struct verdicts *v, uint32_t number, const uint32_t **rule);
/* What the event meets: numbers of rules; valid until the next look. */
size_t verdicts_met(const struct verdicts *v, const uint32_t **rule);
bool verdicts_meets(const struct verdicts *v, const struct rule *r);

/* Does any predicate of the set compare the field's value, and not just whether there is
 * one, or a text of some length? */
bool verdicts_compare(const struct ruleset *s, uint32_t field);

#endif
