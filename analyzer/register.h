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

/* Begin, end a run's recalling and changing; all or nothing. Others wait meanwhile. */
int register_begin(struct register_of *r, struct err *err);
int register_commit(struct register_of *r, struct err *err);
/* This alert was found in this run: how does it stand now? body is what is kept, masked;
 * sight is what it was made of (alert_sight). */
int register_found(struct register_of *r, const struct alert *a,
                   const uint8_t sight[HASH_BYTES], const struct rule *rule,
                   struct str origin, struct standing *out, struct err *err);
/* The alert that stands and was made of the same: its id and body, which are valid until
 * the next call; id "": there is none. */
struct recalled {
    struct str id, body;
    struct standing standing;
};
int register_recall(struct register_of *r, const uint8_t sight[HASH_BYTES],
                    struct recalled *out, struct err *err);
/* An alert that was recalled is found again. */
int register_found_again(struct register_of *r, const char *id, struct err *err);
/* Those of these rules and this log, opened in the period, that the run did not find are
 * withdrawn; each is given to row() with its body. */
int register_withdraw(struct register_of *r, const struct ruleset *s, struct str origin,
                      int64_t since_us, int64_t until_us,
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
