/* encoder.h - the values of one block on their way into streams, row by row.
 *
 * What a row holds is given label by label, in any order; then the row is written, a label
 * behind the one that it is guessed from. So a value is looked at while it is still near,
 * and no label needs more of another than its value in the same row. decoder.c is the other
 * direction. One thread. */
#ifndef TRAIL_ENCODER_H
#define TRAIL_ENCODER_H

#include "trail/guess.h"
#include "trail/model.h"
#include "trail/stream.h"

enum { ENCODER_RIVALS = 4096, ENCODER_LOOKS = 16,
       ENCODER_ROW = SHAPE_KINDS * SHAPE_LEAVES + LABEL_FIRST_NAMED };

/* The values of one label in the block: what each value needs, in one line of the cache. */
struct encoded {
    struct now now;  /* its text is there as soon as it is given; a shape: its number + 1 as
                        length of NULL */
    uint32_t given;  /* the row, + 1, that has this value */
    uint32_t cells, last_miss, codes;
    uint32_t next;   /* entry of the next new value */
    struct plan plan;
    uint16_t place; /* among what follows from its parent */
    bool any_new;
};
_Static_assert(sizeof(struct encoded) == 64, "one line of the cache");

/* And what those need that are not as guessed. */
struct unguessed {
    struct buf miss, raw_len, raw, fixed;
    uint32_t first_new; /* entry of the first new value */
    uint32_t code_cap, value_cap;
    uint64_t *code;  /* codes of entries, differences of numbers */
    int64_t *value;  /* numbers: themselves; GUESS_ABSENT: `odd` holds the text */
    struct str *odd;
    uint32_t odds, odd_cap;
    uint16_t bytes[STREAM_PLANES + 1]; /* how many differences need that many bytes */
    struct guesser guess;
};

/* A value that did not follow from its parent as another one does. */
struct rival {
    uint32_t parent, value, misses;
    uint16_t label;
};

/* A label whose values are most often looked for among many entries. */
struct look {
    uint32_t hash; /* of its value in the row at hand */
    uint16_t label;
    bool given;
};

struct encoder {
    struct model *model;
    struct encoded *column; /* by label */
    struct unguessed *rest; /* by label */
    size_t columns;
    uint32_t row;           /* at hand, + 1 */
    uint16_t list[ENCODER_ROW]; /* labels given in it */
    size_t listed;
    struct look look[ENCODER_LOOKS];
    size_t looks;
    struct arena arena;     /* of the block */
    struct rival rival[ENCODER_RIVALS];
};

void encoder_init(struct encoder *e, struct model *m);
void encoder_release(struct encoder *e);
/* Make room for the labels that the model has got since. */
void encoder_fit(struct encoder *e);

/* A block begins, with the plans that the labels have now. */
void encoder_begin(struct encoder *e);
/* A label that has got its plan since then. */
void encoder_begin_label(struct encoder *e, uint16_t label);

/* The row at hand has this value; at NULL: len is the number of a shape + 1. The bytes stay
 * where they are until the block is finished. */
static inline void encoder_give(struct encoder *e, uint16_t label, const char *at,
                                uint32_t len)
{
    struct encoded *c = &e->column[label];

    c->given = e->row;
    c->now.text = (struct str){at, len};
    e->list[e->listed++] = label;
}

/* The row at hand is written a little later: let what it looks for come into the cache, by
 * the steps of dictionary_expect(). Nothing but time hangs on it. */
void encoder_expect(struct encoder *e, int step);
/* Write what was given of the row, the number of it in the block. */
void encoder_row(struct encoder *e);
/* The streams of the block. */
void encoder_finish(struct encoder *e, struct streams *out);

/* Between groups: what followed wrongly often enough in the last one follows anew; with
 * forget nothing does, as plans have changed. */
void encoder_move_rivals(struct encoder *e, bool forget);

#endif
