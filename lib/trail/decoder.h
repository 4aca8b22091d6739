/* decoder.h - the values of one block on their way out of streams, row by row; the other
 * direction of encoder.c.
 *
 * The shapes of a row say which labels it has. A value is read when it is asked for, behind
 * the one that it is guessed from; a row that nobody asks for is passed by counting, and
 * only what later guesses hang on is read in it. One thread. */
#ifndef TRAIL_DECODER_H
#define TRAIL_DECODER_H

#include "base/cursor.h"
#include "trail/guess.h"
#include "trail/leaf.h"
#include "trail/stream.h"

/* The values of one label in the block: what each value needs, in one line of the cache. */
struct decoded {
    struct now now;  /* of a number its text only once it was asked for */
    uint32_t here;   /* the last row, + 1, that has the label */
    uint32_t cells;  /* so far */
    uint32_t cell;   /* the next one in the streams */
    uint32_t next_miss; /* cell that differs from the guess; UINT32_MAX: none */
    struct plan plan;
    uint16_t place;  /* among what follows from its parent */
    uint8_t kind;    /* the shapes that say in which rows it stands */
    bool open, needed; /* needed: to be read in every row */
};
_Static_assert(sizeof(struct decoded) <= 64, "one line of the cache");

/* And what those need that are not as guessed. */
struct undecoded {
    struct cursor miss, raw_len, raw, fixed;
    const uint64_t *code;
    size_t codes, code_at;
    uint32_t next;   /* entry that the next "new one" has */
    struct guesser guess;
    char text[LEAF_UUID_TEXT + LEAF_MOMENT_MAX]; /* of a number or UUID */
};

/* A shape of rows that were passed: how many since its labels' cells were counted, and those
 * of its labels that are read in every row. */
struct passed {
    uint32_t shape; /* its number + 1; 0: none */
    uint32_t rows;
    uint16_t *needed;
    size_t count;
};
enum { DECODER_PASSED = 64 };

struct decoder {
    const struct model *model;
    struct streams streams;
    struct decoded *column; /* by label */
    struct undecoded *rest; /* by label */
    uint32_t row;           /* at hand, + 1 */
    uint32_t resolved[SHAPE_KINDS]; /* the row, + 1, for which `shape` is known */
    uint32_t shape[SHAPE_KINDS];    /* number + 1, or 0 */
    struct passed passed[DECODER_PASSED]; /* by the low bits of the number */
    struct passed *listing; /* whose labels are being listed */
    uint32_t times;         /* cells being counted of each label */
    bool owes;              /* cells of rows that were passed are not counted yet */
    bool bad;               /* the streams contradict, or: */
    struct err failure;     /* with code < 0, why a stream or text could not be had */
    struct arena *arena;
};

/* packed: what follows the codec. *rows: how many there are. The arena outlives the decoder. */
int decoder_begin(struct decoder *d, struct str packed, const struct model *m, size_t *rows,
                  struct arena *arena, struct err *err);
/* Go to the next row, the first at first. */
void decoder_row(struct decoder *d);
/* Its shape of that kind; NULL: none. */
const struct shape *decoder_shape(struct decoder *d, enum shape_kind kind);
/* Its value of a label that its shapes have; valid until the next row. */
struct str decoder_text(struct decoder *d, uint16_t label);
/* The same with its number in the label's dictionary, where it has one; its text may be
 * written only when decoder_text() asks for it. */
const struct now *decoder_value(struct decoder *d, uint16_t label);
/* What is wrong with the block, where something is: its code. */
int decoder_error(const struct decoder *d, struct err *err);
/* Pass the row. */
void decoder_pass(struct decoder *d);
/* False when something is left behind the last row, or was wrong before. */
bool decoder_end(const struct decoder *d);

#endif
