/* projections.h - the projections of a log: files in a directory of the reader's own, each
 * of the rows of some row groups, made when they are first asked for and replaced when rows
 * have come or more columns are asked for. Whoever has none reads the evidence.
 *
 *   DIR/<first seq, 12 digits>.columns
 *
 * They hold patients' numbers and are as sensitive as the log. One thread owns a set. */
#ifndef TRAIL_PROJECTIONS_H
#define TRAIL_PROJECTIONS_H

#include "trail/projection.h"
#include "trail/trail.h"

struct projections;

/* Those in dir, which need not be there, that were made of these very rows and hold what is
 * wanted. t outlives them. */
struct projections *projections_open(const char *dir, struct trail *t,
                                     const struct projection_want *want);
void projections_free(struct projections *s); /* NULL is allowed */
/* Rows that they lack. */
uint64_t projections_missing(const struct projections *s);
/* Make those that are missing; told() hears how many rows were read, and may be NULL. Reads
 * the evidence of at least these rows, keeps what other columns there were. */
int projections_make(struct projections *s, const struct zone *zone,
                     void (*told)(void *ctx, uint64_t rows), void *ctx, struct err *err);
/* The projection with that row, held until another is asked for, of which nothing but the
 * classes is loaded at first; *out NULL: none has it. ERR_CORRUPT: it is damaged. */
int projections_at(struct projections *s, uint64_t seq, const struct projection **out,
                   struct err *err);
/* What PROJECTION_FEW fills of the one that is held (projection_choose). */
void projections_choose(struct projections *s, const bool few[COLUMN_COUNT]);
/* Load columns of the one that is held (projection_load). ERR_CORRUPT likewise. */
int projections_load(struct projections *s, const bool column[COLUMN_COUNT], struct err *err);

#endif
