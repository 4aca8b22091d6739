/* counted.h - the rows of a scan by the values of a few columns: equal rows once, with their
 * number, in order. For columns of few distinct values, as the index holds them: the memory
 * it takes grows with the combinations that there are, not with the rows. One thread. */
#ifndef TRAIL_COUNTED_H
#define TRAIL_COUNTED_H

#include "base/dictionary.h"
#include "trail/scan.h"

struct counted_order {
    enum column column;
    bool down;
};

struct counted_row {
    struct value *value; /* by column asked for */
    uint64_t count;
};

/* Zero-initialise; counted_release() frees. */
struct counted {
    enum column column[COLUMN_COUNT];
    bool masked[COLUMN_COUNT]; /* by place in column */
    size_t columns;
    struct counted_row *row; /* in order */
    size_t rows, cap;
    struct arena arena;
};

/* Can it be counted by that column? */
bool counted_has(enum column c);

/* All rows that the scan still gives, by those of the columns wanted that counted_has(), masked
 * as they are shown without reveal; in the order of SQLite: missing, numbers, texts by their
 * bytes. stop is asked now
 * and then; when it says so the error is ERR_LIMIT. */
int counted_take(struct counted *c, struct scan *s, const bool wanted[COLUMN_COUNT],
                 bool reveal, const struct counted_order *order, size_t orders,
                 bool (*stop)(const void *ctx), const void *ctx, struct err *err);
/* The columns of that row; the others are missing. */
void counted_fill(const struct counted *c, size_t row, struct record *out);
void counted_release(struct counted *c);

#endif
