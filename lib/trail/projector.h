/* projector.h - makes a projection (projection.h) of rows that are given one after the other.
 * One thread. */
#ifndef TRAIL_PROJECTOR_H
#define TRAIL_PROJECTOR_H

#include "trail/projection.h"

struct projector;

struct projector *projector_new(const struct projection_want *want);
void projector_free(struct projector *p); /* NULL is allowed */
/* The next row, one of at most PROJECTION_ROWS_MAX, with all columns that are wanted. */
void projector_row(struct projector *p, const struct record *r);
void projector_encode(struct projector *p, uint64_t first_seq,
                      const uint8_t binding[HASH_BYTES], struct buf *out);

#endif
