/* table.h - a store as the table `audit` of SQLite, read-only, with a column for each
 * column of the format: integers and numbers as such, times as integers of microseconds since
 * 1970 UTC (format 4.15), true as 1, lists as JSON, missing as NULL. rfc3339(time) is its text,
 * us(text) the number.
 *
 * Where it is masked, "patient.nhs_number" gives the mask, a space and the reference, so
 * that grouping and joins stay right; only = and IN see the number itself, given as ten
 * digits or as mask and reference. Rows have no rowid where they are counted instead of
 * given (counted.h); seq is always there. */
#ifndef TRAIL_TABLE_H
#define TRAIL_TABLE_H

#include "base/err.h"
#include "trail/trail.h"

struct table_options {
    bool reveal;
    const struct zone *zone;
    /* The reference of a number, in the arena. */
    struct str (*reference)(const void *ctx, struct str number, struct arena *arena);
    bool (*stop)(const void *ctx); /* has it taken too long? Asked while rows are counted */
    const void *ctx;
};

/* As an extension (build/gpca.so) it is
 *     CREATE VIRTUAL TABLE temp.audit USING gpca('DIR');
 * always masked; references are those of the analyzer where DIR/analyzer/pseudonym can be
 * read, else they hold for one connection. */

/* Bring the table to an SQLite handle. Trail and options outlive the handle. */
int table_bring(void *sqlite, struct trail *t, const struct table_options *o, struct err *err);

#endif
