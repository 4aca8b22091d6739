/* scan.h - records that meet some conditions, in order of seq. The one place that decides
 * which rows a question is about; `analyzer query` and the SQL table both come here. */
#ifndef TRAIL_SCAN_H
#define TRAIL_SCAN_H

#include "record/timestamp.h"
#include "trail/answers.h"
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
    /* Of those the ones that are wanted for certain; NULL: all of them. Where the index has
     * these, the others are read when scan_complete() asks for them. */
    const bool *surely;
    bool token_marks; /* with wanted: jwt.hash is a mark, as columns_new() says */
};

/* A row that the index found, with what it says of it. */
struct scan_found {
    uint64_t seq;
    struct posting posting;
};

struct scan {
    struct trail *trail;
    const struct scan_filter *filter;
    const struct zone *zone;
    struct trail_range *range; /* where the rows can be, ascending */
    size_t ranges, cap, at;
    struct record_input input; /* of the record given last, where no columns are wanted */
    struct columns *parts;     /* with wanted */
    uint64_t unnamed; /* rows that the index does not name, so that they are read whole */
    uint64_t next;   /* seq */
    uint64_t untied; /* so far: of the period, open patient data but carry no number; only
                        where the filter asks for it */
    struct arena arena;
    /* Of answers from the index: */
    bool by_index;           /* it has all columns that are wanted */
    bool keyed, wants_patient;
    struct scan_found *found; /* by seq */
    size_t founds, found_cap, found_at;
    struct index_file index; /* of the segment of `group` */
    size_t segment, group;   /* of the map; SIZE_MAX: none */
    const struct index_entry *entry; /* of the group; NULL: it is read */
    struct answers_small *small;
    size_t smalls;
    uint64_t *patient;       /* by place */
    struct posting *posting; /* by row, where no key is asked for */
    struct arena group_arena;
    struct timestamp_hour hour;
};

void scan_begin(struct scan *s, struct trail *t, const struct scan_filter *f,
                const struct zone *zone);
/* 1: *out is the next record, valid until the next call; 0: the end. */
int scan_next(struct scan *s, struct record *out, struct err *err);
/* Read the record at hand with all columns that are wanted, and from now on each. */
int scan_complete(struct scan *s, struct record *out, struct err *err);
void scan_end(struct scan *s);

#endif
