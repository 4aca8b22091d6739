/* plan.h - decides how the values of each label are written, from those of one block:
 * their type, and from which other label of the row they are best guessed. Only size and
 * speed hang on it. Plans never form a circle, counted with the shapes that say in which
 * rows a label stands. */
#ifndef TRAIL_PLAN_H
#define TRAIL_PLAN_H

#include "trail/encoder.h"

/* A value of a label: a text, or with at NULL a number of a shape + 1 in len. */
struct cell {
    const char *at;
    uint32_t len, row;
};

struct cells {
    struct cell *at; /* by ascending row, a row at most once */
    uint32_t count, cap, next; /* next: to be written */
};

/* Is everything planned anew in the groups-th group? */
bool plan_is_due(uint64_t groups);
/* Has a label with a plan for the time being enough values in this block for a lasting one? */
bool plan_is_wanted(const struct model *m, const struct encoder *e);

/* At the first block of a group, the groups-th of the generation: plan what is new, and
 * now and then everything anew. True when plans may have changed. */
bool plan_group(struct model *m, const struct cells *cells, size_t rows, uint64_t groups);
/* At a later block: labels that have no plan yet get a provisional one. */
void plan_new(struct model *m, const struct cells *cells, size_t rows);

#endif
