/* guess.h - what a number of a block is guessed to be. Writer and reader come here, so
 * that they cannot differ. Pure. */
#ifndef TRAIL_GUESS_H
#define TRAIL_GUESS_H

#include "trail/model.h"

/* The values of one label in a block, by row of the block. Only what a label that depends
 * on it asks for is there. */
struct row_values {
    uint32_t *entry;    /* DICTIONARY_NONE: the row has none */
    int64_t *number;    /* GUESS_ABSENT: the row has none */
    struct str *text;   /* at NULL: the row has none */
};

#define GUESS_ABSENT INT64_MIN

/* Which of a parent's values a guess needs. */
enum { WANT_ENTRY = 1, WANT_NUMBER = 2, WANT_TEXT = 4 };
uint8_t guess_wants(enum guess g);
/* Make those values for that many rows, all of them absent. */
void row_values_make(struct row_values *v, uint8_t wanted, size_t rows, struct arena *arena);

struct last_seen {
    uint32_t entry; /* + 1 */
    int64_t value;
};

/* A text as the number of that plan; false: it is none that prints the same again. */
bool guess_read(struct plan plan, struct str text, int64_t *number);

struct guesser {
    struct plan plan;
    const struct row_values *parent;
    bool parent_moment;
    int64_t unit, parent_unit; /* in a second, of moments */
    int64_t last;              /* number, or for GUESS_SUM the sum, of the row before */
    struct last_seen *seen;    /* GUESS_SUCCESSOR, by entry of the parent */
};

/* The parent's values must be complete. The arena lives as long as the guesser. */
void guess_begin(struct guesser *g, const struct model *m, struct plan plan,
                 const struct row_values *parent, struct arena *arena);
int64_t guess_number(const struct guesser *g, size_t row);
/* The number of that row is this; rows come in ascending order. */
void guess_learn(struct guesser *g, size_t row, int64_t number);

/* value - guess and back, for any two numbers. */
uint64_t guess_difference(int64_t value, int64_t guess);
int64_t guess_value(uint64_t difference, int64_t guess);

#endif
