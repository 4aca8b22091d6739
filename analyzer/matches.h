/* matches.h - the records that a query found, in order of their time. All that is kept of
 * each is 24 bytes; they are read again in portions, each in the order in which records
 * stand, so that it costs little however feeds lie among each other in the log. One thread. */
#ifndef ANALYZER_MATCHES_H
#define ANALYZER_MATCHES_H

#include "record/record.h"
#include "trail/trail.h"

struct matches;

/* wanted, by column: others are then missing; NULL: all of them. zone outlives it. */
struct matches *matches_new(const bool wanted[COLUMN_COUNT], const struct zone *zone);
void matches_free(struct matches *m); /* NULL is allowed */
/* time_us INT64_MAX: it is not known. in: the record itself, or r: its columns that are wanted;
 * it is then not read again if it is one of the first. Both NULL: they are not at hand. */
void matches_add(struct matches *m, uint64_t seq, int64_t time_us,
                 const struct record_input *in, const struct record *r);
size_t matches_count(const struct matches *m);
/* Give the first n to row(), in order of time, then of seq; a record is valid during the
 * call. t is the log that they are of. */
int matches_each(struct matches *m, struct trail *t, size_t n,
                 void (*row)(void *ctx, struct record *r, size_t number), void *ctx,
                 struct err *err);

#endif
