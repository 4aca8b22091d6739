/* state.h - the analyzer's own directory: the key of patient references, and the log of
 * who asked what, a second store of the same format under access/. One thread owns it. */
#ifndef ANALYZER_STATE_H
#define ANALYZER_STATE_H

#include "analyzer/options.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct state;

/* o->state, or "analyzer" inside the store. Where it cannot be made or read, references
 * use a key of this run and nothing can be logged: state_problem() says so. Never fails. */
struct state *state_new(const struct options *o);
void state_free(struct state *s); /* NULL is allowed */
const char *state_problem(const struct state *s); /* "" where all is well */

/* `P-` and twelve characters of Crockford's base32, in the arena. */
struct str state_reference(const struct state *s, struct str number, struct arena *arena);

/* Write an entry and make it durable. scope names patients by reference only. rows: that the
 * answer has, where it is known before. */
#define STATE_ROWS_UNKNOWN UINT64_MAX
int state_log(const struct state *s, const char *action, struct str scope, const char *reason,
              uint64_t rows, struct err *err);

const char *state_dir(const struct state *s);
/* DIR/access of the state, for `analyzer access`. */
const char *state_access_dir(const struct state *s);

#endif
