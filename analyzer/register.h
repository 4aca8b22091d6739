/* register.h - the alerts that were raised, in the state: so that a second run amends and
 * does not repeat. One thread. */
#ifndef ANALYZER_REGISTER_H
#define ANALYZER_REGISTER_H

#include "analyzer/alert.h"
#include "analyzer/state.h"

struct register_of;

/* reads: only register_list() will be asked for, of a state that need not be writable. Else,
 * with state NULL or one that cannot be written, nothing is remembered. */
int register_open(struct register_of **out, const struct state *state, bool reads,
                  struct err *err);
void register_close(struct register_of *r); /* NULL is allowed */

enum alert_state { ALERT_RAISED, ALERT_AMENDED, ALERT_WITHDRAWN };
const char *alert_state_name(enum alert_state s);

struct standing {
    enum alert_state state;
    unsigned revision;
};

/* An alert that stands: what it was made of (alert_sight), and its members as they are kept,
 * masked. Valid during the call that gives it. */
struct recalled {
    struct str id, sight, body;
    struct standing standing;
};
/* Begin a run over the log of that origin, once; those alerts of it that stand are given to
 * row(). All changes of a run are kept by register_commit(), or none; others wait. */
int register_begin(struct register_of *r, struct str origin,
                   void (*row)(void *ctx, const struct recalled *alert), void *ctx,
                   struct err *err);
int register_commit(struct register_of *r, struct err *err);
/* This alert was found in this run: how does it stand now? sight is what it was made of. */
int register_found(struct register_of *r, const struct alert *a, const char *sight,
                   const struct rule *rule, struct str origin, struct standing *out,
                   struct err *err);
/* An alert that was recalled is found again. */
void register_found_again(struct register_of *r, const char *id);
/* Those of these rules, opened in the period, that the run did not find are withdrawn; each
 * is given to row() with its body, as are those that an earlier run withdrew. */
int register_withdraw(struct register_of *r, const struct ruleset *s, int64_t since_us,
                      int64_t until_us,
                      void (*row)(void *ctx, struct str id, unsigned revision,
                                  struct str level, struct str body),
                      void *ctx, struct err *err);

/* The alerts of medium level and above that began in the period and stand, the gravest and
 * latest first. */
int register_list(struct register_of *r, int64_t since_us, int64_t until_us,
                  void (*row)(void *ctx, struct str level, struct str body), void *ctx,
                  struct err *err);
/* The sentence of an alert's body, or without names of people its rule's title; in the
 * arena. */
struct str register_sentence(struct str body, bool names, struct arena *arena);

#endif
