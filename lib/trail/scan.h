/* scan.h - records that meet some conditions, in order of seq. The one place that decides
 * which rows a question is about; `analyzer query` and the SQL table both come here. */
#ifndef TRAIL_SCAN_H
#define TRAIL_SCAN_H

#include "record/timestamp.h"
#include "trail/index.h"
#include "trail/trail.h"

/* All that are given must hold. Texts compare without case but the user key. */
struct scan_filter {
    bool has_since, has_until, has_status;
    int64_t since_us, until_us;   /* of time, half-open; a record without one is left out */
    int64_t status_min, status_max;
    uint64_t first_seq, last_seq; /* both inclusive; {0, UINT64_MAX} for all */
    struct str patient;           /* ten digits; len 0: any */
    struct str user, org, practice, trace;
    bool count_untied;
    /* By column: others may then be missing (columns.h), and scan.input is not filled. NULL:
     * all of them. */
    const bool *wanted;
    bool token_marks; /* with wanted: jwt.hash is a mark, as columns_new() says */
    /* Only these are asked for: seq, time, time.local_*, http.status and what the index
     * holds (judge_small). Other columns are then missing where the index answers. */
    bool small_only;
};

struct scan {
    struct trail *trail;
    const struct scan_filter *filter;
    const struct zone *zone;
    struct trail_range *range; /* where the rows can be, ascending */
    size_t ranges, cap, at;
    struct record_input input; /* of the record given last, unless small_only */
    struct index_file index;   /* small_only: of the segment of `group` */
    size_t segment, group;     /* of the map; SIZE_MAX: none */
    bool has_columns;
    struct index_columns columns;
    struct arena columns_arena;
    struct timestamp_hour hour;
    struct columns *parts;     /* with wanted */
    uint64_t unnamed; /* rows that the index does not name, so that they are read whole */
    uint64_t next;   /* seq */
    uint64_t untied; /* so far: of the period, open patient data but carry no number; only
                        where the filter asks for it */
    struct arena arena;
};

void scan_begin(struct scan *s, struct trail *t, const struct scan_filter *f,
                const struct zone *zone);
/* 1: *out is the next record, valid until the next call; 0: the end. */
int scan_next(struct scan *s, struct record *out, struct err *err);
void scan_end(struct scan *s);

#endif
