/* rows.h - the rows of a site's own CSV files (format "reference data"): read, checked, kept
 * with their validity in time, and found by their key. One thread. */
#ifndef ANALYZER_ROWS_H
#define ANALYZER_ROWS_H

#include "base/err.h"
#include "record/record.h"

/* One file each; the columns of those that are used. */
enum rows_kind {
    ROWS_ASID, ROWS_ORGANISATIONS, ROWS_STAFF, ROWS_PATIENTS, ROWS_WATCHLIST, ROWS_EVIDENCE,
    ROWS_COVERAGE, ROWS_CALENDAR, ROWS_PRODUCTS, ROWS_KINDS
};
enum { ROWS_COLUMNS = 12 };
enum { ASID_ODS = 1, ASID_PRODUCT = 2, ASID_NAME = 4, ASID_TYPE = 5 };
enum { ORG_NAME = 1, ORG_TYPE, ORG_PARENT, ORG_OPENS = 5, ORG_CLOSES, ORG_DAYS };
enum { CALENDAR_NAME = 1 };
enum { PRODUCT_ISS, PRODUCT_MODEL, PRODUCT_TREAT_AS };

struct row {
    struct str field[ROWS_COLUMNS];
    int64_t from_us, to_us; /* INT64_MIN, INT64_MAX: open */
    uint32_t before;        /* the row of the same key before this one, or none */
};

struct rows;

struct rows *rows_new(void);
void rows_free(struct rows *r); /* NULL is allowed */
/* The name of a kind's file, and whether anything goes by it yet. */
const char *rows_file(enum rows_kind kind, bool *used);
size_t rows_count(const struct rows *r, enum rows_kind kind);

/* Told of each row that is not taken. */
typedef void rows_fault(void *ctx, const char *file, size_t line, const char *column,
                        const char *why);

struct rows_source {
    const char *dir, *file;
    enum rows_kind kind;
    int64_t since_us; /* rows that say nothing else hold from then on: all ASIDs, and of
                       * organisations those that were listed before */
    rows_fault *fault; /* NULL: nobody is told */
    void *ctx;
    size_t rows, bad; /* the good ones and the others are added */
};
/* What was read before stays, behind what is read now; products are replaced. ERR_MISSING:
 * there is no such file. */
int rows_read(struct rows *r, struct rows_source *from, struct err *err);

/* Does the row hold at the time of the record? One without a time takes any. */
bool row_valid(const struct row *row, const struct record *at);
/* The latest row of that key which holds then; NULL: none. */
const struct row *rows_find(const struct rows *r, enum rows_kind kind, struct str key,
                            const struct record *at);
/* All of them, as they were read; rows_count() says how many. */
const struct row *rows_all(const struct rows *r, enum rows_kind kind);

#endif
