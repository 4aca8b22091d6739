/* postings.h - what the index holds of each row of a group, in order of its patient, so that
 * the rows of one patient lie together. Pages of POSTINGS_PAGE rows are read alone.
 *
 * A page, deflated behind its length (varint), is for all of its rows in turn
 *
 *   a byte of flags each
 *   varint  the number of the small columns (index.h)
 *   varint  the row: behind a row of the same patient how many rows later it came
 *   varint  of rows with a time: zigzag distance in units of the group, from the time of the
 *           row before where the patient is the same, else from the group's least
 *   varints for user, then organisation, then practice, of rows for which the flags do not
 *           say that it is that of the row before: number + 1, or 0 */
#ifndef TRAIL_POSTINGS_H
#define TRAIL_POSTINGS_H

#include <stdbool.h>

#include "base/buf.h"

enum { POSTINGS_PAGE = 256, POSTINGS_NAMES = 3 };

struct posting {
    uint16_t row;     /* of the group */
    uint16_t patient; /* place among those of the group; their number: none */
    uint16_t small;
    bool has_time;
    bool odd; /* its columns are in the record only: it may be of any key */
    uint32_t name[POSTINGS_NAMES]; /* numbers + 1; 0: missing */
    int64_t time; /* in units */
};

/* Append a page of n <= POSTINGS_PAGE rows, in order of patient and row; least: the group's
 * time, in units. */
void postings_put(struct buf *out, const struct posting *p, size_t n, int64_t least);
/* The n rows of a page, the first of which is of that patient. False: the bytes are none that
 * postings_put() wrote for so many. */
bool postings_get(struct posting *p, size_t n, struct str page, uint16_t patient,
                  int64_t least);

#endif
