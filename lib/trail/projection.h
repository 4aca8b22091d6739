/* projection.h - the columns of a run of rows in a form that is read at once, so that what
 * is asked often need not be taken out of the evidence each time. It is no evidence: it can
 * be deleted, and is bound to the row groups that it was made of.
 *
 * Rows that agree in all columns of few values are of one class; a row is its class and the
 * codes of what else it has. A column is read when it is asked for.
 *
 *   0 "GPCP"   4 u16 version   6 u16 derivation (of the code that made it)
 *   8 u64 first seq   16 u32 rows   20 u32 classes   24 32 bytes: binding
 *  56 u32 columns   60 u32 CRC of the names of all columns that there can be
 *  64 for each column, and behind them for the classes: u16 number (classes: 65535), u8 way,
 *     u8 whether classes tell its value, u32 entries, u32 width of the stream, i64 base, u64
 *     unit, u64 bytes of the entries, u32 CRC of the entries, u32 of the stream
 *     u32 CRC of all before
 *     of each, in that order, the entries and the stream
 *
 * The entries of a column that is coded stand behind their lengths (varint): u8 kind and a
 * text, or a number in 8 bytes, or varint n and n texts behind their lengths. Those of the
 * classes: for each column a byte, whether it is missing (0), empty (1) or filled (2), u8
 * ingest.reject, and u32 the code of each that classes tell.
 *
 * A stream has for each row so many bytes: (value - base) / unit of a number, 0 where it is
 * missing; a code, of which 0 is missing; a class. Width 0: there is none. */
#ifndef TRAIL_PROJECTION_H
#define TRAIL_PROJECTION_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/zone.h"
#include "record/timestamp.h"

enum { PROJECTION_ROWS_MAX = 1 << 20 };

/* What is asked for. decides: classes should tell its value, if there are not too many.
 * filled: of the column only whether it is there, and whether it is empty; its value is then
 * some text. jwt.hash is told as a mark of eight bytes, the head of
 * the hash: equal tokens have the same, different ones nearly never. */
struct projection_want {
    bool column[COLUMN_COUNT], filled[COLUMN_COUNT], decides[COLUMN_COUNT];
};
/* Does the one hold what the other asks for? */
bool projection_want_holds(const struct projection_want *has,
                           const struct projection_want *want);

/* Is the column kept, and not worked out of others? */
bool projection_stores(const struct projection_want *want, enum column c);

/* ---- how columns are kept, for the one who makes it ---- */
enum { PROJECTION_VERSION = 2, PROJECTION_MARK_BYTES = 8,
       PROJECTION_DERIVATION = 1 /* raise it when a column is derived otherwise */ };
enum projection_way {
    PROJECTION_FILLED, /* states alone */
    PROJECTION_CODED,
    PROJECTION_PLAIN,  /* numbers of many values */
    PROJECTION_MARK
};
enum projection_state { PROJECTION_MISSING, PROJECTION_EMPTY, PROJECTION_THERE };
enum projection_way projection_way_of(const struct projection_want *want, enum column c);
/* Is it worked out of others? */
bool projection_made(enum column c);

/* What stands in its first bytes. */
enum { PROJECTION_HEAD = 64, PROJECTION_EACH = 44, PROJECTION_CLASSES = 65535,
       PROJECTION_LAYOUT_MAX = PROJECTION_HEAD + PROJECTION_EACH * (COLUMN_COUNT + 1) + 4 };
struct projection_column {
    uint16_t column;
    uint8_t way;
    bool narrow; /* classes tell its value */
    uint32_t entries, width;
    int64_t base;
    uint64_t unit, entry_bytes;
    uint32_t entry_crc, stream_crc;
    uint64_t at; /* where its entries begin */
};
struct projection_layout {
    uint64_t first_seq;
    uint32_t rows, classes, columns;
    uint8_t binding[HASH_BYTES];
    struct projection_column column[COLUMN_COUNT + 1]; /* the last: of the classes */
    uint64_t bytes; /* of the whole */
};
void projection_layout_put(struct buf *out, const struct projection_layout *l);
/* Out of the first bytes, PROJECTION_LAYOUT_MAX or all that there are; false: it is damaged,
 * or of another version. */
bool projection_layout_read(struct projection_layout *out, struct str bytes);
/* What columns it has. */
void projection_layout_want(struct projection_want *out, const struct projection_layout *l);

/* ---- reading one ---- */
struct projection;

/* Where its bytes come from. read() gives len of them from `at` on, which are there. */
struct projection_source {
    int (*read)(void *ctx, void *to, size_t len, uint64_t at, struct err *err);
    void *ctx;
    uint64_t size;
};

/* Numbers of values (value.same) in one run: a value has another in each projection. */
struct projection_numbers {
    uint32_t column[COLUMN_COUNT], class;
    uint32_t opened; /* how many projections */
};
/* Open one, whose source outlives it. Its numbers begin at those given, which go on behind
 * them. ERR_CORRUPT: it is damaged, or of another version. */
int projection_open(struct projection **out, const struct projection_source *from,
                    struct projection_numbers *n, struct err *err);
void projection_free(struct projection *p); /* NULL is allowed */
/* Read these columns, as far as it has them and they were not read yet. ERR_CORRUPT. */
int projection_load(struct projection *p, const bool column[COLUMN_COUNT], struct err *err);
const struct projection_layout *projection_layout(const struct projection *p);
/* 1 for the first that was opened with these numbers, and so on. */
uint32_t projection_serial(const struct projection *p);
/* The class of a row, a number over all projections of the run. */
uint32_t projection_class(const struct projection *p, uint32_t row);
/* The first row from there on whose class is not passed over; by class less the first one.
 * Behind the last: there is none. */
uint32_t projection_next(const struct projection *p, uint32_t row, const bool *passed);
uint32_t projection_class_first(const struct projection *p);
/* The mark of jwt.hash in a row, which was loaded; 0: none. */
uint64_t projection_mark(const struct projection *p, uint32_t row);
/* A number of many values, like the time, which was loaded; INT64_MIN: none. */
int64_t projection_integer(const struct projection *p, uint32_t row, enum column c);
/* The number of a value (value.same), whose column was loaded; 0: the row has none.
 * PROJECTION_SAME_NONE: the column has no numbers. */
#define PROJECTION_SAME_NONE UINT32_MAX
uint32_t projection_same(const struct projection *p, uint32_t row, enum column c);
/* The value itself, of such a column. */
const struct value *projection_value(const struct projection *p, uint32_t row, enum column c);
/* Is the value of the column the same in all rows of a class? Whether there is one, is for
 * each that it has. */
bool projection_decides(const struct projection *p, enum column c);
bool projection_has(const struct projection *p, enum column c);
/* How many different values the column has; two of this projection with different numbers
 * are never equal. */
uint32_t projection_entries(const struct projection *p, enum column c);

/* What PROJECTION_FEW fills: to be said once. */
void projection_choose(struct projection *p, const bool few[COLUMN_COUNT]);
/* CLASS: what all rows of the class have; a column that classes do not tell is some value
 * where there is one, or "". FEW: only those chosen, which were loaded; the others stay as
 * they are. */
enum projection_fill { PROJECTION_CLASS, PROJECTION_FEW };
/* The row, into what is all zero or was filled by p before. Its texts live as long as p,
 * those of local times as long as *hour says. */
void projection_fill(const struct projection *p, uint32_t row, enum projection_fill how,
                     struct record *out, struct timestamp_hour *hour, const struct zone *zone);
/* The few columns of that row, if there is one, will be asked for a little later. */
void projection_expect(const struct projection *p, uint32_t row);

#endif
