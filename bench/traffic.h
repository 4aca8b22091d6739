/* traffic.h - synthetic GP Connect calls: people and organisations that do not exist, NHS
 * numbers of the 999 range, which is never issued; the same seed gives the same bytes.
 *
 * 8,000 practices with 4 suppliers, 300 organisations with 12 products (token layouts), 133
 * users each, 896,000 patients; sessions of some calls, a few people seen often. */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include "bench/draw.h"
#include "bench/tree.h"
#include "base/zone.h"

struct traffic;

/* calm: no call without a token, and no refusals for want of consent, which here one call
 * does not know of another. */
struct traffic *traffic_new(uint64_t seed, bool hurt, bool calm);
/* With hurt: a message has one of that many layouts (order, spaces, escapes, members that
 * nobody knows), 0: no two are alike. 2048 make about 64 k shapes of records. */
void traffic_layouts(struct traffic *t, unsigned layouts);
/* Spread that many records over April 2026, busy by day and quiet at night and on days off, by
 * the clocks of that zone, which outlives t. Before the first record. */
void traffic_month(struct traffic *t, unsigned long records, const struct zone *zone);
/* Append the next record with its line feed. */
void traffic_next(struct traffic *t, struct buf *out);
const struct draw *traffic_ledger(const struct traffic *t);
void traffic_free(struct traffic *t);

#endif
