/* indexing.h - entries of the index (index.h) in the making: the rows of one group, and the
 * names that its segment has met. One thread. */
#ifndef TRAIL_INDEXING_H
#define TRAIL_INDEXING_H

#include "trail/index.h"

/* The texts of users, organisations and practices of one file. Zero-initialise. */
struct indexed_names {
    struct dictionary text[POSTINGS_NAMES];
    struct arena arena;
};
void indexed_names_release(struct indexed_names *n);
/* All texts of a file that grows on. */
int indexed_names_take(struct indexed_names *n, struct index_file *f, struct err *err);

struct indexed_row {
    uint64_t patient; /* scattered, + 1; 0: none */
    bool has_time, untied, odd;
    uint16_t small;
    uint32_t name[POSTINGS_NAMES]; /* numbers in the group's own texts, + 1 */
    int64_t time_us;
};
/* The rows of a group. Zero-initialise. */
struct indexed_group {
    struct indexed_row *row; /* room for LIMIT_GROUP_ROWS */
    struct dictionary small;  /* combinations of small columns */
    struct dictionary text[POSTINGS_NAMES];
    struct arena texts;
    struct buf bytes; /* of the combination at hand */
};
void indexed_group_release(struct indexed_group *x);
/* Forget the rows, for another group. */
void indexed_group_restart(struct indexed_group *x);
/* Row `at` of the group, from 0 on, in order. */
void indexed_group_row(struct indexed_group *x, size_t at, const struct judgement *j);
/* Append the entry of the group to out; names grows by what is new. The next group can
 * begin. */
void indexed_group_encode(struct buf *out, struct indexed_group *x, struct indexed_names *names,
                          const struct group *g);

#endif
