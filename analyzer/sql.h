/* sql.h - `analyzer query --sql`. */
#ifndef ANALYZER_SQL_H
#define ANALYZER_SQL_H

#include "analyzer/answer.h"
#include "analyzer/options.h"
#include "analyzer/state.h"
#include "trail/trail.h"

/* Answer o->sql from the trail in that format: at most limit rows. Logged in the state
 * before anything is printed. */
int sql_answer(const struct options *o, struct trail *t, const struct state *s,
               const struct zone *zone, enum answer_format format, uint64_t limit,
               struct err *err);

#endif
