/* answers.h - what an index (index.h) says of the rows of a group: which are of a key, and what
 * stands in their columns. After ERR_CORRUPT the group is read. */
#ifndef TRAIL_ANSWERS_H
#define TRAIL_ANSWERS_H

#include "trail/index.h"

/* What is searched for, in the terms of one file. */
struct answers_want {
    enum index_key key;
    bool nobody;      /* it is in no row whose columns the index has */
    uint64_t patient; /* scattered */
    uint32_t *number; /* of names; in the arena. Organisations and practices are equal but for
                         case */
    size_t numbers;
    bool doubt; /* texts could not be read: it may be in any row */
};
void answers_want(struct answers_want *w, struct index_file *f, enum index_key key,
                  struct str text, struct arena *arena);
/* The rows of the group that are of that key, and the odd ones, which may be; *n is their
 * number. out has room for all rows. ERR_CORRUPT: use the group whole. */
int answers_find(struct index_file *f, const struct index_entry *e,
                 const struct answers_want *w, struct posting *out, size_t *n,
                 struct err *err);
/* All rows, each at its place. */
int answers_all(struct index_file *f, const struct index_entry *e, struct posting *out,
                struct err *err);
/* The rows in one of the two lists of rows. row has room for all. */
int answers_rows(struct index_file *f, const struct index_entry *e, enum index_list list,
                 uint32_t *row, size_t *rows, struct err *err);

/* The small columns of rows by number; texts in the arena. */
struct answers_small {
    bool has_status;
    int64_t status;
    struct value value[JUDGE_SMALL];
};
int answers_smalls(struct index_file *f, const struct index_entry *e,
                   struct answers_small **small, size_t *n, struct arena *arena,
                   struct err *err);
/* The patients of the group by place, scattered; their number is index_patients_count(). */
int answers_patients(struct index_file *f, const struct index_entry *e, uint64_t **patient,
                     struct arena *arena, struct err *err);

#endif
