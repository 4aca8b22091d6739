/* guess.h - what a number of a block is guessed to be. Writer and reader come here, so
 * that they cannot differ. Pure. */
#ifndef TRAIL_GUESS_H
#define TRAIL_GUESS_H

#include "trail/model.h"

#define GUESS_ABSENT INT64_MIN

/* The value of one label in the row at hand, as those that are guessed from it need it. */
struct now {
    uint32_t row;    /* + 1: which row that is */
    uint32_t entry;  /* DICTIONARY_NONE: it has none */
    int64_t number;  /* GUESS_ABSENT: it has none */
    struct str text; /* at NULL: it has none */
};

/* What stands where the row has no such value. */
static const struct now now_absent = {0, DICTIONARY_NONE, GUESS_ABSENT, {NULL, 0}};

struct last_seen {
    uint32_t entry; /* + 1 */
    int64_t value;
};

/* A text as the number of that plan; false: it is none that prints the same again. */
bool guess_read(struct plan plan, struct str text, int64_t *number);

/* The number of that plan as text; at most LEAF_MOMENT_MAX bytes at `to`. */
struct str guess_print(struct plan plan, char *to, int64_t number);

struct guesser {
    struct plan plan;
    bool parent_moment;
    int64_t unit, parent_unit; /* in a second, of moments */
    int64_t last;              /* number, or for GUESS_SUM the sum, of the row before */
    struct last_seen *seen;    /* GUESS_SUCCESSOR, by entry of the parent */
};

/* `parent` is the plan of the label guessed from, NULL without one. The arena lives as long
 * as the guesser, which serves one block. */
void guess_begin(struct guesser *g, struct plan plan, const struct plan *parent,
                 struct arena *arena);
/* The guess, from the parent's value in the row; it may be absent. */
int64_t guess_number(const struct guesser *g, const struct now *parent);
/* The number of that row is this; rows come in ascending order. */
void guess_learn(struct guesser *g, const struct now *parent, int64_t number);

/* value - guess and back, for any two numbers. */
uint64_t guess_difference(int64_t value, int64_t guess);
int64_t guess_value(uint64_t difference, int64_t guess);

/* Does what the guess of this label is depend on the rows before? */
bool guess_chains(struct plan plan);

#endif
